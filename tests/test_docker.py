"""What can be said of the images without building them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NIGHTLY = ROOT / "docker" / "nightly"
DEADLINE = 60  # seconds, on a machine that has other things to do
DOCKERFILE = (ROOT / "Dockerfile").read_text()

needs_gnu_date = pytest.mark.skipif(sys.platform != "linux", reason="the images are Linux")

# Stands in for the command line: a model is published where the file `published` exists.
ITEM2VEC = """#!/bin/sh
case $1 in
    models) test -e published ;;
    retrain) echo training; eval "$RETRAIN" ;;
esac
"""


@pytest.fixture
def world(tmp_path):
    """Runs `nightly` in an empty directory, where `retrain` is a line of shell."""
    command = tmp_path / "item2vec"
    command.write_text(ITEM2VEC)
    command.chmod(0o755)

    def start(*arguments, retrain="touch published", at="03:00"):
        path = f"{tmp_path}:{os.environ['PATH']}"
        environment = {"PATH": path, "TMPDIR": str(tmp_path), "RETRAIN": retrain, "NIGHTLY_AT": at}
        return subprocess.Popen(
            [NIGHTLY, *arguments],
            cwd=tmp_path,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    return start


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
    assert re.search(r"next at \d{4}-\d\d-\d\dT03:00:00Z", said)


@needs_gnu_date
def test_the_job_waits_where_a_model_is_published(world, tmp_path):
    (tmp_path / "published").touch()
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
        read_until(job, "next at")
        with world("health") as check:
            exit_code = check.wait(DEADLINE)
        end(job)
    assert exit_code == health


@needs_gnu_date
@pytest.mark.parametrize("at", ["3:00", "24:00", "03:60", "noon"])
def test_an_impossible_time_is_refused(world, at):
    with world(at=at) as job:
        assert at in job.stdout.read()
    assert job.returncode == 2


def test_compose_builds_stages_of_the_dockerfile():
    stages = set(re.findall(r"^FROM .* AS (\S+)$", DOCKERFILE, re.MULTILINE))
    targets = re.findall(r"target: ([\w-]+)", (ROOT / "compose.yaml").read_text())
    assert targets == ["serve", "train"]
    assert stages.issuperset(targets)


def test_everything_copied_into_the_images_exists():
    copies = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.*) \S+$", DOCKERFILE, re.MULTILINE)
    sources = " ".join(copies).split()
    assert "docker/nightly" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
