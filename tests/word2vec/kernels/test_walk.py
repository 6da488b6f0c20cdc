import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import naive
from tests.word2vec.kernels.worlds import padded
from trainer.config.sections import TrainingConfig
from trainer.word2vec.architecture import architecture_of
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.kernels.blocks import CENTERS, SPAN
from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.kernels.shared_skip_gram import SHARED_SPAN
from trainer.word2vec.kernels.walk import Context, Corpus, train_sessions
from trainer.word2vec.matrices import Matrices
from trainer.word2vec.noise import noise_table
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import chunk_seeds

ALPHA = 0.05
SEEDS = chunk_seeds(1, 2, 3)
POSTCARD = [[0, 1, 2, 1, 3], [4], [2, 2, 0, 5, 1, 4, 0], [5, 3], list(range(6)) * 7]

ARCHITECTURES = ["skip-gram", "cbow"]
SHARED = 1.5
NO_COPIES = Copies(0, 0, 0, 1.0)
WINDOWS = [
    {"window": 2},
    {"window": 3, "shrink": False},
    {"window": "session", "max_contexts": 100},
    {"window": "session", "max_contexts": 4},
]
# Fractions that float32 holds exactly, wholes and nothing.
# Sessions of other items, so that four neighbors are four items.
DISTINCT = [[0, 1, 2, 3, 4, 5, 0, 1, 2, 3], [4, 5], [0], list(range(6)) * 7]
WEIGHTS = [[(place % 7) * 0.375 for place, _ in enumerate(session)] for session in POSTCARD]


def corpus(sessions, keep, weights=None):
    offsets = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    items = np.concatenate(sessions).astype(np.int32)
    flat = np.concatenate(weights) if weights else np.empty(0)
    return Corpus(items, offsets, flat.astype(np.float32), np.array(keep, np.uint32))


def world(architecture, objective, mean=True, sample=0.0, **window):
    """The same setting for the twin and for the kernel."""
    counts = np.array([9, 7, 5, 4, 2, 1])
    tree = build_tree(counts)
    keep = [int(sample * 2**32) if sample and item < 3 else 2**32 - 1 for item in range(6)]
    setting = naive.Setting(
        cbow=architecture == "cbow",
        mean=mean,
        negative=4,
        hierarchical=objective == "hierarchical-softmax",
        keep=keep,
        alias=noise_table(counts, 0.75).astype(np.int64),
        paths=[tree.path(item) for item in range(6)],
        **window,
    )
    whole_session = setting.window == "session"
    context = Context(
        whole_session,
        setting.max_contexts,
        1 if whole_session else setting.window,
        setting.shrink,
    )
    config = TrainingConfig(
        architecture=architecture,
        objective=objective,
        cbow_mean=mean,
        negative=4,
        shared_negatives=setting.shared,
    )
    return setting, context, config, OBJECTIVES[objective](counts, config)


def train_with_kernel(sessions, setting, context, config, objective, matrices, copies=NO_COPIES):
    """What the kernel returns; the matrices are changed."""
    of_noise, of_the_walk = SEEDS
    kept = corpus(sessions, setting.keep, setting.weights)
    return train_sessions(
        kept,
        0,
        len(sessions),
        context,
        architecture_of(config, objective.max_targets, setting.weights is not None),
        objective.targets(of_noise),
        matrices,
        copies,
        ALPHA,
        of_the_walk,
    )


def assert_twins_agree(
    setting, context, config, objective, vector_size, sessions=POSTCARD, atol=2e-5
):
    random = np.random.default_rng(3)
    vectors = random.normal(0, 0.5, (6, vector_size)).astype(np.float32)
    output = random.normal(0, 0.5, (6, vector_size)).astype(np.float32)
    inputs_of_kernel, outputs_of_kernel = padded(vectors), padded(output)

    kernel_loss, kernel_rows = train_with_kernel(
        sessions,
        setting,
        context,
        config,
        objective,
        Matrices(inputs_of_kernel.ravel(), outputs_of_kernel.ravel(), inputs_of_kernel.shape[1]),
    )
    vectors, output = vectors.astype(np.float64), output.astype(np.float64)
    loss, rows = naive.train(sessions, vectors, output, setting, ALPHA, SEEDS)

    assert kernel_rows == rows
    assert kernel_loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(inputs_of_kernel[:, :vector_size], vectors, atol=atol)
    np.testing.assert_allclose(outputs_of_kernel[:, :vector_size], output, atol=atol)
    assert not inputs_of_kernel[:, vector_size:].any()
    assert not outputs_of_kernel[:, vector_size:].any()


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("objective", list(OBJECTIVES))
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_kernel_equals_its_naive_twin(architecture, objective, window):
    assert_twins_agree(*world(architecture, objective, **window), vector_size=20)


@pytest.mark.parametrize("sample", [0.0, 0.5])
@pytest.mark.parametrize("window", [*WINDOWS, {"window": 40}], ids=str)
@pytest.mark.parametrize("sessions", [POSTCARD, DISTINCT], ids=["repeats", "distinct"])
def test_the_kernel_equals_its_naive_twin_where_noise_is_shared(sessions, window, sample):
    setting = world("skip-gram", "negative-sampling", shared=SHARED, sample=sample, **window)
    assert_twins_agree(*setting, vector_size=20, sessions=sessions)


@pytest.mark.parametrize("n_sessions", range(1, CENTERS + 1))
def test_the_twins_agree_where_the_last_block_is_not_full(n_sessions):
    setting = world("skip-gram", "negative-sampling", shared=SHARED, window=2)
    assert_twins_agree(*setting, vector_size=16, sessions=[[1, 2, 1]] * n_sessions)


@pytest.mark.parametrize("vector_size", [1, 16, 33])
def test_the_twins_agree_at_any_vector_size(vector_size):
    setting = world("skip-gram", "negative-sampling", window=2)
    assert_twins_agree(*setting, vector_size=vector_size)


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_the_twins_agree_when_cbow_sums(objective):
    assert_twins_agree(*world("cbow", objective, mean=False, window=2), vector_size=20)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_twins_agree_when_items_are_thinned_out(architecture):
    setting = world(architecture, "negative-sampling", sample=0.5, window=2)
    assert_twins_agree(*setting, vector_size=20)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("objective", list(OBJECTIVES))
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_twins_agree_when_events_have_weights(architecture, objective, window):
    setting = world(architecture, objective, weights=WEIGHTS, **window)
    assert_twins_agree(*setting, vector_size=20)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_weights_stay_with_their_events_when_items_are_thinned_out(window):
    setting = world("skip-gram", "negative-sampling", sample=0.5, weights=WEIGHTS, **window)
    assert_twins_agree(*setting, vector_size=20)


@pytest.mark.parametrize("objective", list(OBJECTIVES))
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_one_thread_trains_copies_as_it_trains_the_rows(architecture, objective):
    n_hot = 3
    setting = world(architecture, objective, shared=SHARED, window=2)
    *_, targets = setting
    hot = Copies(n_hot, targets.first_hot_row(n_hot), 6, 1.0)
    results = []
    for copies in (NO_COPIES, hot):
        random = np.random.default_rng(3)
        flat = random.normal(0, 0.5, (2, (6 + 2 * n_hot) * 16)).astype(np.float32)
        matrices = Matrices(flat[0], flat[1], 16)
        loss, pairs = train_with_kernel(POSTCARD, *setting, matrices, copies)
        results.append((loss, pairs, flat[:, : 6 * 16]))
    (loss, pairs, plain), (loss_of_copies, pairs_of_copies, with_copies) = results
    assert pairs == pairs_of_copies
    assert loss_of_copies == pytest.approx(loss, rel=1e-4)
    np.testing.assert_allclose(with_copies, plain, atol=1e-4)


def pairs_of(weights, n_sessions):
    """Pairs trained on sessions of three items with these weights."""
    all_weights = [weights] * n_sessions
    setting = world("skip-gram", "negative-sampling", window=2, shrink=False, weights=all_weights)
    matrices = Matrices(np.zeros(6 * 16, np.float32), np.zeros(6 * 16, np.float32), 16)
    _, pairs = train_with_kernel([[0, 1, 2]] * n_sessions, *setting, matrices)
    return pairs


@settings(max_examples=10)
@given(st.floats(0, 3, width=32))
def test_a_center_has_pairs_in_proportion_to_its_weight(weight):
    # Two pairs each time; the mean of 400 chances is within 5 standard errors of 1 / 40.
    assert pairs_of([weight, 0, 0], 400) / 400 == pytest.approx(2 * weight, abs=2 * 5 / 40)


def test_whole_weights_leave_nothing_to_chance():
    assert pairs_of([3, 0, 1], 10) == 10 * 2 * 4


def test_a_session_of_weights_of_zero_teaches_nothing():
    setting = world("skip-gram", "negative-sampling", window=2, weights=[[0, 0, 0]])
    assert_twins_agree(*setting, vector_size=16, sessions=[[1, 2, 3]])
    assert pairs_of([0, 0, 0], 10) == 0


@pytest.mark.parametrize("shared", [0, SHARED])
@pytest.mark.parametrize("length", [SHARED_SPAN, SHARED_SPAN + 1, SPAN, SPAN + 1])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_twins_agree_where_a_context_fills_a_block(architecture, length, shared):
    window = {"window": "session", "max_contexts": 100}
    setting = world(architecture, "negative-sampling", shared=shared, **window)
    sessions = [[item % 6 for item in range(length)]] * 2
    assert_twins_agree(*setting, vector_size=16, sessions=sessions)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_sessions_of_one_item_teach_nothing(architecture, window):
    setting = world(architecture, "negative-sampling", **window)
    assert_twins_agree(*setting, vector_size=16, sessions=[[1], [2], [3]])


@pytest.mark.parametrize(
    "window", [{"window": 1, "shrink": False}, {"window": "session", "max_contexts": 2}], ids=str
)
def test_the_twins_agree_on_a_session_of_100_000_items(window):
    length = 2_000 if numba.config.DISABLE_JIT else 100_000
    items = np.random.default_rng(11).integers(0, 6, length).tolist()
    setting = world("skip-gram", "negative-sampling", **window)
    # Each of some 30,000 steps of a row rounds to float32.
    assert_twins_agree(*setting, vector_size=4, sessions=[items], atol=4e-4)


def test_a_session_of_a_million_items_is_not_trained_by_its_square():
    length = 1_000 if numba.config.DISABLE_JIT else 1_000_000
    setting = world("skip-gram", "negative-sampling", window="session", max_contexts=20)
    matrices = Matrices(np.zeros(6 * 16, np.float32), np.zeros(6 * 16, np.float32), 16)
    loss, pairs = train_with_kernel([np.arange(length) % 6], *setting, matrices)
    assert pairs == 20 * length
    assert np.isfinite(loss)
