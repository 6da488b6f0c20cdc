import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.similarity import unit
from trainer.corpus import Vocabulary
from trainer.word2vec.alignment import EarlierModel, find_rotation
from trainer.word2vec.continuity import continue_space
from trainer.word2vec.training import Snapshot, TrainedVectors

SIZE = 6
LAST = Snapshot(1, 1, 1, 1, 1, 0.0, 0.0, 1.0)


def normal(seed: int, items: int = 40, size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(items, size)).astype(np.float32)


def orthogonal(seed: int, size: int = SIZE) -> np.ndarray:
    """Any rotation or reflection."""
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    return matrix


def names(items: int, prefix: str = "item") -> list[str]:
    return [f"{prefix}-{row}" for row in range(items)]


def vocabulary(items: int = 40, count: int = 100) -> Vocabulary:
    return Vocabulary(names(items), np.full(items, count))


def trained(vectors: np.ndarray, output: np.ndarray | None = None) -> TrainedVectors:
    return TrainedVectors(vectors, vectors[::-1] if output is None else output, [], LAST)


def earlier(
    vectors: np.ndarray, *, ids: list[str] | None = None, count: int = 100, share: float = 0.0
) -> EarlierModel:
    return EarlierModel(
        item_ids=ids or names(len(vectors)),
        input=vectors,
        output=None,
        version="v1",
        space="v0",
        counts=np.full(len(vectors), count),
        share=share,
    )


@given(seed=st.integers(0, 1000))
def test_a_planted_rotation_is_found(seed):
    vectors, planted = normal(seed), orthogonal(seed + 1)
    old = (vectors @ planted).astype(np.float32)
    found = find_rotation(vectors, vocabulary(), earlier(old))
    np.testing.assert_allclose(found.matrix, planted, atol=1e-5)
    assert found.cosine_after == pytest.approx(1, abs=1e-5)
    assert found.cosine_before == pytest.approx((unit(vectors) * unit(old)).sum(1).mean(), abs=1e-5)
    assert found.items == 40


def test_a_planted_rotation_is_found_among_items_of_other_rows_and_lengths():
    vectors, planted = normal(1), orthogonal(2)
    order = np.random.default_rng(3).permutation(40)[:30]
    old = (vectors[order] * np.arange(1, 31)[:, None] @ planted).astype(np.float32)
    ids = [f"item-{row}" for row in order]
    found = find_rotation(vectors, vocabulary(), earlier(old, ids=ids))
    assert found.items == 30
    np.testing.assert_allclose(found.matrix, planted, atol=1e-5)


def test_items_that_changed_do_not_turn_the_others():
    vectors, planted = normal(1), orthogonal(2)
    old = (vectors @ planted).astype(np.float32)
    old[::8] = normal(3, 5)
    found = find_rotation(vectors, vocabulary(), earlier(old))
    np.testing.assert_allclose(found.matrix, planted, atol=1e-5)
    assert 0.5 < found.cosine_after < 0.999


@given(seed=st.integers(0, 1000))
def test_turning_changes_no_score(seed):
    vectors, output, old = normal(seed), normal(seed + 1), normal(seed)
    old = (old @ orthogonal(seed) + 0.1 * normal(seed + 2)).astype(np.float32)
    turned, alignment = continue_space(trained(vectors, output), vocabulary(), earlier(old))
    assert alignment.refusal is None
    assert alignment.blend == 0
    assert np.abs(turned.input - vectors).max() > 0.1
    cosines = unit(vectors) @ unit(vectors).T
    np.testing.assert_allclose(unit(turned.input) @ unit(turned.input).T, cosines, atol=1e-6)
    scores = vectors @ output.T
    np.testing.assert_allclose(turned.input @ turned.output.T, scores, rtol=1e-6, atol=1e-5)


def test_what_is_trained_and_the_earlier_model_stay_as_they_are():
    vectors, old = normal(1), (normal(1) @ orthogonal(2)).astype(np.float32)
    before = vectors.copy(), old.copy()
    continue_space(trained(vectors), vocabulary(), earlier(old, share=0.5))
    assert (vectors == before[0]).all()
    assert (old == before[1]).all()


@pytest.mark.parametrize(
    ("vectors", "model", "why"),
    [
        (normal(1), earlier(normal(1, size=5)), "its vectors have 5 numbers, the new ones 6"),
        (normal(1), earlier(normal(1), ids=names(40, "other")), "it shares 0 items"),
        (normal(1), earlier(normal(1)[:1]), "it shares 1 items of at least 20 events"),
        (normal(1), earlier(normal(1), count=19), "it shares 0 items of at least 20 events"),
        (np.zeros((40, SIZE), np.float32), earlier(normal(1)), "it shares 0 items"),
        (normal(1), earlier(np.zeros((40, SIZE), np.float32)), "it shares 0 items"),
        (normal(1, 400), earlier(normal(2, 400)), "the ids may have come to mean other items"),
    ],
)
def test_without_a_rotation_vectors_stay_and_it_is_said_why(vectors, model, why):
    given_vectors = trained(vectors)
    kept, alignment = continue_space(given_vectors, vocabulary(len(vectors)), model)
    assert kept is given_vectors
    assert why in alignment.refusal
    assert alignment.onto == "v1"


def test_rare_items_are_turned_but_do_not_decide():
    vectors, planted = normal(1), orthogonal(2)
    old = (vectors @ planted).astype(np.float32)
    old[30:] = normal(3, 10)
    counts = np.array([100] * 30 + [19] * 10)
    found = find_rotation(vectors, Vocabulary(names(40), counts), earlier(old))
    assert found.items == 30
    np.testing.assert_allclose(found.matrix, planted, atol=1e-5)
    np.testing.assert_allclose(found.turn(vectors), vectors @ planted, atol=1e-5)


def test_an_item_without_a_vector_stays_without_one():
    vectors = normal(1)
    vectors[3] = 0
    turned, _ = continue_space(trained(vectors), vocabulary(), earlier(normal(1)))
    assert not turned.input[3].any()
    assert np.isfinite(turned.input).all()


def test_blended_items_lie_between_both_models_and_new_ones_do_not():
    vectors = normal(1)
    old = normal(1)[:30] + np.float32(0.1)
    turned, _ = continue_space(trained(vectors), vocabulary(), earlier(old))
    blended, alignment = continue_space(trained(vectors), vocabulary(), earlier(old, share=0.75))
    assert alignment.blend == 0.75
    between = 0.25 * turned.input[:30] + 0.75 * old
    np.testing.assert_allclose(blended.input[:30], between, atol=1e-5)
    assert (blended.input[30:] == turned.input[30:]).all()
    assert (blended.output == turned.output).all()


def test_the_rarer_an_item_was_before_the_less_of_its_old_vector_stays():
    vectors, old = normal(1), normal(1) + 0.1 * normal(2)
    model = earlier(old, count=25, share=0.8)
    blended, _ = continue_space(trained(vectors), vocabulary(count=100), model)
    turned, _ = continue_space(trained(vectors), vocabulary(count=100), earlier(old, count=25))
    np.testing.assert_allclose(blended.input, 0.8 * turned.input + 0.2 * old, atol=1e-5)


def test_an_item_that_has_become_another_one_is_followed_at_once():
    vectors, old = normal(1), normal(1) + 0.1 * normal(2)
    old[3] = -old[3]
    turned, _ = continue_space(trained(vectors), vocabulary(), earlier(old))
    blended, alignment = continue_space(trained(vectors), vocabulary(), earlier(old, share=0.9))
    assert alignment.changed == 1
    assert (blended.input[3] == turned.input[3]).all()
    assert (blended.input[4] != turned.input[4]).any()


def test_of_a_rare_item_chance_is_not_told_from_change():
    vectors, old = normal(1), normal(1)
    old[30:] = -old[30:]
    model = EarlierModel(
        **earlier(old, share=0.9).__dict__ | {"counts": np.array([100] * 30 + [19] * 10)}
    )
    _, alignment = continue_space(trained(vectors), vocabulary(), model)
    assert alignment.changed == 0


def test_output_rows_of_items_are_blended_too():
    vectors = normal(1)
    model = earlier(vectors, share=0.5)
    of_items = EarlierModel(**{**model.__dict__, "output": np.zeros_like(vectors)})
    blended, _ = continue_space(trained(vectors, vectors), vocabulary(), of_items)
    np.testing.assert_allclose(blended.output, vectors / 2, atol=1e-5)


def test_an_item_that_shifts_is_followed_within_nights():
    random = np.random.default_rng(0)
    truth = normal(1)
    published = truth.copy()
    truth[0] += 1.2 * np.linalg.norm(truth[0]) * orthogonal(1)[0].astype(np.float32)
    found = []
    for _night in range(6):
        chance = 0.2 * random.normal(size=truth.shape)
        anew = ((truth + chance) @ orthogonal(int(random.integers(1000)))).astype(np.float32)
        turned, alignment = continue_space(
            trained(anew), vocabulary(), earlier(published, share=0.6)
        )
        published = turned.input
        found.append((unit(published) * unit(truth)).sum(axis=1)[0])
        assert alignment.changed == 0
    assert found[0] < 0.9 < 0.95 < found[-1]


def test_blending_averages_out_what_chance_does():
    random = np.random.default_rng(0)
    truth, moves = normal(1), {0.0: [], 0.6: []}
    for share, found in moves.items():
        published = truth
        for _night in range(8):
            anew = (truth + 0.3 * random.normal(size=truth.shape)).astype(np.float32)
            turned, _ = continue_space(trained(anew), vocabulary(), earlier(published, share=share))
            found.append((unit(published) * unit(turned.input)).sum(axis=1).mean())
            published = turned.input
    assert 1 - np.mean(moves[0.6]) < (1 - np.mean(moves[0.0])) / 4
