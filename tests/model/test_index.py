"""A search that begins with codes, beside one that compares with every item."""

import faiss
import numpy as np
import pytest

from service.model import index
from service.model.similarity import SimilarSettings
from tests.conftest import plain_index
from trainer.artifacts.index import SMALLEST_QUANTIZED, cosine_index
from trainer.config.sections import IndexConfig

SIZE = 49  # and a column for reliability
ITEMS = SMALLEST_QUANTIZED // (SIZE + 1)
RANDOM = np.random.default_rng(0)
CENTERS = RANDOM.normal(size=(100, SIZE))[RANDOM.integers(0, 100, ITEMS)]
VECTORS = (CENTERS + RANDOM.normal(scale=0.7, size=(ITEMS, SIZE))).astype(np.float32)
COUNTS = RANDOM.integers(1, 100, ITEMS)
SETTINGS = SimilarSettings(answer_shrinkage=3, query_shrinkage=20)


@pytest.fixture(scope="module")
def indexes() -> tuple[faiss.Index, faiss.Index]:
    """Of the same items, with codes and without."""
    quantized, exact = (
        cosine_index(VECTORS, COUNTS, SETTINGS, IndexConfig(search=search))
        for search in ("quantized", "exact")
    )
    return quantized, exact


@pytest.mark.parametrize("k", [1, 2, 20, 100])
def test_codes_lose_hardly_an_answer(indexes: tuple[faiss.Index, faiss.Index], k: int):
    tastes = index.rows(indexes[1])[::200].copy()
    (scores, rows), (best, _) = (index.search(one, tastes, k) for one in indexes)
    assert np.mean(scores >= best[:, -1:] - 1e-6) >= 0.999
    given = np.einsum("tc,tkc->tk", tastes, index.rows(indexes[1])[rows])
    np.testing.assert_allclose(scores, given, atol=1e-5)
    assert np.all(np.diff(scores) <= 0)


def test_a_long_list_is_compared_with_every_item(
    indexes: tuple[faiss.Index, faiss.Index], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(faiss.IndexRefineFlat, "search", None)
    tastes = index.rows(indexes[1])[:2].copy()
    found, expected = (index.search(one, tastes, ITEMS // 10) for one in indexes)
    np.testing.assert_array_equal(found[1], expected[1])


def test_few_items_have_no_codes(indexes: tuple[faiss.Index, faiss.Index]):
    assert index.is_quantized(indexes[0])
    assert not index.is_quantized(indexes[1])
    assert not index.is_quantized(plain_index(VECTORS[:-1]))


def test_codes_make_a_search_of_many_items_quick(monkeypatch: pytest.MonkeyPatch):
    index_of = {"quantized": faiss.IndexRefineFlat, "exact": faiss.IndexFlatIP}
    for kind, most in (("exact", 80_000), ("quantized", 400_000)):
        for items, is_quick in ((most, True), (2 * most, False)):
            one = index_of[kind].__new__(index_of[kind])
            monkeypatch.setattr(index_of[kind], "ntotal", items)
            monkeypatch.setattr(index_of[kind], "d", 100)
            assert index.is_quick(one) == is_quick
