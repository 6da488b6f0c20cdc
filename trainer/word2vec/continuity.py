"""Continues the vector space of an earlier model."""

from dataclasses import replace

from service.model.lineage import Alignment
from trainer.corpus import Vocabulary
from trainer.word2vec.alignment import AlignmentError, EarlierModel, find_rotation
from trainer.word2vec.blending import Shares
from trainer.word2vec.training import TrainedVectors


def continue_space(
    vectors: TrainedVectors, vocabulary: Vocabulary, earlier: EarlierModel
) -> tuple[TrainedVectors, Alignment]:
    """Turns vectors onto those of an earlier model, then blends them with those.

    Both matrices are turned by the same rotation, so that scores stay as they are, whether output
    rows belong to items or to nodes of a tree. Output rows are blended only where they belong to
    items in both models.

    Args:
        vectors: what was trained.
        vocabulary: its items.
        earlier: the earlier model, and its share; 0 turns only.

    Returns:
        The vectors, the same ones if there is no rotation, and what was done.
    """
    try:
        rotation = find_rotation(vectors.input, vocabulary, earlier)
    except AlignmentError as error:
        return vectors, Alignment(onto=earlier.version, refusal=str(error))
    turned = replace(
        vectors, input=rotation.turn(vectors.input), output=rotation.turn(vectors.output)
    )
    changed = 0
    if earlier.share:
        shares = Shares(turned.input, vocabulary, earlier)
        changed = shares.changed
        shares.blend(turned.input, earlier.input)
        if earlier.output is not None:
            shares.blend(turned.output, earlier.output)
    alignment = Alignment(
        onto=earlier.version,
        items=rotation.items,
        cosine_before=rotation.cosine_before,
        cosine_after=rotation.cosine_after,
        blend=earlier.share,
        changed=changed,
    )
    return turned, alignment
