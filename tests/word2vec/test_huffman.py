import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import naive
from trainer.word2vec.huffman import build_tree


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
