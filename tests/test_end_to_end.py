"""What a user does, from the shell: the README's commands, and killing things."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

import httpx
import pytest

from service.model.store import Store

ROOT = Path(__file__).parent.parent
ITEM2VEC = [sys.executable, "-m", "trainer"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEADLINE = 60

uncompiled = os.environ.get("NUMBA_DISABLE_JIT") == "1"
pytestmark = pytest.mark.skipif(uncompiled, reason="the sample takes hours with the JIT off")


def run(*command, cwd, check=True, **environment):
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=check,
        timeout=170,
    )


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE} s for {what}"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A directory as a user has it: configuration, data, and a model published with defaults."""
    directory = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "item2vec.toml", directory)
    (directory / "data").symlink_to(ROOT / "data")
    run(*ITEM2VEC, "retrain", cwd=directory)
    return directory


@pytest.fixture(scope="module")
def address(project):
    """The service over that model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [*ITEM2VEC, "serve", "--port", str(port), "--poll-seconds", "0.1"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: is_ready(address), "the service")
    yield address
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=DEADLINE) in (0, -signal.SIGTERM)


def is_ready(address):
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def readme_blocks(program):
    """What is typed in each block of the README, the lines that start with a program."""
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    typed = [re.findall(rf"^\$ ({program} .*)$", block, re.MULTILINE) for block in blocks]
    return [lines for lines in typed if lines]


@pytest.mark.parametrize("command", list(chain(*readme_blocks("curl"))))
def test_the_curl_lines_of_the_readme_answer(command, address):
    words = shlex.split(command.replace("http://127.0.0.1:8000", address))
    result = run(*words, "--fail-with-body", cwd=ROOT)
    if not command.endswith("metrics"):
        assert json.loads(result.stdout)


@pytest.mark.parametrize("lines", readme_blocks("item2vec"), ids=lambda lines: lines[0][:40])
def test_the_item2vec_lines_of_the_readme_work(lines, project, tmp_path):
    shutil.copytree(project / "models", tmp_path / "models")
    shutil.copy(project / "item2vec.toml", tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        if words[0] in ("train", "retrain", "evaluate", "tune"):
            words += ["--epochs", "1"]
        if words[0] in ("evaluate", "tune"):
            words += ["--max-cases", "200"]
        if words[0] == "tune":
            words += ["--trials", "1"]
        if words[:2] == ["models", "rollback"]:
            run(*ITEM2VEC, "retrain", "--epochs", "1", cwd=tmp_path)
        assert run(*ITEM2VEC, *words, cwd=tmp_path).stdout


def test_the_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"run", "test", "bench", "image-check"} <= targets
    for target in targets:
        run("make", "--dry-run", target, cwd=ROOT)


def test_similar_to_a_white_hanging_heart_are_other_hearts_and_holders(address):
    items = httpx.get(f"{address}/similar/85123A", params={"k": 10}).json()["items"]
    titles = " ".join(item["title"] for item in items[:5])
    assert "RED HANGING HEART T-LIGHT HOLDER" in titles
    assert "85123A" not in [item["item_id"] for item in items]


def test_a_retraining_reaches_the_running_service(address, project):
    before = httpx.get(f"{address}/model").json()["model_version"]
    run(*ITEM2VEC, "retrain", "--epochs", "1", cwd=project)
    current = Store(project / "models").current()
    assert current != before
    wait_until(
        lambda: httpx.get(f"{address}/model").json()["model_version"] == current, "the new version"
    )


TOY = "\n".join(
    " ".join(f"{side}{number % 5}" for number in range(start, start + 4))
    for side in ("left", "right")
    for start in range(40)
)


def test_a_killed_retraining_leaves_the_current_model_loadable(tmp_path):
    (tmp_path / "toy.txt").write_text(TOY)
    command = [*ITEM2VEC, "retrain", "--paths", "toy.txt", "--vector-size", "16", "--workers", "1"]
    started = time.monotonic()
    run(*command, cwd=tmp_path)
    usual_seconds = time.monotonic() - started
    store = Store(tmp_path / "models")
    draw = random.Random(0)
    for _ in range(3):
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Most of the time is imports; what is written comes at the end.
        time.sleep(usual_seconds * draw.uniform(0.6, 1.1))
        process.kill()
        process.wait()
        assert store.load().manifest.items == 10
        for version in store.versions():
            store.load(version)
    run(*command, cwd=tmp_path)
    assert not list((tmp_path / "models" / "versions").glob(".*"))
