import gzip
import hashlib
import json
import os
import re
import resource
import struct
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.model.errors import InputError
from service.model.recommender import Recommender
from service.model.store import Store
from tests.conftest import make_artifact
from trainer.artifacts import word2vec_files
from trainer.artifacts.exports import export_vectors
from trainer.artifacts.imports import import_vectors
from trainer.artifacts.word2vec_files import read_vectors
from trainer.config.sections import IndexConfig

VECTORS = {"café": [1.0, -0.5], "日本": [0.1, 1e-05], "a/b": [-0.0, 3.4e38]}
ROWS = [struct.pack("<2f", *row) for row in VECTORS.values()]

# Written by hand: what gensim writes, and what word2vec.c writes.
TEXT = "3 2\ncafé 1.0 -0.5\n日本 0.1 1e-05\na/b -0.0 3.4e+38\n".encode()
BINARY = (
    b"3 2\n"
    b"caf\xc3\xa9 \x00\x00\x80\x3f\x00\x00\x00\xbf"
    b"\xe6\x97\xa5\xe6\x9c\xac \xcd\xcc\xcc\x3d\xac\xc5\x27\x37"
    b"a/b \x00\x00\x00\x80\x9e\xc9\x7f\x7f"
)
SMALL = {"pear": [1.0, -0.5], "plüm": [0.25, 1e-05]}
SMALL_TEXT = "2 2\npear 1.0 -0.5\nplüm 0.25 1e-05\n".encode()
SMALL_BINARY = (
    b"2 2\npear \x00\x00\x80\x3f\x00\x00\x00\xbfpl\xc3\xbcm \x00\x00\x80\x3e\xac\xc5\x27\x37"
)
SMALL_TEXT_OF_C = "2 2\npear 1.000000 -0.500000 \nplüm 0.250000 0.00001 \n".encode()
SMALL_BINARY_OF_C = (
    b"2 2\npear \x00\x00\x80\x3f\x00\x00\x00\xbf\npl\xc3\xbcm \x00\x00\x80\x3e\xac\xc5\x27\x37\n"
)


def matrix(vectors):
    return np.array(list(vectors.values()), np.float32)


def model(vectors, **manifest):
    artifact = make_artifact(vectors=vectors)
    titles = [f"Title of {item_id}" if row else None for row, item_id in enumerate(vectors)]
    changed = artifact.manifest.model_copy(update=manifest)
    return replace(artifact, titles=titles, manifest=changed)


# Golden bytes


@pytest.mark.parametrize(
    ("name", "expected"), [("v.txt", SMALL_TEXT), ("v.vec", SMALL_TEXT), ("v.bin", SMALL_BINARY)]
)
def test_what_is_written_is_gensims_to_the_byte(tmp_path, name, expected):
    export_vectors(model(SMALL), tmp_path / name)
    assert (tmp_path / name).read_bytes() == expected
    export_vectors(model(SMALL), tmp_path / f"{name}.gz")
    assert gzip.decompress((tmp_path / f"{name}.gz").read_bytes()) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"{name}.gz"]


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (SMALL_TEXT, "word2vec"),
        (SMALL_TEXT_OF_C, "word2vec"),
        (SMALL_TEXT.replace(b"\n", b"\r\n"), "word2vec"),
        (SMALL_TEXT + b"\n\n", "word2vec"),
        (SMALL_BINARY, "word2vec-binary"),
        (SMALL_BINARY_OF_C, "word2vec-binary"),
    ],
)
@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.gz", "v"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_both_formats_are_read_whatever_the_file_is_called(
    tmp_path, content, file_format, name, pack
):
    (tmp_path / name).write_bytes(pack(content))
    found = read_vectors(tmp_path / name)
    assert found.item_ids == ["pear", "plüm"]
    assert found.vectors.tobytes() == matrix(SMALL).tobytes()
    assert found.vectors.dtype == np.float32
    assert found.format == file_format


def test_unicode_ids_and_the_extremes_of_float32_are_written(tmp_path):
    artifact = replace(model(SMALL), item_ids=list(VECTORS), input_vectors=matrix(VECTORS))
    export_vectors(artifact, tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_bytes() == TEXT
    export_vectors(artifact, tmp_path / "v.bin")
    assert (tmp_path / "v.bin").read_bytes() == BINARY


@pytest.mark.parametrize("vectors", [{"0": [27530336.0]}, {"0": [27530336.0], "00": [0.0]}])
def test_a_number_whose_bytes_look_like_a_line_of_text_is_binary(tmp_path, vectors):
    export_vectors(model(vectors), tmp_path / "v.bin")
    assert (tmp_path / "v.bin").read_bytes().splitlines()[1] == b"0 0"
    assert read_vectors(tmp_path / "v.bin").vectors.tobytes() == matrix(vectors).tobytes()


def test_binary_rows_without_any_line_end_are_binary(tmp_path):
    vectors = {f"item-{row}": [float(row % 2)] * 100 for row in range(300)}
    for name in ("v.bin", "v"):
        export_vectors(model(vectors), tmp_path / name, "word2vec-binary")
        assert read_vectors(tmp_path / name).vectors.tobytes() == matrix(vectors).tobytes()


# Round trips

FLOATS = st.floats(-(2.0**50), 2.0**50, width=32)
IDS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.split() == [text])


@st.composite
def named_vectors(draw):
    item_ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    columns = draw(st.integers(1, 6))
    rows = st.lists(FLOATS, min_size=columns, max_size=columns)
    return {item_id: draw(rows) for item_id in item_ids}


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.vec.gz", "v.bin.gz"])
@given(vectors=named_vectors())
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_was_written_is_read_bit_for_bit(tmp_path, name, vectors):
    export_vectors(model(vectors), tmp_path / name)
    found = read_vectors(tmp_path / name)
    assert found.item_ids == list(vectors)
    assert found.vectors.tobytes() == matrix(vectors).tobytes()
    assert found.format == ("word2vec-binary" if ".bin" in name else "word2vec")


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_rows_that_straddle_reads_are_read(tmp_path, monkeypatch, name):
    random = np.random.default_rng(0)
    vectors = {f"item-{row}": random.normal(size=7).tolist() for row in range(50)}
    export_vectors(model(vectors), tmp_path / name)
    for chunk in (1, 13, 64):
        monkeypatch.setattr(word2vec_files, "CHUNK", chunk)
        assert read_vectors(tmp_path / name).vectors.tobytes() == matrix(vectors).tobytes()


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "v.bin.gz"])
@given(vectors=named_vectors())
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_gensim_reads_what_is_written_and_writes_the_same(tmp_path, name, vectors):
    keyed_vectors = pytest.importorskip("gensim.models").KeyedVectors
    ours, theirs = tmp_path / name, tmp_path / f"gensim-{name}"
    export_vectors(model(vectors), ours)
    found = keyed_vectors.load_word2vec_format(str(ours), binary=".bin" in name)
    assert found.index_to_key == list(vectors)
    assert found.vectors.tobytes() == matrix(vectors).tobytes()
    found.save_word2vec_format(str(theirs), binary=".bin" in name)
    unpack = gzip.decompress if name.endswith(".gz") else bytes
    assert unpack(theirs.read_bytes()) == unpack(ours.read_bytes())
    back = read_vectors(theirs)
    assert back.item_ids == list(vectors)
    assert back.vectors.tobytes() == matrix(vectors).tobytes()


# Which vectors


def test_average_is_the_mean_of_input_and_output(tmp_path):
    artifact = model({"a": [1.0, 3.0], "b": [2.0, 8.0]})
    for vectors, expected in {
        "input": [[1, 3], [2, 8]],
        "output": [[3, 1], [8, 2]],
        "average": [[2, 2], [5, 5]],
    }.items():
        export_vectors(artifact, tmp_path / "v.bin", vectors=vectors)
        assert read_vectors(tmp_path / "v.bin").vectors.tolist() == expected
    assert artifact.input_vectors.tolist() == [[1, 3], [2, 8]]


@pytest.mark.parametrize("vectors", ["output", "average"])
@pytest.mark.parametrize(
    ("output", "reason"),
    [("nodes", "inner nodes of a tree"), ("none", "has no output vectors")],
)
def test_output_vectors_that_are_not_those_of_items_are_refused(tmp_path, vectors, output, reason):
    artifact = model(SMALL, output=output)
    with pytest.raises(InputError, match=reason):
        export_vectors(artifact, tmp_path / "v.bin", vectors=vectors)
    export_vectors(artifact, tmp_path / "v.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["v.bin"]


# Parquet and npy


def test_parquet_holds_ids_counts_titles_and_vectors(tmp_path):
    vectors = {"with blank": [1.0, 2.0], "": [3.0, 4.0]}
    export_vectors(model(vectors), tmp_path / "v.parquet")
    table = pl.read_parquet(tmp_path / "v.parquet")
    assert table.schema == {
        "item_id": pl.String,
        "count": pl.Int64,
        "title": pl.String,
        "vector": pl.Array(pl.Float32, 2),
    }
    assert table.rows() == [
        ("with blank", 20, None, [1.0, 2.0]),
        ("", 10, "Title of ", [3.0, 4.0]),
    ]


def test_npy_is_the_matrix_with_its_ids_beside_it(tmp_path):
    export_vectors(model({"with blank": [1.0, 2.0], "ü": [3.0, 4.0]}), tmp_path / "v.npy")
    assert np.load(tmp_path / "v.npy").tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert np.load(tmp_path / "v.npy").dtype == np.float32
    assert json.loads((tmp_path / "v.items.json").read_text("utf-8")) == ["with blank", "ü"]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_named_format_counts_more_than_the_ending(tmp_path):
    export_vectors(model(SMALL), tmp_path / "v.txt", "word2vec-binary")
    assert (tmp_path / "v.txt").read_bytes() == SMALL_BINARY


# What cannot be written


@pytest.mark.parametrize("item_id", ["white heart", "", "tab\t", "\n", "no\u00a0break", " x"])
@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_ids_that_the_word2vec_formats_cannot_hold_are_named(tmp_path, item_id, name):
    artifact = model({"fine": [1.0], item_id: [2.0], "also white": [3.0]})
    named = f"item {item_id!r} (row 2)"
    with pytest.raises(InputError, match=re.escape(named) + ".*parquet"):
        export_vectors(artifact, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "file_format", "reason"),
    [
        ("v.csv", None, "v.csv: no format has this ending"),
        ("v", None, "known are .txt, .vec, .bin, .parquet, .npy"),
        ("gone/v.txt", None, "there is no directory .*gone"),
        ("taken.txt", None, "taken.txt: is a directory"),
        ("pipe.txt", None, "pipe.txt: is a device or a pipe"),
        ("v.npy.gz", None, "can be gzipped"),
        ("v.gz", "parquet", "can be gzipped"),
    ],
)
def test_an_output_that_cannot_be_is_refused(tmp_path, name, file_format, reason):
    (tmp_path / "taken.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(InputError, match=reason):
        export_vectors(model(SMALL), tmp_path / name, file_format)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe.txt", "taken.txt"]
    assert (tmp_path / "pipe.txt").is_fifo()


def test_an_export_that_breaks_off_leaves_the_earlier_file(tmp_path):
    (tmp_path / "v.txt").write_text("earlier")
    with pytest.raises(ValueError, match="zip"):
        export_vectors(replace(model(SMALL), item_ids=["one"]), tmp_path / "v.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["v.txt"]
    assert (tmp_path / "v.txt").read_text() == "earlier"


def test_a_matrix_and_its_ids_are_both_on_the_disk_when_an_export_has_ended(tmp_path, disk_log):
    export_vectors(model(SMALL), tmp_path / "v.npy")
    for name in ("v.npy", "v.items.json"):
        partial = str(tmp_path / f".partial-{name}")
        renamed = disk_log.index(("renamed", f"{partial} -> {tmp_path / name}"))
        assert ("synced", partial) in disk_log[:renamed]
        assert ("synced", str(tmp_path)) in disk_log[renamed:]


NAMES = ["v.txt", "v.txt.gz", "v.bin", "v.bin.gz", "v.parquet", "v.npy"]


@contextmanager
def full_disk():
    """No file can grow beyond 4 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(
    tmp_path, monkeypatch, store, run, name
):
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0).random((1000, 2)).tolist()
    vectors = {f"item-{row}": vector for row, vector in enumerate(numbers)}
    version = store.add(lambda version: make_artifact(version, vectors)).model_version
    Path(name).write_text("earlier")
    Path("v.items.json").write_text("earlier")
    with full_disk():
        result = run("export", name, "--version", version, "--force")
    assert result.code == 1
    assert re.fullmatch(rf"error: {re.escape(name)}: .*File too large.*", result.error)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(
        {name, "v.items.json"}
    )
    assert Path(name).read_text() == Path("v.items.json").read_text() == "earlier"


@pytest.mark.parametrize("name", NAMES)
def test_a_directory_that_takes_no_file_is_one_sentence(tmp_path, monkeypatch, publish, run, name):
    publish()
    monkeypatch.chdir(tmp_path)
    result = run("export", f"/proc/{name}")
    assert result.code == 1
    assert result.error.startswith(f"error: /proc/{name}: ")


@pytest.mark.parametrize("place", ["v.npy", "v.items.json"])
def test_a_matrix_and_its_ids_appear_together_or_not_at_all(tmp_path, place):
    (tmp_path / place).mkdir()
    with pytest.raises(InputError, match=f"{place}: is a directory"):
        export_vectors(model(SMALL), tmp_path / "v.npy")
    assert [path.name for path in tmp_path.iterdir()] == [place]


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("export models/history --format word2vec", "models/history"),
        ("export elsewhere/../models/v.txt", "elsewhere/../models/v.txt"),
        ("export link/counts.npy", "link/counts.npy"),
        ("evaluate --report models/page.html", "models/page.html"),
        ("tune --out models/history --force", "models/history"),
    ],
)
def test_nothing_is_written_among_the_models(monkeypatch, store, publish, run, command, place):
    version = publish()
    monkeypatch.chdir(store.directory.parent)
    Path("elsewhere").mkdir()
    Path("link").symlink_to(store.path(version))
    before = sorted(store.directory.rglob("*"))
    result = run(*command.split())
    assert result.code == 2
    assert result.error == f"error: {place} lies in models, among the models: name another file"
    assert sorted(store.directory.rglob("*")) == before
    assert store.load().manifest.model_version == version


# What cannot be read

ROW = struct.pack("<2f", 1.0, 2.0)
NAN = struct.pack("<2f", 1.0, np.nan)
BAD = {
    "empty.txt": (b"", "the file is empty"),
    "empty.gz": (gzip.compress(b""), "the file is empty"),
    "glove.txt": (b"pear 1.0 2.0\nplum 1.0 2.0\n", "row 0 is b'pear 1.0 2.0"),
    "headless.txt": (b"2\npear 1.0 2.0\n", "row 0"),
    "negative.txt": (b"-2 2\n", "row 0"),
    "unended.txt": (b"2 2", "row 0"),
    "none.txt": (b"0 2\n", "the header '0 2' announces no vectors"),
    "flat.txt": (b"2 0\na\nb\n", "the header '2 0' announces no vectors"),
    "huge.txt": (b"999999999999999999 100\na 1.0\n", "row 0, the header, announces 9999"),
    "huge.gz": (gzip.compress(b"999999999999 100\na 1.0\n"), "row 0, the header, announces 9999"),
    "fewer.txt": (b"3 2\na 1.0 2.0\nb 1.0 2.0\n", "row 3 .*the file ends here"),
    "fewer.bin": (b"3 2\na " + ROW + b"b " + ROW, "row 3 .*the file ends here"),
    "cut.txt": (b"2 2\na 1.0 2.0\nb 1.0 2.", "row 2 .*the line has no end"),
    "cut-early.txt": (b"2 2\na 1.0 2.0\nb 1.0", "row 2 .*it has 1 numbers"),
    "cut.bin": (b"2 2\na " + ROW + b"b " + ROW[:-1], "row 2 .*the file ends here"),
    "cut-id.bin": (b"2 2\na " + ROW + b"blue", "row 2 .*the file ends here"),
    "cut.gz": (gzip.compress(SMALL_TEXT)[:-12], "damaged after row"),
    "more.txt": (b"1 2\na 1.0 2.0\nb 1.0 2.0\n", "row 2 .*announces only 1 rows"),
    "more.bin": (b"1 2\na " + ROW + b"b " + ROW, "row 2 .*announces only 1 rows"),
    "wide.txt": (b"2 2\na 1.0 2.0\nb 1.0 2.0 3.0\n", "row 2 .*3 numbers, the header says 2"),
    "narrow.txt": (b"2 3\na 1.0 2.0\nb 1.0 2.0\n", "row 1 .*2 numbers, the header says 3"),
    "blank.txt": (b"2 2\na 1.0 2.0\nb  1.0 2.0\n", "row 2 .*3 numbers"),
    "gap.txt": (b"2 2\na 1.0 2.0\n\nb 1.0 2.0\n", "row 2 .*it has no id"),
    "no-id.txt": (b"2 2\na 1.0 2.0\n 1.0 2.0\n", "row 2 .*it has no id"),
    "no-id.bin": (b"2 2\na " + ROW + b" " + ROW, "row 2 .*it has no id"),
    "word.txt": (b"2 2\na 1.0 2.0\nb 1.0 red\n", "row 2 .*'red'"),
    "word-first.txt": (b"1 2\na 1.0 red\n", "row 1 .*'red'"),
    "twice.txt": (b"2 2\na 1.0 2.0\na 1.0 2.0\n", "row 2 .*the id 'a' is that of row 1"),
    "twice.bin": (b"2 2\na " + ROW + b"\na " + ROW, "row 2 .*the id 'a' is that of row 1"),
    "latin.txt": (b"2 2\na 1.0 2.0\ncaf\xe9 1.0 2.0\n", "row 2 .*not UTF-8"),
    "latin.bin": (b"2 2\na " + ROW + b"caf\xe9 " + ROW, "row 2 .*not UTF-8"),
    "nan.txt": (b"2 2\na 1.0 2.0\nb nan 2.0\n", "row 2 .*NaN"),
    "nan.bin": (b"2 2\na " + ROW + b"b " + NAN, "row 2 .*NaN"),
    "infinite.txt": (b"2 2\na 1.0 2.0\nb 1.0 1e39\n", "row 2 .*infinite"),
    "too-long.txt": (b"2 2\na 1.0 2.0\nb 1e20 0.0\n", "row 2 .*too large"),
    "endless-id.bin": (b"2 2\na " + ROW + 100_000 * b"x", "row 2 .*no id ends"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_used_names_itself_and_the_row(tmp_path, monkeypatch, run, name):
    content, reason = BAD[name]
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    result = run("import", name)
    assert result.code == 2
    assert re.match(f"error: {re.escape(name)}: .*{reason}|error: {name}: {reason}", result.error)
    assert result.out == ""
    assert Store(Path("models")).versions() == []


@pytest.mark.parametrize("content", [SMALL_TEXT, SMALL_BINARY])
def test_every_truncation_is_refused(tmp_path, content):
    path = tmp_path / "v"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InputError):
            read_vectors(path)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["import", "gone.bin"], "there is no file gone.bin"),
        (["import", "."], ". is a directory"),
        (["export", "v.csv"], "v.csv: no format has this ending"),
        (["export", "v.txt", "--version", "v9"], "there is no version 'v9'"),
    ],
)
def test_what_cannot_be_done_exits_with_2(tmp_path, monkeypatch, publish, run, arguments, reason):
    publish()
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.code == 2
    assert reason in result.error


# The commands


@pytest.mark.parametrize("command", ["export", "import"])
def test_the_commands_have_help(run, command):
    assert f"Usage: item2vec {command}" in run(command, "--help").words


def test_an_unknown_format_is_wrong_usage(run):
    assert run("export", "v.txt", "--format", "word3vec").code == 2


def test_an_imported_model_can_be_promoted_and_asked(tmp_path, monkeypatch, publish, run):
    published = publish()
    monkeypatch.chdir(tmp_path)
    result = run("export", "v.bin.gz")
    assert result.code == 0
    assert result.out == "wrote 6 input vectors of 2 numbers to v.bin.gz\n"

    result = run("import", "v.bin.gz")
    assert result.code == 0
    _, version = Store(Path("models")).versions()
    assert Store(Path("models")).current() == published
    promote = result.out.splitlines()[1].split()
    assert promote == ["item2vec", "models", "promote", version]
    assert run(*promote[1:]).code == 0

    assert run("similar", "apple", "--json").json["items"][0]["item_id"] == "pear"
    after = run("similar", "apple", "--relation", "next")
    assert after.code == 2
    assert f"model {version} does not know what comes next" in after.error
    assert run("export", "again.bin.gz").code == 0
    assert Path("again.bin.gz").read_bytes() == Path("v.bin.gz").read_bytes()
    assert "no output vectors" in run("export", "x.bin", "--vectors", "output").error
    assert version in run("models", "list").out


def test_an_import_tells_what_the_file_did_not_hold(tmp_path, store):
    path = tmp_path / "v.bin"
    path.write_bytes(SMALL_BINARY)
    manifest = import_vectors(path, store, IndexConfig(search="exact"))
    artifact = store.load(manifest.model_version)
    assert list(artifact.item_ids) == ["pear", "plüm"]
    assert list(artifact.titles) == [None, None]
    assert artifact.counts.tolist() == [1, 1]
    assert artifact.input_vectors.tobytes() == matrix(SMALL).tobytes()
    assert not artifact.output_vectors.any()
    assert artifact.manifest.config["imported"] == {
        "file": "v.bin",
        "format": "word2vec-binary",
        "sha256": hashlib.sha256(SMALL_BINARY).hexdigest(),
    }
    assert artifact.manifest.config["index"]["search"] == "exact"
    assert artifact.manifest.output == "none"
    assert "no counts" in artifact.manifest.verdict
    assert "output vectors" in artifact.manifest.verdict
    popular = Recommender(artifact).recommend(["unknown"])
    assert [neighbor.item_id for neighbor in popular.neighbors] == ["pear", "plüm"]
