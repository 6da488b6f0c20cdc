"""What `item2vec retrain` leaves behind for whoever watches over it, and whom it tells."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from service.model.errors import Item2VecError, RefusedError
from service.model.nights import Nights
from service.model.store import Store
from tests.conftest import Result
from tests.jobs.conftest import DATA
from tests.shell import ENVIRONMENT, ITEM2VEC, wait_until
from trainer.jobs import notify
from trainer.jobs import retrain as job

SETTINGS = f"""{DATA}
[training]
vector_size = 8
epochs = 1
workers = 1
"""
Run = Callable[..., Result]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def retrain(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(job, "retrain", retrain)


def configure(**settings: object) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    Path("item2vec.toml").write_text("\n".join([SETTINGS, "[notify]", *lines]))


def noted() -> list[tuple[str, int, str | None]]:
    return [(run.outcome, run.exit_code, run.version) for run in Nights(Path("models")).runs()]


# The record


def test_a_run_that_publishes_is_noted(run: Run):
    before = datetime.now(UTC)
    assert run("retrain").code == 0
    (night,) = Nights(Path("models")).runs()
    store = Store(Path("models"))
    assert before <= night.started < night.ended <= datetime.now(UTC)
    assert (night.outcome, night.exit_code, night.version) == ("published", 0, store.current())
    assert night.why == store.manifest(store.current()).verdict


def test_bad_input_is_noted_in_the_words_of_the_error(run: Run):
    result = run("retrain", "--item", "sku")
    (night,) = Nights(Path("models")).runs()
    assert (night.outcome, night.exit_code, night.version) == ("failed", 2, None)
    assert result.error == f"error: {night.why}"
    assert "no column 'sku'" in night.why


@pytest.mark.parametrize(
    ("error", "night", "why"),
    [
        (
            RefusedError("half the items are gone", "Mend the log", "v7"),
            ("refused", 3, "v7"),
            "half the items are gone",
        ),
        (Item2VecError("diverged"), ("failed", 1, None), "diverged"),
        (OSError(28, "No space left", "x.npy"), ("failed", 1, None), "x.npy: No space left"),
        (KeyboardInterrupt(), ("failed", 130, None), "stopped by SIGINT"),
        (SystemExit(143), ("failed", 143, None), "stopped by SIGTERM"),
        (ZeroDivisionError("two\nlines"), ("failed", 1, None), "ZeroDivisionError: two lines"),
    ],
)
def test_every_other_end_is_noted_and_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, night: object, why: str
):
    fail_with(monkeypatch, error)
    if isinstance(error, ZeroDivisionError):
        with pytest.raises(ZeroDivisionError):
            run("retrain")
    else:
        assert run("retrain").code == night[1]
    assert noted() == [night]
    assert Nights(Path("models")).runs()[0].why == why


def test_a_run_that_meets_another_is_not_a_night_of_its_own(run: Run):
    with Store(Path("models")).job():
        result = run("retrain")
    assert result.code == 1
    assert "another retraining job is running" in result.error
    assert noted() == []


def test_a_run_that_is_terminated_is_noted():
    Path("item2vec.toml").write_text(SETTINGS.replace("epochs = 1", "epochs = 100000000"))
    with Path("progress").open("w") as progress:
        process = subprocess.Popen([*ITEM2VEC, "retrain"], env=ENVIRONMENT, stderr=progress)
    wait_until(lambda: "epoch 1/" in Path("progress").read_text(), "the training")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 143
    assert noted() == [("failed", 143, None)]


def test_other_commands_and_runs_that_were_not_needed_are_not_noted(run: Run):
    assert run("train").code == 0
    assert noted() == []
    assert run("retrain").code == 0
    assert run("retrain", "--if-changed").out.startswith("version")
    assert len(noted()) == 1


def test_where_nothing_can_be_noted_the_error_is_that_of_the_job(run: Run):
    Path("taken").write_text("")
    result = run("retrain", "--models", "taken")
    assert result.code == 1
    assert "warning: this run is not noted everywhere: " in result.err
    assert "taken" in result.error


def test_the_runs_are_listed(run: Run):
    assert run("models", "nights").out == "no retraining has been noted yet\n"
    assert run("models", "nights", "--json").json == []
    run("retrain", "--where", "item = 'gold'")
    run("retrain")
    version = Store(Path("models")).current()
    first, second = run("models", "nights", "--json").json
    assert (first["outcome"], first["exit_code"], first["version"]) == ("failed", 2, None)
    assert (second["outcome"], second["exit_code"], second["version"]) == ("published", 0, version)
    table = run("models", "nights").words
    assert table.startswith("started minutes outcome version exit code why")
    assert f"published {version} 0 {second['why']}" in table
    assert f"failed - 2 {first['why']}" in table


# A command that is told


def test_a_command_gets_the_run_on_its_input_and_in_variables(run: Run):
    configure(command='cat > told.json; printf "%s|" "$NIGHT_OUTCOME" "$NIGHT_WHY" > told.txt')
    result = run("retrain", "--item", "sku")
    assert result.code == 2
    told = json.loads(Path("told.json").read_text())
    (night,) = Nights(Path("models")).runs()
    assert told == {
        **night.model_dump(mode="json", exclude={"figures"}),
        "models": str(Path("models").resolve()),
        "text": f"item2vec retrain failed: {night.why}",
    }
    assert Path("told.txt").read_text() == f"failed|{night.why}|"
    assert "warning: notify" not in result.err


def test_by_default_a_command_is_told_of_what_was_refused_or_failed(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    configure(command="echo $NIGHT_OUTCOME >> told")
    assert run("retrain").code == 0
    assert not Path("told").exists()
    run("retrain", "--item", "sku")
    fail_with(monkeypatch, RefusedError("worse", "Mend the log"))
    run("retrain")
    assert Path("told").read_text().split() == ["failed", "refused"]


def test_a_command_can_be_told_of_what_was_published(run: Run):
    configure(command="echo $NIGHT_VERSION >> told", on="published")
    assert run("retrain").code == 0
    assert Path("told").read_text().strip() == Store(Path("models")).current()
    assert run("retrain", "--item", "sku").code == 2
    assert len(Path("told").read_text().split()) == 1


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("exit 7", "ended with exit code 7"),
        ("no-such-program 2> /dev/null", "ended with exit code 127"),
        ("(sleep 60; touch late) & sleep 60", "was stopped: it took more than 0.2 s"),
    ],
)
def test_a_command_that_fails_is_noted_and_changes_nothing(run: Run, command: str, problem: str):
    configure(command=command, on=["published"], seconds=0.2)
    started = time.monotonic()
    result = run("retrain")
    assert result.code == 0
    assert result.out.startswith("published version")
    assert f"warning: notify.command {problem}" in result.err
    assert time.monotonic() - started < 30


def test_a_command_that_is_stopped_leaves_nothing_running(run: Run):
    configure(command="sleep 60 & echo $! > child; wait", seconds=0.5)
    run("retrain", "--item", "sku")
    child = int(Path("child").read_text())
    wait_until(lambda: not is_running(child), "its child")


def is_running(process: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


# A web address that is told


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers with the next of the statuses, the last one forever."""

    posts: ClassVar[list[tuple[str, str, dict[str, object]]]]
    statuses: ClassVar[list[int]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.path, self.headers["Content-Type"], json.loads(body)))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            time.sleep(2)
            return
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.posts.append(("a redirect was followed", "", {}))

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that answers 200."""
    monkeypatch.setattr(notify, "SECONDS_BEFORE_RETRY", 0)
    Receiver.posts, Receiver.statuses = [], [200]
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook?secret=1"
        server.shutdown()
        thread.join()


def test_the_run_is_posted_as_json(run: Run, address: str):
    configure(webhook=address)
    result = run("retrain", "--item", "sku")
    assert result.code == 2
    assert "warning: notify" not in result.err
    ((path, content_type, told),) = Receiver.posts
    assert (path, content_type) == ("/hook?secret=1", "application/json")
    assert (told["outcome"], told["exit_code"]) == ("failed", 2)
    assert told["text"] == f"item2vec retrain failed: {told['why']}"


def test_a_post_that_fails_is_sent_once_more(run: Run, address: str):
    configure(webhook=address)
    Receiver.statuses = [503, 200]
    assert "warning: notify" not in run("retrain", "--item", "sku").err
    assert [told["outcome"] for _, _, told in Receiver.posts] == ["failed", "failed"]


@pytest.mark.parametrize(
    ("status", "problem"),
    [(500, "it answered 500"), (302, "it answered 302"), (0, "timed out")],
)
def test_a_post_that_fails_twice_is_noted_and_changes_nothing(
    run: Run, address: str, status: int, problem: str
):
    configure(webhook=address, on=["published"], seconds=0.3)
    Receiver.statuses = [status]
    result = run("retrain")
    assert result.code == 0
    assert f"warning: notify.webhook failed twice: {problem}" in result.err
    assert "secret" not in result.err
    assert [path for path, _, _ in Receiver.posts] == ["/hook?secret=1"] * 2


def test_an_address_where_nobody_listens_is_noted(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notify, "SECONDS_BEFORE_RETRY", 0)
    configure(webhook="http://127.0.0.1:1/secret")
    result = run("retrain", "--item", "sku")
    assert result.code == 2
    assert "warning: notify.webhook failed twice: [Errno 111] Connection refused" in result.err
    assert "secret" not in result.err


# Settings


@pytest.mark.parametrize("address", ["hooks.example/secret", "ftp://h/secret", "https://h/se cret"])
def test_an_address_that_is_none_is_refused_without_repeating_it(run: Run, address: str):
    configure(webhook=address)
    result = run("retrain")
    assert result.code == 2
    assert "[notify] `webhook` should be written as https://" in result.error
    assert "secret" not in result.err


def test_an_unknown_outcome_is_refused(run: Run):
    configure(on=["lost"])
    assert "notify.on = 'lost'" in run("retrain").error


def test_neither_the_settings_shown_nor_the_manifest_hold_the_address(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ITEM2VEC_NOTIFY__WEBHOOK", "https://hooks.example/secret")
    monkeypatch.setenv("ITEM2VEC_NOTIFY__COMMAND", "mail -s secret me@example.org")
    shown = run("config", "show").out + run("config", "show", "--json").out
    assert "notify.webhook" in shown
    assert run("retrain").code == 0
    assert "secret" not in shown + json.dumps(run("models", "show").json)
