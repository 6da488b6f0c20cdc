import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.word2vec.noise import alias_table, noise_probabilities


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
