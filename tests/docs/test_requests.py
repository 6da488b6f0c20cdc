"""The requests of the pages are answered as they show, and their Python runs."""

import ast
import shlex
import sys

import pytest

from tests.docs.pages import blocks
from tests.docs.shown import assert_printed
from tests.docs.test_commands import trains
from tests.shell import ROOT, run

SERVICE = "http://127.0.0.1:8000"
CURLS = {case: None for block in blocks("console", "$ curl") for case in block.commands}


@trains
@pytest.mark.parametrize(("command", "shown"), list(CURLS), ids=lambda text: text[-60:])
def test_a_request_is_answered_as_shown(command, shown, address):
    words = shlex.split(command.replace(SERVICE, address))
    assert_printed(shown, run(*words, "--fail-with-body", cwd=ROOT).stdout)


@trains
def test_the_client_is_generated_and_answered(address, tmp_path):
    ((command, _),) = next(blocks("console", "openapi-python-client")).commands
    (code,) = (block.text for block in blocks("python", "from shop import"))
    local = [text.replace(SERVICE, address) for text in (command, code)]
    run(sys.executable, "-m", "openapi_python_client", *shlex.split(local[0])[1:], cwd=tmp_path)
    titles = ast.literal_eval(run(sys.executable, "-c", local[1], cwd=tmp_path).stdout)
    assert len(titles) == 3
    assert sum("REGENCY" in title for title in titles) >= 2


@trains
@pytest.mark.parametrize("block", list(blocks("python", "import item2vec")), ids=str)
def test_the_library_does_what_the_pages_type(block, own_project):
    pytest.importorskip("item2vec")
    run(sys.executable, "-c", block.text, cwd=own_project)
