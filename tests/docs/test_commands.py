"""The `item2vec` commands of the pages print what is shown below them."""

import os
import re
import shlex

import pytest
import typer
import typer.main

from tests.docs.pages import COMMANDS_TO_COME, PAGES, Block, blocks, inline_code, text_of
from tests.docs.shown import assert_lines, assert_printed, masked
from tests.shell import ITEM2VEC, ROOT, run
from trainer.cli.app import app
from trainer.config.sources import settings

uncompiled = os.environ.get("NUMBA_DISABLE_JIT") == "1"
trains = pytest.mark.skipif(uncompiled, reason="the sample takes hours with the JIT off")

BUCKET = "s3://shop/models"
# What makes a command short; the pages' own are longer.
SHORTER = {
    "train": ["--epochs", "1"],
    "retrain": ["--epochs", "1", "--checks", "guards"],
    "evaluate": ["--epochs", "1", "--max-cases", "200"],
    "tune": ["--epochs", "1", "--max-cases", "200", "--trials", "1"],
}
PROGRAM = typer.main.get_command(app)


def prepare(words, block, project):
    """What a command needs that the pages take for granted."""
    if words[1] == "replay":
        (requests,) = (each for each in blocks("json") if each.page == block.page)
        (project / words[2]).write_text(requests.text)
    if words[1:3] == ["models", "rollback"] or "previous,current" in words:
        run(*ITEM2VEC, "retrain", *SHORTER["retrain"], cwd=project)


def assert_tuned(shown, done):
    """Progress is on the other stream; which settings are found is chance."""
    lines, found = masked(shown), r"(next|training)\."
    progress = [line for line in lines if line.startswith(("as given:", "trial "))]
    if progress:
        assert progress[0] in masked(done.stderr)
        assert any(line.startswith("trial #/#: MRR@# # best") for line in masked(done.stderr))
        lines = lines[len(lines) - lines[::-1].index(progress[-1]) :]
    names = {name for name, _ in settings()}
    assert {line.split()[0] for line in lines if re.match(found, line)} <= names
    assert_lines(
        [line for line in lines if not re.match(found, line)],
        [line for line in masked(done.stdout) if not re.match(found, line)],
    )


@trains
@pytest.mark.parametrize("block", list(blocks("console", "$ item2vec")), ids=str)
def test_a_command_prints_what_is_shown(block: Block, own_project):
    bucket = own_project / "bucket"
    bucket.mkdir()
    for command, shown in block.commands:
        words = shlex.split(command)
        prepare(words, block, own_project)
        typed = [word.replace(BUCKET, f"file://{bucket}") for word in words[1:]]
        done = run(*ITEM2VEC, *typed, *SHORTER.get(words[1], ()), cwd=own_project)
        printed = done.stdout.replace(f"file://{bucket}", BUCKET)
        if words[1] == "tune":
            assert_tuned(shown, done)
        else:
            assert_printed(shown, printed)


def test_every_command_shows_what_it_prints():
    commands = [case for block in blocks("console") for case in block.commands]
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
    unknown = {each[0] for each in words.values() if not exists(each)}
    assert unknown <= COMMANDS_TO_COME
    assert not any(exists([command]) for command in COMMANDS_TO_COME)


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
