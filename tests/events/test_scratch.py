import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.errors import ConfigError
from trainer.events.scratch import Scratch, Spool

some_rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**31 - 1)), max_size=30)


@given(batches=st.lists(some_rows, max_size=5))
def test_a_spool_gives_back_every_partition_in_the_order_of_writing(batches):
    spool = Spool(Scratch(), {"value": np.int32, "twice": np.int64}, partitions=4)
    for rows in batches:
        partition = np.array([row[0] for row in rows], np.uint8)
        value = np.array([row[1] for row in rows], np.int32)
        spool.add({"value": value, "twice": 2 * value.astype(np.int64)}, partition)
    expected = {
        number: [value for rows in batches for place, value in rows if place == number]
        for number in range(4)
    }
    assert spool.filled() == [number for number in range(4) if expected[number]]
    for number in spool.filled():
        columns = spool.take(number)
        assert columns["value"].tolist() == expected[number]
        assert columns["twice"].tolist() == [2 * value for value in expected[number]]
        assert (columns["value"].dtype, columns["twice"].dtype) == (np.int32, np.int64)
    assert spool.filled() == []


def test_an_array_on_disk_is_an_array_of_zeros():
    array = Scratch().array(1000, np.float32)
    assert (array.dtype, array.shape, array.any()) == (np.float32, (1000,), False)
    array[:] = 1
    assert array.sum() == 1000
    assert len(Scratch().array(0, np.int32)) == 0


def test_nothing_lies_around_in_the_directory(tmp_path):
    scratch = Scratch(tmp_path)
    array = scratch.array(1000, np.int32)
    with scratch.file():
        assert list(tmp_path.iterdir()) == []
    assert array.any() == np.False_


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=f"{tmp_path}/none: No such file.*`scratch`"):
        Scratch(tmp_path / "none").file()


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=f"cannot be written to {tmp_path}: .*`scratch`"):
        Scratch(tmp_path).array(2**58, np.int64)
