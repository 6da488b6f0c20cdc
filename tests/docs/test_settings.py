"""Settings files in the pages are valid, and the reference of settings is that of the program."""

import tomllib

import pytest

from tests.docs.pages import ROOT, all_blocks
from trainer.cli import reference
from trainer.config.jobs import Config

FILES = [block for block in all_blocks() if block.language == "toml"]


@pytest.mark.parametrize("block", FILES, ids=str)
def test_a_settings_file_is_accepted(block):
    Config.model_validate(tomllib.loads(block.text))


def test_the_reference_of_settings_is_what_the_program_says():
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == reference.page(), "run `make docs-settings`"
