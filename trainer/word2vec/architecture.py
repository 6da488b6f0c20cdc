"""Chooses what the kernels train blocks on, by the settings."""

from trainer.config.sections import TrainingConfig
from trainer.word2vec.kernels.architectures import Architecture
from trainer.word2vec.kernels.blocks import CENTERS, SPAN
from trainer.word2vec.kernels.cbow import Cbow
from trainer.word2vec.kernels.shared_skip_gram import (
    SHARED_SPAN,
    SPAN_OF_RUNS,
    SharedSkipGram,
    most_shared_targets,
)
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.kernels.skip_gram import SkipGram

# The context of CBOW is one row, however far it reaches.
ANY_SPAN = 2**40


def architecture_of(config: TrainingConfig, max_targets: int, is_weighted: bool) -> Architecture:
    """What blocks are trained on.

    Skip-gram with shared noise swaps the roles of the center and its context, so that an event
    could not count as a center as often as its weight says: with weights, noise is not shared.

    Args:
        config: the settings.
        max_targets: the largest number of targets of one center.
        is_weighted: whether events have weights.
    """
    own_targets = CENTERS * -(-max_targets // LANES) * LANES
    if config.architecture == "cbow":
        return Cbow(ANY_SPAN, 0, own_targets, config.cbow_mean)
    if config.shares_noise and not is_weighted:
        negative, in_place_of = config.negative, config.shared_negatives
        room = most_shared_targets(negative, in_place_of)
        return SharedSkipGram(SHARED_SPAN, SPAN_OF_RUNS, room, negative, in_place_of)
    return SkipGram(SPAN, 0, own_targets)
