"""What the pages show of logs other than the sample, from raw files to answers.

The comment `<!-- world: clicks -->` before a block says so. The blocks of one world share a folder
with the raw files of `tests/strangers.py`; TOML becomes its item2vec.toml.
"""

from contextlib import ExitStack

import pytest

from tests.docs.pages import worlds
from tests.docs.typed import trains, type_command, type_request
from tests.shell import serving
from tests.strangers import write_all

# Threads that train at once move these few items about more than they do the sample's.
SAME = {"retrain": ["--deterministic"]}


def name_of(blocks):
    return f"{blocks[0].page.stem}: {blocks[0].world}"


@trains
@pytest.mark.parametrize("world", worlds(), ids=name_of)
def test_a_page_can_be_followed_with_the_files_of_a_stranger(world, tmp_path):
    list(write_all(tmp_path))
    with ExitStack() as stack:
        address = ""
        for block in world:
            if block.language == "toml":
                (tmp_path / "item2vec.toml").write_text(block.text)
            for command, shown in block.commands:
                if command.startswith("curl"):
                    address = address or stack.enter_context(serving(tmp_path))
                    type_request(command, shown, address, tmp_path)
                else:
                    type_command(command, shown, tmp_path, SAME)
