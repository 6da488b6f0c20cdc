"""The requests of the pages are answered as they show, those of a generated client as well."""

import ast
import shlex
import sys

import pytest

from tests.docs.pages import blocks
from tests.docs.typed import SERVICE, trains, type_request
from tests.shell import ROOT, run

CURLS = {case: None for block in blocks("console", "$ curl") for case in block.commands}


@trains
@pytest.mark.parametrize(("command", "shown"), list(CURLS), ids=lambda text: text[-60:])
def test_a_request_is_answered_as_shown(command, shown, address):
    type_request(command, shown, address, ROOT)


@trains
def test_the_client_is_generated_and_answered(address, tmp_path):
    ((command, _),) = blocks("console", "openapi-python-client")[0].commands
    (code,) = (block.text for block in blocks("python", "from shop import"))
    local = [text.replace(SERVICE, address) for text in (command, code)]
    run(sys.executable, "-m", "openapi_python_client", *shlex.split(local[0])[1:], cwd=tmp_path)
    titles = ast.literal_eval(run(sys.executable, "-c", local[1], cwd=tmp_path).stdout)
    assert len(titles) == 3
    assert sum("REGENCY" in title for title in titles) >= 2
