"""The commands of the pages print what is shown below them."""

import shlex

import pytest

from tests.docs.pages import Block, all_blocks, blocks
from tests.docs.typed import SHORTER, trains, type_command
from tests.shell import ITEM2VEC, run


def prepare(words, block, project):
    """What a command needs that the pages take for granted."""
    if words[1] == "replay":
        requests = next(each for each in blocks("json") if each.page == block.page)
        (project / words[2]).write_text(requests.text)
    if words[1:3] == ["models", "rollback"] or "previous,current" in words:
        run(*ITEM2VEC, "retrain", *SHORTER["retrain"], cwd=project)


@trains
@pytest.mark.parametrize("block", blocks("console", "$ item2vec"), ids=str)
def test_a_command_prints_what_is_shown(block: Block, own_project):
    (own_project / "bucket").mkdir()
    for command, shown in block.commands:
        prepare(shlex.split(command), block, own_project)
        type_command(command, shown, own_project, SHORTER)


def test_every_command_shows_what_it_prints():
    commands = [case for block in all_blocks() for case in block.commands]
    silent = {command.split()[0] for command, shown in commands if not shown}
    assert silent == {"openapi-python-client"}


@trains
def test_the_files_that_the_pages_export_are_there(own_project):
    (export,) = blocks("console", "$ item2vec export")
    for command, _ in export.commands:
        run(*ITEM2VEC, *shlex.split(command)[1:], cwd=own_project)
    files = {path.name for path in own_project.glob("vectors.*")}
    assert files == {
        "vectors.txt.gz", "vectors.bin", "vectors.parquet", "vectors.npy", "vectors.items.json",
    }  # fmt: skip
