import faiss
import numpy as np
import pytest

from service.model.similarity import SimilarSettings, answer_rows, unit
from trainer.artifacts import build, index
from trainer.artifacts.index import cosine_index
from trainer.config.sections import IndexConfig
from trainer.continuations import neighbors
from trainer.continuations import table as continuations
from trainer.continuations.table import near_items
from trainer.faiss_threads import faiss_threads

VECTORS = np.random.default_rng(2).normal(size=(500, 8)).astype(np.float32)
MODEL = VECTORS, np.ones(500, np.int64), SimilarSettings()


@pytest.fixture
def many_cores():
    """FAISS takes seven threads unless it is told otherwise."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(7)
    yield
    assert faiss.omp_get_max_threads() == 7
    faiss.omp_set_num_threads(before)


@pytest.mark.usefixtures("many_cores")
def test_faiss_is_limited_within_and_free_again_afterwards():
    with faiss_threads(3):
        assert faiss.omp_get_max_threads() == 3
    assert faiss.omp_get_max_threads() == 7
    with pytest.raises(KeyboardInterrupt), faiss_threads(3):
        raise KeyboardInterrupt
    assert faiss.omp_get_max_threads() == 7


@pytest.mark.usefixtures("many_cores")
@pytest.mark.parametrize("smallest_quantized", [4500, 4501])
def test_the_index_is_built_on_as_many_threads_as_it_is_given(monkeypatch, smallest_quantized):
    monkeypatch.setattr(index, "SMALLEST_QUANTIZED", smallest_quantized)
    seen = set()
    monkeypatch.setattr(
        index,
        "answer_rows",
        lambda *some: seen.add(faiss.omp_get_max_threads()) or answer_rows(*some),
    )
    cosine_index(*MODEL, IndexConfig(), workers=2)
    assert seen == {2}


@pytest.mark.usefixtures("many_cores")
@pytest.mark.parametrize("most_compared", [1000, 100])
def test_items_near_by_their_vectors_are_searched_on_as_many_threads_as_given(
    monkeypatch, most_compared
):
    seen = set()
    monkeypatch.setattr(neighbors, "MOST_COMPARED", most_compared)
    monkeypatch.setattr(
        continuations, "unit", lambda some: seen.add(faiss.omp_get_max_threads()) or unit(some)
    )
    near_items(VECTORS, 5, 0.05, workers=2)
    assert seen == {2}


def test_one_thread_learns_the_same_codes_every_time(monkeypatch):
    monkeypatch.setattr(index, "SMALLEST_QUANTIZED", 4500)
    indexes = [
        faiss.serialize_index(cosine_index(*MODEL, IndexConfig(), workers=1)) for _ in range(2)
    ]
    assert np.array_equal(*indexes)


@pytest.mark.parametrize(("flags", "expected"), [([], [3]), (["--deterministic"], [1])])
def test_a_deterministic_run_makes_its_index_on_one_thread(
    tmp_path, monkeypatch, run, flags, expected
):
    (tmp_path / "log.csv").write_text("session,item_id\na,x\na,y\nb,x\nb,y\n")
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(
        build,
        "cosine_index",
        lambda *model, workers: seen.append(workers) or cosine_index(*model),
    )
    settings = ["--paths", "log.csv", "--session", "session", "--epochs", "1", "--workers", "3"]
    assert run("train", *settings, *flags).code == 0
    assert seen == expected
