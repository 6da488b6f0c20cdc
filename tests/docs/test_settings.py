"""Settings files in the pages are valid, and the reference of settings is that of the program."""

import tomllib

import pytest

from tests.docs.pages import ROOT, TABLES_TO_COME, all_blocks
from trainer.cli import reference
from trainer.config.jobs import Config


def files():
    for block in (each for each in all_blocks() if each.language == "toml"):
        to_come = any(table in block.text for table in TABLES_TO_COME)
        marks = [pytest.mark.xfail(reason="to come", strict=True)] if to_come else []
        yield pytest.param(block, id=str(block), marks=marks)


@pytest.mark.parametrize("block", list(files()))
def test_a_settings_file_is_accepted(block):
    Config.model_validate(tomllib.loads(block.text))


def test_the_reference_of_settings_is_what_the_program_says():
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == reference.page(), "run `make docs-settings`"
