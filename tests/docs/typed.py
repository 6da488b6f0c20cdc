"""Types the commands of a page, as its reader does."""

import os
import re
import shlex

import pytest

from tests.docs.shown import assert_lines, assert_printed, masked
from tests.shell import ITEM2VEC, run
from trainer.config.sources import settings

uncompiled = os.environ.get("NUMBA_DISABLE_JIT") == "1"
trains = pytest.mark.skipif(uncompiled, reason="the sample takes hours with the JIT off")

SERVICE = "http://127.0.0.1:8000"
BUCKET = "s3://shop/models"
NEWEST = (
    "Quantity > 0 AND UnitPrice > 0 AND StockCode ~ '^[0-9]{5}' AND InvoiceDate >= '2011-11-01'"
)
# What makes a command short; the pages' own are longer.
QUICK = ["--epochs", "1", "--fit-cases", "2000"]
FEW = [*QUICK, "--max-cases", "200", "--where", NEWEST]
SHORTER = {
    "train": QUICK,
    "retrain": [*QUICK, "--checks", "guards"],
    "evaluate": FEW,
    "tune": [*FEW, "--trials", "1"],
}


def type_command(command, shown, project, shorter):
    """Runs a command in a project; what it prints must be what is shown."""
    words = shlex.split(command)
    bucket = f"file://{project / 'bucket'}"
    typed = [word.replace(BUCKET, bucket) for word in words[1:]]
    done = run(*ITEM2VEC, *typed, *shorter.get(words[1], ()), cwd=project)
    if words[1] == "tune":
        assert_tuned(shown, done)
    else:
        assert_printed(shown, done.stdout.replace(bucket, BUCKET))


def type_request(command, shown, address, directory):
    """Sends a request to a service; the answer must be what is shown."""
    words = shlex.split(command.replace(SERVICE, address))
    assert_printed(shown, run(*words, "--fail-with-body", cwd=directory).stdout)


def assert_tuned(shown, done):
    """Progress is on the other stream; which settings are found is chance."""
    lines, found = masked(shown), r"(next|training)\."
    progress = [line for line in lines if line.startswith(("as given:", "trial "))]
    if progress:
        assert progress[0] in masked(done.stderr)
        assert any(line.startswith("trial #/#: MRR@# # best") for line in masked(done.stderr))
        lines = lines[len(lines) - lines[::-1].index(progress[-1]) :]
    names = {name for name, _ in settings()}
    assert {line.split()[0] for line in lines if re.match(found, line)} <= names
    assert_lines(
        [line for line in lines if not re.match(found, line)],
        [line for line in masked(done.stdout) if not re.match(found, line)],
    )
