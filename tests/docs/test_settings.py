"""Settings in the pages: what they name exists, and the reference is that of the program."""

import re
import tomllib

import pytest

from service.web.settings import Settings
from tests.docs.pages import ROOT, TABLES_TO_COME, blocks, inline_code
from trainer.cli import reference
from trainer.config.jobs import Config
from trainer.config.sources import environment_name, settings

NAMES = {name for name, _ in settings()}


def files():
    for block in blocks("toml"):
        to_come = any(table in block.text for table in TABLES_TO_COME)
        marks = [pytest.mark.xfail(reason="to come", strict=True)] if to_come else []
        yield pytest.param(block, id=str(block), marks=marks)


@pytest.mark.parametrize("block", list(files()))
def test_a_settings_file_is_accepted(block):
    Config.model_validate(tomllib.loads(block.text))


def test_the_reference_of_settings_is_what_the_program_says():
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == reference.page(), "run `make docs-settings`"


def test_the_settings_that_the_prose_names_exist():
    sections = "|".join(Config.model_fields)
    named = {
        match[1]
        for _, code in inline_code()
        if (match := re.match(rf"((?:{sections})\.(?!toml)[a-z_]+)(?: = .*)?$", code))
    }
    assert "data.min_count" in named
    assert named - NAMES == set()


def test_the_variables_that_the_prose_names_exist():
    known = {environment_name(name) for name in (*NAMES, *Settings.model_fields)}
    named = {
        name for _, code in inline_code() for name in re.findall(r"ITEM2VEC_[A-Z_]+[A-Z]", code)
    }
    assert "ITEM2VEC_HOST" in named
    assert named - known == set()
