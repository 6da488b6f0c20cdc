import numpy as np
import pytest

from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions
from trainer.word2vec import batch_loss
from trainer.word2vec.batch_loss import NOTHING, Batch, BatchLoss
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.matrices import Matrices
from trainer.word2vec.noise import noise_probabilities

# Three items; item 0 is followed by 1 and 2 with probability .7 and .2, and so on: P[a, b].
P = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.25, 0.25, 0.5]])
COUNTS = np.array([60, 30, 10])
BATCH = Batch(
    targets=np.array([[1, 0, 2, 1], [0, 2, 2, 1], [2, 0, 0, 1]]),
    context=np.array([[0, 1], [2, NOTHING], [1, 0]]),
)


@pytest.fixture(autouse=True)
def _three_negatives(monkeypatch):
    monkeypatch.setattr(batch_loss, "NEGATIVES", 3)


def matrices_that_say(p, **settings):
    """Matrices of a model that has learnt these probabilities, and its configuration."""
    config = TrainingConfig(vector_size=16, **settings)
    vectors, output = np.zeros((2, 3, 16), np.float32)
    vectors[:, :3] = np.eye(3)
    if config.objective == "negative-sampling":
        noise = config.negative * noise_probabilities(COUNTS, config.ns_exponent)
        output[:, :3] = (np.log(p / (1 - p)) - np.log(noise)).T
    else:
        tree = build_tree(COUNTS)
        for node in range(2):
            below = {label: np.zeros(3) for label in (0, 1)}
            for item in range(3):
                path = dict(zip(*tree.path(item), strict=True))
                if node in path:
                    below[path[node]] += p[:, item]
            output[node, :3] = np.log(below[1] / below[0])
    return Matrices(vectors.ravel(), output.ravel(), 16), config


def expected(p):
    """The loss by its definition: three items told from three draws of noise."""
    noise = 3 * noise_probabilities(COUNTS, 0.75)
    total = 0.0
    for (center, *negatives), (context, _) in zip(BATCH.targets, BATCH.context, strict=True):
        odds = p[context] / (1 - p[context]) / noise
        total += -np.log(odds[center] / (1 + odds[center]))
        total += sum(np.log(1 + odds[item]) for item in negatives if item != center)
    return total / len(BATCH.targets)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"negative": 2},
        {"negative": 40, "ns_exponent": -0.5},
        {"objective": "hierarchical-softmax"},
    ],
)
def test_models_that_know_the_same_have_the_same_loss_whatever_they_were_told(settings):
    matrices, config = matrices_that_say(P, **settings)
    assert BatchLoss(BATCH, COUNTS, config)(matrices) == pytest.approx(expected(P), rel=1e-5)


def test_a_model_that_knows_more_has_a_lower_loss():
    sure = np.array([[0.05, 0.9, 0.05], [0.05, 0.05, 0.9], [0.9, 0.05, 0.05]])
    matrices, config = matrices_that_say(sure)
    blurred, _ = matrices_that_say((sure + 1 / 3) / 2)
    measure = BatchLoss(BATCH, COUNTS, config)
    assert measure(matrices) < measure(blurred)


@pytest.mark.parametrize("mean", [True, False])
def test_cbow_is_asked_with_the_whole_context(mean):
    matrices, config = matrices_that_say(P, architecture="cbow", cbow_mean=mean)
    vectors = matrices.input.reshape(3, 16)
    vectors[1] = vectors[0]  # the mean of two equal vectors is either of them
    same = Batch(BATCH.targets[:1], np.array([[0, 1]]))
    alone = Batch(BATCH.targets[:1], np.array([[0, NOTHING]]))
    of_both = BatchLoss(same, COUNTS, config)(matrices)
    of_one = BatchLoss(alone, COUNTS, config)(matrices)
    assert (of_both == pytest.approx(of_one)) == mean


def test_measuring_changes_nothing_and_repeats_to_the_bit():
    matrices, config = matrices_that_say(P)
    before = matrices.input.copy(), matrices.output.copy()
    measure = BatchLoss(BATCH, COUNTS, config)
    assert measure(matrices) == measure(matrices)
    assert (matrices.input == before[0]).all()
    assert (matrices.output == before[1]).all()


def test_a_batch_is_of_neighbors_in_one_session_nearest_first():
    items = np.array([7, 0, 1, 2, 3, 4, 5, 6], np.int32)
    batch = Batch.draw(Sessions(items, np.array([0, 1, 8])), np.full(8, 1))
    assert set(batch.targets[:, 0]) == set(range(7))  # the session of one item has no context
    at_the_start = batch.context[batch.targets[:, 0] == 0][0]
    assert at_the_start[:5].tolist() == [1, 2, 3, 4, 5]
    assert (at_the_start[5:] == NOTHING).all()
    inside = batch.context[batch.targets[:, 0] == 3][0]
    assert inside[:6].tolist() == [4, 2, 5, 1, 6, 0]


def test_a_batch_depends_on_the_log_alone(islands):
    sessions, vocabulary = islands
    one, two = (Batch.draw(sessions, vocabulary.counts) for _ in range(2))
    assert (one.targets == two.targets).all()
    assert (one.context == two.context).all()


def test_sessions_of_single_items_have_no_loss():
    sessions = Sessions(np.array([0, 1, 0], np.int32), np.array([0, 1, 2, 3]))
    matrices, config = matrices_that_say(P)
    assert BatchLoss(Batch.draw(sessions, COUNTS), COUNTS, config)(matrices) == 0.0
