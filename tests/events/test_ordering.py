import threading
import time

import polars as pl
import pytest

from trainer.config.data import DataConfig
from trainer.events import ordering
from trainer.events.encoding import PARTITIONS, encode
from trainer.events.log.reader import Events
from trainer.events.scratch import Scratch
from trainer.threads import threads


def log_of_every_partition() -> Events:
    """Sessions of two events each, so many that every partition has some."""
    rows = [(f"s{session}", item) for session in range(20 * PARTITIONS) for item in "ab"]
    return Events(pl.DataFrame(rows, schema=["session", "item"], orient="row"), len(rows))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_disk_slower_than_the_sorting_does_not_fill_the_memory(monkeypatch, workers):
    begun, waiting, sorters = [], [], set()
    order, write = ordering._order, Scratch.write

    def count_begun(*arguments):
        begun.append(1)
        sorters.add(threading.current_thread())
        return order(*arguments)

    def write_slowly(scratch, array, file):
        write(scratch, array, file)
        if begun:  # before, the log is spread over partitions
            time.sleep(0.002)
            waiting.append(len(begun) - len(waiting))

    monkeypatch.setattr(ordering, "_order", count_begun)
    monkeypatch.setattr(Scratch, "write", write_slowly)
    encode([log_of_every_partition()], DataConfig(session="session"), workers=workers)
    assert len(waiting) == len(begun) == PARTITIONS
    assert max(waiting) <= workers + 2  # what is being written, and what waits for it
    assert len(sorters) <= workers


def test_events_are_ordered_by_as_many_threads_as_the_configuration_says(
    tmp_path, monkeypatch, run
):
    (tmp_path / "log.csv").write_text("session,item_id\na,x\na,y\nb,x\nb,y\n")
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(
        ordering, "bounded_threads", lambda workers: seen.append(workers) or threads(workers)
    )
    settings = ["--paths", "log.csv", "--session", "session", "--epochs", "1"]
    assert run("train", *settings, "--workers", "3").code == 0
    assert seen == [3]
