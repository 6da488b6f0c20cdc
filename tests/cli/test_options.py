from typing import Literal

import pytest
import typer
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from trainer.cli.command import Command
from trainer.cli.options import add_flags, show_default
from trainer.config import sources as config
from trainer.config.sources import nest, show_value


class Section(BaseModel):
    """Settings of every kind."""

    size: int = Field(7, description="how large [in m]")
    share: float | None = Field(None, description="how much")
    kind: Literal["old", "new"] = Field("old", description="which")
    reach: int | Literal["all"] = Field(3, description="how far")
    loud: bool = Field(True, description="how loud")
    many_names: list[str] = Field([], description="what")
    shares: dict[str, float] = Field({}, description="of whom")


seen: dict = {}
app = typer.Typer(rich_markup_mode=None)


@app.command(cls=Command)
@add_flags((f"section.{name}", field) for name, field in Section.model_fields.items())
def command(flags: dict, extra: int = 1) -> None:
    """Does nothing."""
    seen.update(flags=flags, extra=extra)


def run(*arguments: str) -> dict:
    """What the command got."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return seen["flags"]


def test_only_what_was_typed_becomes_a_flag():
    assert run() == {}


def test_values_stay_text_for_the_settings_to_check():
    typed = run("--size", "x", "--share", "", "--kind=fresh", "--reach", "-1")
    assert typed == {
        "section.size": "x",
        "section.share": "",
        "section.kind": "fresh",
        "section.reach": "-1",
    }


def test_a_truth_value_has_two_flags():
    assert run("--loud") == {"section.loud": True}
    assert run("--no-loud") == {"section.loud": False}


def test_a_list_is_a_flag_repeated():
    assert run("--many-names", "a", "--many-names", "b,c") == {"section.many_names": ["a", "b,c"]}


def test_a_mapping_is_a_flag_repeated():
    typed = run("--shares", "a=1", "--shares", "b=x=2")
    assert typed == {"section.shares": ["a=1", "b=x=2"]}


def test_a_mapping_is_shown_as_it_is_typed():
    assert show_value({"purchase": 4.0, "a view": 0.25}) == "purchase=4, a view=0.25"
    assert show_value({}) == show_value(None) == ""
    assert show_value(["a"]) == "['a']"
    assert show_default(Field({"purchase": 4.0})) == "purchase=4"


def test_a_command_keeps_its_own_parameters():
    run("--extra", "5", "--size", "2")
    assert seen == {"flags": {"section.size": "2"}, "extra": 5}


def test_two_settings_cannot_have_one_flag():
    fields = Section.model_fields
    names = [("section.size", fields["size"]), ("other.size", fields["share"])]
    with pytest.raises(ValueError, match=r"section\.size and other\.size have the same flag"):
        add_flags(names)


def test_help_shows_kind_description_and_default_to_the_letter():
    output = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert output.endswith(
        """
[section]:
  --size INTEGER           how large [in m] [default: 7]
  --share NUMBER           how much
  --kind old|new           which [default: old]
  --reach INTEGER|all      how far [default: 3]
  --[no-]loud              how loud [default: on]
  --many-names TEXT...     what
  --shares NAME=NUMBER...  of whom
"""
    )


def test_one_flag_takes_several_values():
    typed = run("--many-names", "a", "-", "b,c", "--size", "1", "--shares", "x=1", "y=2")
    assert typed == {
        "section.many_names": ["a", "-", "b,c"],
        "section.size": "1",
        "section.shares": ["x=1", "y=2"],
    }
    assert run("--many-names=a", "b", "--many-names", "c") == {
        "section.many_names": ["a", "b", "c"]
    }


@pytest.mark.parametrize("arguments", [["--size", "1", "2"], ["--many-names", "a", "--", "b"]])
def test_a_value_that_belongs_to_no_flag_is_refused(arguments):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "unexpected extra argument" in result.output


def test_dotted_names_nest_like_the_file():
    assert nest({"a.b": 1, "a.c": 2, "d": 3}) == {"a": {"b": 1, "c": 2}, "d": 3}
    assert nest({}) == {}


@pytest.mark.parametrize("name", dict(config.settings()))
def test_every_default_can_be_shown(name):
    assert show_default(dict(config.settings())[name])
