"""What can be said of the images without building them."""

import os
import re
import shutil
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePath
from threading import Thread

import pytest
import yaml

from service.web.settings import Settings

ROOT = Path(__file__).parent.parent
NIGHTLY = ROOT / "docker" / "nightly"
DEADLINE = 60  # seconds, on a machine that has other things to do
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE_FILE = (ROOT / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_FILE)

needs_gnu_date = pytest.mark.skipif(sys.platform != "linux", reason="the images are Linux")

# Stand in for programs. The command line: a model is published where the file `published` says when
# it was made. The clock: the first line of the file `clock` says the time; a nap takes a line away.
STAND_INS = {
    "item2vec": """
        case $1 in
            models) test -e published && echo "{\\"items\\": 3, \\"created\\":" \\
                "\\"$(cat published)\\"}" ;;
            retrain) echo training; eval "$RETRAIN" ;;
        esac
    """,
    "date": f"""
        case " $* " in *" -d "*) exec {shutil.which("date")} "$@" ;; esac
        test ! -e clock || set -- -d "$(head -n 1 clock)" "$@"
        exec {shutil.which("date")} "$@"
    """,
    "sleep": f"""
        test ! -e clock || sed -i 1d clock
        test -s clock || exec {shutil.which("sleep")} "$@"
    """,
}
PUBLISH = "date -u +%FT%TZ >published"


@pytest.fixture
def world(tmp_path):
    """Runs `nightly` in an empty directory, where `retrain` is a line of shell."""
    for name, script in STAND_INS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}")
        (tmp_path / name).chmod(0o755)

    def start(*arguments, retrain=PUBLISH, at="03:00", **variables):
        path = f"{tmp_path}:{os.environ['PATH']}"
        environment = {"PATH": path, "TMPDIR": str(tmp_path), "RETRAIN": retrain, "NIGHTLY_AT": at}
        return subprocess.Popen(
            [NIGHTLY, *arguments],
            cwd=tmp_path,
            env=environment | variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    return start


def set_clock(directory, *times, model):
    """What the clock says at first and after each nap, beside a model that was made at a time."""
    (directory / "clock").write_text("".join(f"{time}\n" for time in times))
    (directory / "published").write_text(model)


def read_until(process, text):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} is not in {lines}")


def end(process, how=signal.SIGTERM):
    process.send_signal(how)
    return process.wait(DEADLINE)


@needs_gnu_date
def test_the_job_trains_at_once_where_no_model_is_published(world):
    with world() as job:
        said = read_until(job, "next at")
        end(job)
    assert "exit code 0 (published)" in said
    assert re.search(r"next at \d{4}-\d\d-\d\d 03:00 UTC", said)


@needs_gnu_date
def test_the_job_waits_where_a_model_is_published(world, tmp_path):
    (tmp_path / "published").write_text("2026-11-21T22:01:45Z")
    with world() as job:
        said = read_until(job, "next at")
        end(job)
    assert "retrain" not in said


@needs_gnu_date
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_job_while_it_trains(world, how):
    with world(retrain="exec sleep 60") as job:
        read_until(job, "training")
        assert end(job, how) == 0


@needs_gnu_date
@pytest.mark.parametrize(("code", "health"), [(0, 0), (1, 1), (2, 1), (3, 1)])
def test_only_a_failed_retraining_is_unhealthy(world, code, health):
    with world(retrain=f"exit {code}") as job:
        read_until(job, "next ")
        with world("health") as check:
            exit_code = check.wait(DEADLINE)
        end(job)
    assert exit_code == health


SPRING = ["03-29T00:50Z", "03-29T00:59Z", "03-29T01:00Z", "03-30T00:29Z", "03-30T00:30Z"]
AUTUMN = ["10-24T23:50Z", "10-25T00:30Z", "10-25T01:30Z", "10-26T01:29Z", "10-26T01:30Z"]


@needs_gnu_date
@pytest.mark.parametrize(
    ("clock", "expected"),
    [(SPRING, ["03-29T01:00", "03-30T00:30"]), (AUTUMN, ["10-25T00:30", "10-26T01:30"])],
    ids=["the hour is left out", "the hour comes twice"],
)
def test_the_job_runs_once_a_night_when_the_clocks_change(world, tmp_path, clock, expected):
    clock = [f"2026-{time}" for time in clock]
    set_clock(tmp_path, *clock, model=clock[0])
    with world(at="02:30", NIGHTLY_ZONE="Europe/Berlin") as job:
        said = "".join(read_until(job, "exit code 0") for _ in expected)
        end(job)
    assert re.findall(r"2026-(\S+):00Z nightly: item2vec retrain", said) == expected
    assert "missed" not in said


@needs_gnu_date
def test_the_zone_is_that_of_the_machine_where_none_is_named(world, tmp_path):
    set_clock(tmp_path, "2026-07-01T12:00:00Z", model="2026-07-01T12:00:00Z")
    with world(TZ="Asia/Tokyo") as job:
        said = read_until(job, "next at")
        end(job)
    assert "next at 2026-07-02 03:00 Asia/Tokyo" in said


@needs_gnu_date
def test_an_unknown_zone_is_refused(world):
    with world(NIGHTLY_ZONE="Europe/Bonn") as job:
        assert "Europe/Bonn" in job.stdout.read()
    assert job.returncode == 2


@needs_gnu_date
def test_runs_that_the_one_before_overlaps_are_said(world, tmp_path):
    set_clock(tmp_path, "2026-07-01T02:59Z", "2026-07-01T03:00Z", model="2026-07-01T00:00Z")
    with world(retrain=f"echo 2026-07-03T10:00Z >clock; {PUBLISH}") as job:
        read_until(job, "exit code 0")
        said = read_until(job, "next at")
        end(job)
    assert "missed the run of 2026-07-02 03:00: the one before had not ended" in said
    assert "missed the run of 2026-07-03 03:00: the one before had not ended" in said
    assert "next at 2026-07-04 03:00 UTC" in said


@needs_gnu_date
def test_runs_that_a_sleeping_machine_missed_are_said_and_the_last_is_caught_up(world, tmp_path):
    set_clock(tmp_path, "2026-07-01T12:00Z", "2026-07-04T09:00Z", model="2026-07-01T12:00Z")
    with world() as job:
        said = read_until(job, "exit code 0")
        end(job)
    assert re.findall(r"missed the run of (\S+)", said) == ["2026-07-02", "2026-07-03"]
    assert "2026-07-04T09:00:00Z nightly: item2vec retrain" in said


@needs_gnu_date
def test_a_run_that_was_due_before_the_job_started_is_said(world, tmp_path):
    set_clock(tmp_path, "2026-07-05T12:00:00Z", model="2026-07-04T03:01:00Z")
    with world() as job:
        said = read_until(job, "next at")
        end(job)
    assert "missed the run of 2026-07-05 03:00" in said
    assert "the model is of 2026-07-04 03:01" in said


@needs_gnu_date
@pytest.mark.parametrize("at", ["3:00", "24:00", "03:60", "noon"])
def test_an_impossible_time_is_refused(world, at):
    with world(at=at) as job:
        assert at in job.stdout.read()
    assert job.returncode == 2


def test_compose_builds_stages_of_the_dockerfile():
    stages = set(re.findall(r"^FROM .* AS (\S+)$", DOCKERFILE, re.MULTILINE))
    targets = [service["build"]["target"] for service in COMPOSE["services"].values()]
    assert targets == ["serve", "train"]
    assert stages.issuperset(targets)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_compose_limits_what_a_container_may_do_and_take(name):
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["logging"]["driver"] == "json-file"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_compose_explains_every_variable_that_it_reads():
    read = set(re.findall(r"\$\{(\w+):-", COMPOSE_FILE))
    header = COMPOSE_FILE.partition("x-locked")[0]
    assert {"DATA", "CONFIG", "NIGHTLY_ZONE"} <= read
    assert {name for name in read if name not in header} == set()


def test_the_settings_that_compose_names_exist():
    of_the_service = COMPOSE_FILE.partition("  nightly:")[0]
    named = set(re.findall(r"ITEM2VEC_(\w+):", of_the_service))
    assert {"WORKERS", "API_KEYS"} <= named
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_compose_judges_the_service_by_whether_it_can_answer(status, code):
    asked = []

    class Stub(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    kind, *command = COMPOSE["services"]["service"]["healthcheck"]["test"]
    assert kind == "CMD"
    with HTTPServer(("127.0.0.1", 0), Stub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        command = [part.replace("127.0.0.1:8000", address) for part in command]
        done = subprocess.run([sys.executable, *command[1:]], capture_output=True, check=False)
        server.shutdown()
    assert done.returncode == code
    assert asked == ["/readyz"]


def test_everything_copied_into_the_images_exists():
    copies = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.*) \S+$", DOCKERFILE, re.MULTILINE)
    sources = " ".join(copies).split()
    assert "docker/nightly" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text()
    sent = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    assert [source for source in sources if not any(map(PurePath(source).match, sent))] == []
