import pytest

from trainer.config.sections import TrainingConfig
from trainer.word2vec.architecture import architecture_of
from trainer.word2vec.kernels.cbow import Cbow
from trainer.word2vec.kernels.shared_skip_gram import SharedSkipGram
from trainer.word2vec.kernels.skip_gram import SkipGram

SAMPLING = {"objective": "negative-sampling"}
TREE = {"objective": "hierarchical-softmax"}


@pytest.mark.parametrize(
    ("settings", "is_weighted", "kind"),
    [
        (SAMPLING, False, SharedSkipGram),
        (SAMPLING | {"shared_negatives": 0}, False, SkipGram),
        (SAMPLING, True, SkipGram),
        (TREE, False, SkipGram),
        (SAMPLING | {"architecture": "cbow"}, False, Cbow),
        (TREE | {"architecture": "cbow"}, True, Cbow),
    ],
)
def test_noise_is_shared_by_skip_gram_with_negative_sampling_and_without_weights(
    settings, is_weighted, kind
):
    assert type(architecture_of(TrainingConfig(**settings), 11, is_weighted)) is kind
