from collections.abc import Callable

import pytest

from service.model.hidden import Hidden
from service.model.store import Store
from tests.conftest import Result

Run = Callable[..., Result]


@pytest.fixture
def ask(store: Store, run: Run) -> Run:
    """Runs a command on the store."""
    return lambda *arguments: run(*arguments, "--models", store.directory)


def test_items_are_hidden_listed_and_shown_again(ask: Run, publish: Callable[[], str]):
    publish()
    result = ask("hide", "pear", "apple", "[red]")
    assert (result.code, result.out) == (0, "hidden: pear, apple, [red]\n")
    assert result.err == "unknown: [red], to the current model; hidden all the same\n"
    assert ask("hidden").out == "[red]\napple\npear\n"
    result = ask("show", "pear", "never hidden")
    assert (result.code, result.out, result.err) == (0, "shown: pear, never hidden\n", "")
    assert ask("hidden", "--json").json == ["[red]", "apple"]


def test_a_hidden_item_is_a_line_whatever_its_id(ask: Run, store: Store):
    Hidden(store.directory).hide("two\nlines", "x" * 300)
    assert ask("hidden").out.splitlines() == ["two\\nlines", "x" * 300]


def test_items_are_hidden_before_there_is_a_model(ask: Run, store: Store):
    result = ask("hide", "apple")
    assert result.code == 0
    assert result.err.startswith("note: no model is published")
    assert Hidden(store.directory).ids() == {"apple"}


@pytest.mark.parametrize("command", ["hide apple", "show apple", "hidden"])
def test_a_damaged_list_is_one_sentence(ask: Run, store: Store, command: str):
    store.directory.mkdir()
    (store.directory / "hidden").write_text('"pe')
    result = ask(*command.split())
    assert result.code == 1
    assert "damaged in line 1" in result.error


def test_what_is_no_text_is_refused(ask: Run):
    assert ask("hide", "\udcff").code == 2
