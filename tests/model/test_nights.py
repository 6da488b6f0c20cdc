"""The record of the nightly job."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.model import nights as module
from service.model.errors import ArtifactError, UnavailableError
from service.model.nights import Night, Nights


def night(day: int = 1, **fields) -> Night:
    when = datetime(2026, 1, day, 3, tzinfo=UTC)
    given = {"started": when, "ended": when, "outcome": "failed", "exit_code": 1, "why": "it rains"}
    return Night(**given | fields)


def test_what_is_noted_is_read_by_another_process_in_the_same_order(tmp_path: Path):
    noted = [night(1), night(2, outcome="published", exit_code=0, version="v1", why="good")]
    assert Nights(tmp_path / "new").runs() == ()
    for one in noted:
        Nights(tmp_path / "new").add(one)
    assert list(Nights(tmp_path / "new").runs()) == noted


def test_a_reader_sees_new_runs_and_does_not_read_the_file_again_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    reader = Nights(tmp_path)
    Nights(tmp_path).add(night(1))
    assert len(reader.runs()) == 1
    Nights(tmp_path).add(night(2))
    assert len(reader.runs()) == 2
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("was read again"))
    assert len(reader.runs()) == 2


def test_the_oldest_runs_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEPT", 3)
    for day in range(1, 6):
        Nights(tmp_path).add(night(day))
    assert [run.started.day for run in Nights(tmp_path).runs()] == [3, 4, 5]


def test_runs_that_end_at_once_are_all_noted(tmp_path: Path):
    def note(day: int) -> None:
        Nights(tmp_path).add(night(day))

    threads = [threading.Thread(target=note, args=(day,)) for day in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.started.day for run in Nights(tmp_path).runs()) == list(range(1, 9))


def test_why_is_one_line_whatever_an_error_says(tmp_path: Path):
    Nights(tmp_path).add(night(why="two\n lines\0 \udcff \x1b[31m" + "x" * 5000))
    (line,) = (tmp_path / "nights").read_text().splitlines()
    (run,) = Nights(tmp_path).runs()
    assert json.loads(line)["why"] == run.why
    assert run.why.startswith("two lines [31mxxx")
    assert len(run.why) == 1000


def test_a_damaged_line_is_named_and_does_not_stop_the_next_run_from_being_noted(tmp_path: Path):
    Nights(tmp_path).add(night(1))
    with (tmp_path / "nights").open("a") as file:
        file.write('{"started": \n')
    Nights(tmp_path).add(night(2))
    with pytest.raises(ArtifactError, match=r"nights is damaged in line 2: delete that line"):
        Nights(tmp_path).runs()
    lines = (tmp_path / "nights").read_text().splitlines()
    (tmp_path / "nights").write_text(f"{lines[0]}\n{lines[2]}\n")
    assert [run.started.day for run in Nights(tmp_path).runs()] == [1, 2]


def test_a_store_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(UnavailableError, match="taken"):
        Nights(tmp_path / "taken").add(night())
