"""Trains gensim with the settings of a `TrainingConfig`."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary

# gensim drops the words of a sentence beyond this.
LONGEST_SENTENCE = 10_000


def new_model(sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig) -> Word2Vec:
    """An untrained model with all items of the vocabulary and all tables built."""
    hierarchical = config.objective == "hierarchical-softmax"
    model = Word2Vec(
        sg=int(config.architecture == "skip-gram"),
        hs=int(hierarchical),
        negative=0 if hierarchical else config.negative,
        vector_size=config.vector_size,
        window=config.window,
        shrink_windows=config.shrink_windows,
        ns_exponent=config.ns_exponent,
        sample=config.sample,
        alpha=config.alpha,
        min_alpha=config.min_alpha,
        cbow_mean=int(config.cbow_mean),
        epochs=config.epochs,
        workers=config.workers,
        seed=config.seed,
        min_count=1,
    )
    frequencies = dict(zip(vocabulary.item_ids, vocabulary.counts.tolist(), strict=True))
    model.build_vocab_from_freq(frequencies, corpus_count=len(sessions))
    return model


def to_sentences(sessions: Sessions, vocabulary: Vocabulary) -> list[list[str]]:
    """The sessions as gensim wants them.

    Raises:
        ValueError: gensim would drop part of a session.
    """
    if sessions.lengths().max() > LONGEST_SENTENCE:
        raise ValueError(
            f"gensim drops the items of a session beyond the first {LONGEST_SENTENCE:,}"
        )
    ids = [vocabulary.item_ids[item] for item in sessions.items.tolist()]
    bounds = sessions.offsets.tolist()
    return [ids[low:high] for low, high in pairwise(bounds)]


def write_sentences(path: Path, sessions: Sessions, vocabulary: Vocabulary) -> None:
    """Writes the file for `corpus_file` mode: one session per line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(" ".join(ids) + "\n" for ids in to_sentences(sessions, vocabulary))


def train_on_file(model: Word2Vec, path: Path, sessions: Sessions) -> int:
    """Trains in gensim's fastest mode; returns the number of items it reports, kept or not."""
    _, read = model.train(
        corpus_file=str(path),
        total_examples=len(sessions),
        total_words=len(sessions.items),
        epochs=model.epochs,
    )
    return int(read)


def train_vectors(
    sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig
) -> NDArray[np.float32]:
    """Input vectors, float32 [items, vector_size], trained from memory.

    Given the number of items alone, gensim lowers its learning rate by items, as we do. Given the
    number of sessions, it would lower it by sessions, and learn more from long sessions that come
    first.
    """
    model = new_model(sessions, vocabulary, config)
    model.train(
        to_sentences(sessions, vocabulary),
        total_words=len(sessions.items),
        epochs=model.epochs,
    )
    vectors: NDArray[np.float32] = model.wv[vocabulary.item_ids]
    return vectors
