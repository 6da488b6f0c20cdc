import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import naive
from trainer.config.sections import TrainingConfig
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.kernels.gradient import gradient
from trainer.word2vec.kernels.hidden import BLOCK, Cbow, SkipGram
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.kernels.walk import Context, Corpus, train_sessions
from trainer.word2vec.matrices import Matrices
from trainer.word2vec.noise import alias_table, noise_probabilities, noise_table
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import chunk_seeds

ALPHA = 0.05
SEEDS = chunk_seeds(1, 2, 3)
POSTCARD = [[0, 1, 2, 1, 3], [4], [2, 2, 0, 5, 1, 4, 0], [5, 3], list(range(6)) * 7]

ARCHITECTURES = ["skip-gram", "cbow"]
WINDOWS = [
    {"window": 2},
    {"window": 3, "shrink": False},
    {"window": "session", "max_contexts": 100},
    {"window": "session", "max_contexts": 4},
]
# Fractions that float32 holds exactly, wholes and nothing.
WEIGHTS = [[(place % 7) * 0.375 for place, _ in enumerate(session)] for session in POSTCARD]


def padded(matrix):
    width = -(-matrix.shape[1] // LANES) * LANES
    rows = np.zeros((matrix.shape[0], width), np.float32)
    rows[:, : matrix.shape[1]] = matrix
    return rows


def corpus(sessions, weights=None):
    offsets = np.cumsum([0, *map(len, sessions)]).astype(np.int64)
    flat = np.concatenate(weights) if weights else np.empty(0)
    return Corpus(np.concatenate(sessions).astype(np.int32), offsets, flat.astype(np.float32))


def world(architecture, objective, mean=True, sample=0.0, **window):
    """The same setting for the twin and for the kernel."""
    counts = np.array([9, 7, 5, 4, 2, 1])
    tree = build_tree(counts)
    keep = np.full(6, 2**32 - 1, np.uint64)
    if sample:
        keep[:3] = int(sample * 2**32)
    setting = naive.Setting(
        cbow=architecture == "cbow",
        mean=mean,
        negative=4,
        hierarchical=objective == "hierarchical-softmax",
        keep=[int(value) for value in keep],
        alias=noise_table(counts, 0.75).astype(np.int64),
        paths=[tree.path(item) for item in range(6)],
        **window,
    )
    whole_session = setting.window == "session"
    context = Context(
        keep,
        whole_session,
        setting.max_contexts,
        1 if whole_session else setting.window,
        setting.shrink,
    )
    config = TrainingConfig(negative=4)
    return setting, context, OBJECTIVES[objective](counts, config)


def train_with_kernel(sessions, setting, context, objective, matrices):
    """What the kernel returns; the matrices are changed."""
    of_noise, of_the_walk = SEEDS
    architecture = SkipGram(np.empty(BLOCK, np.int64))
    if setting.cbow:
        hidden = np.empty(2 * matrices.width, np.float32)
        architecture = Cbow(setting.mean, np.zeros(1, np.int64), hidden)
    n_sessions = len(sessions.offsets) - 1
    source = objective.targets(of_noise)
    return train_sessions(
        sessions, 0, n_sessions, context, architecture, source, matrices, ALPHA, of_the_walk
    )


def assert_twins_agree(setting, context, objective, vector_size, sessions=POSTCARD, atol=2e-5):
    random = np.random.default_rng(3)
    vectors = random.normal(0, 0.5, (6, vector_size)).astype(np.float32)
    output = random.normal(0, 0.5, (6, vector_size)).astype(np.float32)
    inputs_of_kernel, outputs_of_kernel = padded(vectors), padded(output)

    kernel_loss, kernel_rows = train_with_kernel(
        corpus(sessions, setting.weights),
        setting,
        context,
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


def pairs_of(weights, n_sessions):
    """Pairs trained on sessions of three items with these weights."""
    setting = world("skip-gram", "negative-sampling", window=2, shrink=False)
    matrices = Matrices(np.zeros(6 * 16, np.float32), np.zeros(6 * 16, np.float32), 16)
    sessions = corpus([[0, 1, 2]] * n_sessions, [weights] * n_sessions)
    _, pairs = train_with_kernel(sessions, *setting, matrices)
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


@pytest.mark.parametrize("length", [BLOCK, BLOCK + 1, BLOCK + 2])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_twins_agree_where_a_context_fills_a_block(architecture, length):
    setting = world(architecture, "negative-sampling", window="session", max_contexts=100)
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
    session = corpus([np.arange(length) % 6])
    loss, pairs = train_with_kernel(session, *setting, matrices)
    assert pairs == 20 * length
    assert np.isfinite(loss)


def one_step(hidden, output, targets, labels, alpha):
    """The kernel's gradient on all hidden rows; returns the changed matrices and the loss."""
    hidden_rows, output_rows = padded(hidden), padded(output)
    width = hidden_rows.shape[1]
    positive_first = sorted(range(len(targets)), key=lambda t: -labels[t])
    loss = gradient(
        hidden_rows.ravel(),
        np.arange(len(hidden)) * width,
        len(hidden),
        output_rows.ravel(),
        np.array([targets[t] * width for t in positive_first]),
        sum(labels),
        len(targets),
        np.float32(alpha),
        width,
        np.zeros(len(hidden) * len(targets) + LANES, np.float32),
    )
    columns = hidden.shape[1]
    return hidden_rows[:, :columns], output_rows[:, :columns], loss


def test_the_gradient_agrees_with_finite_differences_of_the_loss():
    random = np.random.default_rng(5)
    hidden, output = random.normal(size=(1, 4)), random.normal(size=(5, 4))
    targets, labels = [0, 3, 1, 4], [1, 0, 0, 0]

    def loss(hidden, output):
        scores = hidden @ output[targets].T
        return naive.loss(scores, np.broadcast_to(labels, scores.shape))

    stepped_hidden, stepped_output, _ = one_step(hidden, output, targets, labels, alpha=1.0)
    for matrix, step in (
        (hidden, stepped_hidden - hidden),
        (output, stepped_output - output),
    ):
        for place in np.ndindex(matrix.shape):
            value = matrix[place]
            matrix[place] = value + 1e-5
            above = loss(hidden, output)
            matrix[place] = value - 1e-5
            below = loss(hidden, output)
            matrix[place] = value
            assert step[place] == pytest.approx(-(above - below) / 2e-5, abs=2e-6)


@pytest.mark.parametrize("score", [-60.0, -20.0, -3.0, 0.0, 0.5, 9.0, 30.0])
@pytest.mark.parametrize("label", [0, 1])
def test_sigmoid_and_loss_are_exact_at_any_score(score, label):
    hidden, output = np.array([[score]]), np.array([[1.0]])
    stepped, _, loss = one_step(hidden, output, [0], [label], alpha=1.0)
    probability = naive.sigmoid(score)
    assert stepped[0, 0] - score == pytest.approx(label - probability, abs=4e-6)
    assert loss == pytest.approx(
        float(np.logaddexp(0, score if label == 0 else -score)), rel=1e-5, abs=1e-6
    )


def test_a_row_that_stands_twice_gets_both_of_its_steps():
    hidden, output = np.array([[0.3]]), np.array([[0.2]])
    once, _, _ = one_step(hidden, output, [0], [0], alpha=0.01)
    twice, _, _ = one_step(hidden, output, [0, 0], [0, 0], alpha=0.01)
    assert twice[0, 0] - 0.3 == pytest.approx(2 * (once[0, 0] - 0.3), rel=0.01)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_the_alias_table_gives_every_item_its_weight(weights):
    weights = np.array(weights, np.float64)
    table = alias_table(weights)
    kept = table[:, 0] / 2.0**32
    probability = kept.copy()
    np.add.at(probability, table[:, 1], 1 - kept)
    np.testing.assert_allclose(probability / len(weights), weights / weights.sum(), atol=1e-8)


@pytest.mark.parametrize("exponent", [0.75, 0.0, 1.0, -0.5])
def test_noise_follows_the_exponent(exponent):
    counts = np.array([100, 10, 1])
    noise = noise_probabilities(counts, exponent)
    assert noise.sum() == pytest.approx(1)
    assert noise[0] / noise[2] == pytest.approx(100.0**exponent)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_the_huffman_tree_is_optimal_and_its_codes_are_prefix_free(counts):
    counts = np.array(sorted(counts, reverse=True))
    tree = build_tree(counts)
    paths = [tree.path(item) for item in range(len(counts))]
    lengths = [len(rows) for rows, _ in paths]
    assert int(np.dot(counts, lengths)) == naive.huffman_cost(counts)
    assert max(lengths) == tree.depth
    assert sum(2.0**-length for length in lengths) == 1.0
    codes = ["".join(map(str, reversed(labels))) for _, labels in paths]
    assert len(set(codes)) == len(codes)
    assert not any(a != b and b.startswith(a) for a in codes for b in codes)


def test_hierarchical_softmax_gives_probabilities_that_sum_to_one():
    random = np.random.default_rng(7)
    counts = np.array([9, 7, 5, 4, 2, 1])
    tree = build_tree(counts)
    hidden, output = random.normal(size=8), random.normal(size=(6, 8))
    total = 0.0
    for item in range(6):
        rows, labels = tree.path(item)
        # The kernel's own loss of this path is minus the log of the item's probability.
        _, _, loss = one_step(hidden[None, :], output, rows, labels, alpha=0.0)
        total += np.exp(-loss)
    assert total == pytest.approx(1.0, abs=1e-6)
