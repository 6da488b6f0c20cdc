"""What the README shows is what is printed, figures and versions left out."""

import ast
import json
import os
import re
import shlex
import sys

import pytest

from tests.shell import ITEM2VEC, ROOT, run
from trainer.config.sources import settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
uncompiled = os.environ.get("NUMBA_DISABLE_JIT") == "1"
trains = pytest.mark.skipif(uncompiled, reason="the sample takes hours with the JIT off")

BUCKET = "s3://shop/models"
# What makes a command short; the README's own are longer.
SHORTER = {
    "train": ["--epochs", "1"],
    "retrain": ["--epochs", "1"],
    "evaluate": ["--epochs", "1", "--max-cases", "200"],
    "tune": ["--epochs", "1", "--max-cases", "200", "--trials", "1"],
}


def blocks():
    """Of each block of the README what is typed, with what is shown below it."""
    for block in re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
        yield list(zip(parts[::2], parts[1::2], strict=True))


def blocks_of(program):
    return [block for block in blocks() if block[0][0].startswith(program)]


def masked(text):
    """The lines without figures, signs, marks and blanks."""
    figures = re.sub(r"([+-]?[\d.,]*\d%?)+", "#", re.sub("[▲▼]", "", text))
    lines = (" ".join(line.split()) for line in figures.splitlines())
    return [line for line in lines if line.strip("─ ")]


CURLS = [case for block in blocks_of("curl") for case in block]
# What an answer holds, by the path and the body of the request.
ANSWERS = {
    "/similar/85123A?k=4": {"requested": 4, "returned": 4, "relation": "similar"},
    "/similar/85123A?k=10": {"requested": 10, "returned": 10, "relation": "similar"},
    "/next/85123A?k=10": {"requested": 10, "returned": 10, "relation": "next"},
    '/recommend {"liked": ["22423", "22697"], "k": 5, "exclude": ["22699"]}': {
        "requested": 5, "returned": 5, "relation": "similar", "unknown_items": [],
    },
    "/recommend?liked=22423&liked=22697&k=5": {"returned": 5, "fallback_used": None},
    '/analogy {"positive": ["22697", "23175"], "negative": ["23174"]}': {"returned": 10},
    "/items/85123A": {"item_id": "85123A", "title": "WHITE HANGING HEART T-LIGHT HOLDER"},
    "/items?q=hanging+heart": {},
    "/items?q=teacup&filter=UnitPrice+<+3": {},
    "/model": {},
    "/healthz": {"status": "ok"},
    "/readyz": {"status": "ok"},
    "/problems/unknown-item": {},
    "/next/22423": {"requested": 10, "returned": 10, "relation": "next"},
    "/similar/22423?relation=next": {"requested": 10, "returned": 10, "relation": "next"},
    '/recommend {"liked": ["22423", "22697"], "relation": "next"}': {"relation": "next"},
    "/similar/85123A?filter=UnitPrice+<+2+and+count+>=+500&k=5": {"requested": 5, "returned": 5},
    "/popular?filter=UnitPrice+<+1&k=3": {"returned": 3, "score_kind": "popularity"},
    "/similarity?a=22697&b=22699": {"a": "22697"},
    "/items/22423/vector": {"item_id": "22423"},
    '/explain {"liked": ["22423", "22697"], "min_count": 2000, "item": "22699"}': {
        "item_id": "22699", "removed_by": "min_count",
    },
    '/similar {"items": ["22423", "22697"], "k": 3}': {},
}  # fmt: skip
# The same for long bodies, by what they hold.
LONG = {
    "disliked": {"requested": 5, "returned": 5, "unknown_items": []},
    "explain": {"requested": 3, "returned": 3, "score_kind": "cosine"},
    "queries": {},
}


def expected_of(command):
    asked = asked_of(command)
    return (
        ANSWERS[asked]
        if asked in ANSWERS
        else next(answer for name, answer in LONG.items() if f'"{name}"' in asked)
    )


def asked_of(command):
    """The path of a request, and its body."""
    words = shlex.split(command)
    path = next(word for word in words if word.startswith("http")).partition(":8000")[2]
    return " ".join([path, *words[words.index("-d") + 1 :][:1]] if "-d" in words else [path])


@trains
@pytest.mark.parametrize(("command", "shown"), CURLS)
def test_the_curl_lines_of_the_readme_are_answered_as_it_says(command, shown, address):
    words = shlex.split(command.replace("http://127.0.0.1:8000", address))
    output = run(*words, "--fail-with-body", cwd=ROOT).stdout
    if command.endswith("/metrics"):
        assert "item2vec_model_items" in output
        return
    answer = json.loads(output)
    expected = expected_of(command)
    assert {name: answer[name] for name in expected} == expected
    if shown:
        shown = json.loads(shown)
        assert list(answer) == list(shown)
        assert answer["items"][0].keys() == shown["items"][0].keys()
        titles = {item["item_id"]: item["title"] for item in answer["items"]}
        of_the_readme = {item["item_id"]: item["title"] for item in shown["items"]}
        assert len(titles.items() & of_the_readme.items()) >= len(of_the_readme) / 2


@trains
def test_the_client_of_the_readme_is_generated_and_answered(address, tmp_path):
    [[(command, _)]] = blocks_of("openapi-python-client")
    [code] = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    local = [text.replace("http://127.0.0.1:8000", address) for text in (command, code)]
    run(sys.executable, "-m", "openapi_python_client", *shlex.split(local[0])[1:], cwd=tmp_path)
    titles = ast.literal_eval(run(sys.executable, "-c", local[1], cwd=tmp_path).stdout)
    assert len(titles) == 3
    assert sum("REGENCY" in title for title in titles) >= 2


REQUESTS = re.search(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[1]
TABLE = ["item title score"]
# The lines that a command prints, figures masked, where the README does not show them.
LINES = {
    "item2vec retrain": [r"published version #"],
    "item2vec train --window 5 --epochs 20": [
        r"trained version #; to serve it:", r"item#vec models promote #",
    ],
    "item2vec train --config next.toml": [r"trained version #; to serve it:"],
    "item2vec gate": [r"✓ next beside simple models NDCG@# .*", r"passed: .*"],
    "item2vec gate --explain": ["A retraining is published if it passes the gate.", "gate.refit.*"],
    "item2vec gate --report verdict.html": ["wrote verdict.html"],
    "item2vec models list": [r"#.* current"],
    "item2vec models show": [r'"model_version": "#",', r'"verdict": ".*'],
    "item2vec evaluate --query last --cutoffs 5": [
        r"model HR@# NDCG@# MRR@# age .*", "popularity .*",
    ],
    "item2vec evaluate --split last-item --no-baselines": [
        r".*last item.*", r"item#vec next .*", r"item#vec similar .*",
    ],
    "item2vec evaluate --test-from 2011-12-01 --json": [r"\{", r'.*"HR@#".*', r"\}"],
    "item2vec tune --study tune.db --minutes 30": [r"wrote tuned.toml; to train with it:"],
    "item2vec tune --share 0.5 --trials 20 --out half.toml": [
        r"wrote half.toml; to train with it:"
    ],
    "item2vec similar 22423 --relation next": TABLE,
    "item2vec similar 85123A --filter 'UnitPrice < 2 and count >= 500' -k 5": TABLE,
    "item2vec recommend 22423 22697 --dislike 85123A --min-count 100 --explain -k 5": [
        "item title score because of"
    ],
    "item2vec recommend 22423 22697 --relation next --decay 0.7": TABLE,
    "item2vec hide 22423 no-such-item": ["hidden: #, no-such-item"],
    "item2vec hidden": ["#", "no-such-item"],
    "item2vec show 22423 no-such-item": ["shown: #, no-such-item"],
    "item2vec models push s3://shop/models": [r"current version in file:.*/bucket: #"],
    "item2vec models pull s3://shop/models": ["current version: #"],
    "item2vec hide 22423 --push s3://shop/models": ["hidden: #"],
    "item2vec models rollback": ["current version: #"],
    "item2vec models nights": [
        r"started minutes outcome version exit code why", r"#.* published # # .*",
    ],
    "item2vec models prune --keep 3": ["nothing to delete"],
    "item2vec export vectors.txt.gz": [r"wrote # input vectors of # numbers to vectors.txt.gz"],
    "item2vec export vectors.bin": [
        r"wrote # input vectors of # numbers to vectors.bin"
    ],
    "item2vec export vectors.parquet": [r"wrote # input vectors of # numbers to vectors.parquet"],
    "item2vec export vectors.npy": [r"wrote # input vectors of # numbers to vectors.npy"],
    "item2vec import vectors.bin": ["imported version #; to serve it:"],
}  # fmt: skip


def assert_printed_as_shown(command, shown, done):
    shown, printed = masked(shown), masked(done.stdout)
    if "item title score" in shown:
        assert printed[0] == shown[0]
        assert len(printed) == len(shown)
        assert len(set(printed) & set(shown)) > len(shown) / 2
    elif " tune " in command:
        progress = [line for line in shown if line.startswith(("as given:", "trial"))]
        found = [line for line in shown if line.startswith("next.")]
        assert progress[0] in masked(done.stderr)
        assert {line.split()[0] for line in found} <= {name for name, _ in settings()}
        assert [line for line in shown if line not in progress + found] == [
            line for line in printed if not re.match(r"(next|training)\.", line)
        ]
    else:
        assert printed == shown


@trains
@pytest.mark.parametrize("block", blocks_of("item2vec"), ids=lambda block: block[0][0][:40])
def test_the_item2vec_lines_of_the_readme_print_what_it_says(block, own_project):
    bucket = own_project / "bucket"
    bucket.mkdir()
    for command, shown in block:
        words = shlex.split(command, comments=True)
        if words[1] == "replay":
            (own_project / words[2]).write_text(REQUESTS)
        if words[1:3] == ["models", "rollback"] or "previous" in command:
            run(*ITEM2VEC, "retrain", "--epochs", "1", cwd=own_project)
        typed = [word.replace(BUCKET, f"file://{bucket}") for word in words[1:]]
        done = run(*ITEM2VEC, *typed, *SHORTER.get(words[1], ()), cwd=own_project)
        if shown:
            assert_printed_as_shown(command, shown, done)
        else:
            for line in LINES[shlex.join(words)]:
                printed = masked(done.stdout)
                assert [each for each in printed if re.fullmatch(line, each)], printed


@trains
def test_what_the_readme_exports_is_there(own_project):
    (export,) = (block for block in blocks_of("item2vec") if "export" in block[0][0])
    for command, _ in export:
        run(*ITEM2VEC, *shlex.split(command, comments=True)[1:], cwd=own_project)
    files = {path.name for path in own_project.glob("vectors.*")}
    assert files == {
        "vectors.txt.gz", "vectors.bin", "vectors.parquet", "vectors.npy", "vectors.items.json",
    }  # fmt: skip


def test_the_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"run", "test", "bench", "image-check"} <= targets
    for target in targets:
        run("make", "--dry-run", target, cwd=ROOT)
