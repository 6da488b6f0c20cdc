import threading
import time

import pytest

from trainer.threads import bounded_threads, threads


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("kind", [threads, bounded_threads])
def test_results_come_in_the_order_of_the_tasks(kind, workers):
    def add(a, b):
        time.sleep(0.001 * (a % 3))
        return a + b

    with kind(workers) as map_numbers:
        assert list(map_numbers(add, range(20), range(0, 200, 10))) == list(range(0, 220, 11))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_no_more_results_wait_for_a_slow_consumer_than_workers_and_one(workers):
    begun, waiting = [], []
    with bounded_threads(workers) as map_numbers:
        for taken, _ in enumerate(map_numbers(begun.append, range(30)), 1):
            time.sleep(0.002)
            waiting.append(len(begun) - taken)
    assert len(waiting) == 30
    assert max(waiting) <= workers + 1


@pytest.mark.parametrize("kind", [threads, bounded_threads])
def test_a_failure_drops_the_tasks_not_begun(kind):
    begun = []

    def fail(number):
        begun.append(number)
        time.sleep(0.01)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"), kind(2) as map_numbers:
        list(map_numbers(fail, range(1000)))
    assert len(begun) < 100
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_one_worker_is_the_thread_that_asks():
    with bounded_threads(1) as map_numbers:
        assert list(map_numbers(lambda _: threading.current_thread(), [0])) == [
            threading.main_thread()
        ]
