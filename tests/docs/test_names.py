"""What the prose names exists: commands, flags, make targets, settings and variables."""

import re
import shlex

import typer
import typer.main

from service.web.settings import Settings
from tests.docs.pages import PAGES, blocks, inline_code, text_of
from tests.shell import ROOT, run
from trainer.cli.app import app
from trainer.config.jobs import Config
from trainer.config.sources import environment_name, settings

PROGRAM = typer.main.get_command(app)
NAMES = {name for name, _ in settings()}


def commands_of(command):
    """The commands beneath a command, by name."""
    if not hasattr(command, "list_commands"):
        return {}
    context = typer.Context(command)
    return {name: command.get_command(context, name) for name in command.list_commands(context)}


def exists(words):
    command = PROGRAM
    for word in words:
        beneath = commands_of(command)
        if beneath and word not in beneath:
            return False
        command = beneath.get(word, command)
    return True


def test_the_commands_that_the_prose_names_exist():
    named = {
        code for _, code in inline_code() if re.match(r"item2vec [a-z]", code)
    } | {
        line.strip()
        for language in ("sh", "yaml")
        for block in blocks(language, "item2vec ")
        for line in re.findall(r"^item2vec [a-z].*", block.text, re.MULTILINE)
    }  # fmt: skip
    words = {
        code: [word for word in shlex.split(code, comments=True)[1:] if re.match("[a-z]", word)]
        for code in named
    }
    assert len(named) > 10
    assert [code for code, each in words.items() if not exists(each)] == []


def flags_of(command):
    own = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    return own.union(*map(flags_of, commands_of(command).values()))


def test_the_flags_that_the_prose_names_exist():
    known = flags_of(PROGRAM)
    named = {code.split()[0] for _, code in inline_code() if code.startswith("--")}
    assert "--resume" in named
    assert named - known == set()


def test_the_make_targets_that_the_pages_name_exist():
    targets = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", text_of(page), re.MULTILINE)
    }
    assert {"run", "test", "bench", "image-check"} <= targets
    for target in targets:
        run("make", "--dry-run", target, cwd=ROOT)


def test_the_settings_that_the_prose_names_exist():
    sections = "|".join(Config.model_fields)
    named = {
        match[1]
        for _, code in inline_code()
        if (match := re.match(rf"((?:{sections})\.(?!(?:toml|py)\b)[a-z_]+)(?: = .*)?$", code))
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
