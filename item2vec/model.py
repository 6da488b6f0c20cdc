"""A model, and all that it can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from item2vec.answer import Answer
from item2vec.packages import training_packages
from item2vec.rules import (
    Id,
    LikedItem,
    RuleKeywords,
    as_count,
    as_flag,
    as_id,
    as_ids,
    as_liked,
    as_number,
    as_rules,
    as_text,
)
from item2vec.tables import as_html
from service.model.answers import Explanation, Item
from service.model.artifact import Artifact, Manifest
from service.model.continuations import Relation
from service.model.queries import Liked, Rules, Taste
from service.model.recommender import Recommender
from service.model.store import Store

if TYPE_CHECKING:
    from item2vec.evaluation import Evaluation
    from item2vec.logs import Log
    from trainer.artifacts.exports import Vectors
    from trainer.config.data import DataConfig


class Model:
    """Item vectors and what is known of the items: a mapping of ids to vectors, that recommends.

    Made by `item2vec.train` and `item2vec.load`. It does not change, so threads can share it.

    Args:
        artifact: everything that was trained.
        hidden: ids that no answer names.
        data: the log it was trained on and what its columns mean, if that is at hand.
    """

    def __init__(
        self, artifact: Artifact, hidden: Iterable[str] = (), data: DataConfig | None = None
    ) -> None:
        self.artifact = artifact
        self._recommender = Recommender(artifact)
        self._recommender.hidden = self._recommender.rows_of(hidden)
        self._data = data

    # What it holds

    @property
    def version(self) -> str:
        """Its name: when it was trained."""
        return self.manifest.model_version

    @property
    def manifest(self) -> Manifest:
        """Settings, what became of the log, figures of the training run."""
        return self.artifact.manifest

    @cached_property
    def ids(self) -> list[str]:
        """The ids in the order of the rows of `vectors`, the most frequent first."""
        return list(self.artifact.item_ids)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The input vectors, float32 [items, vector_size], read-only and not copied."""
        view = np.asarray(self.artifact.input_vectors).view()
        view.flags.writeable = False
        return view

    def __len__(self) -> int:
        """The number of items."""
        return self.manifest.items

    def __iter__(self) -> Iterator[str]:
        """The ids, as of a mapping."""
        return iter(self.ids)

    def __contains__(self, item_id: object) -> bool:
        """Whether the model knows the item."""
        return isinstance(item_id, str | Integral) and str(item_id) in self._recommender

    def __getitem__(self, item_id: Id) -> NDArray[np.float32]:
        """The vector of an item, float32 [vector_size], read-only.

        Raises:
            UnknownItemError: the model does not know it.
        """
        view = np.asarray(self._recommender.vector(as_id(item_id))).view()
        view.flags.writeable = False
        return view

    def item(self, item_id: Id) -> Item:
        """Id, title, occurrences in training and metadata of an item.

        Raises:
            UnknownItemError: the model does not know it.
        """
        return self._recommender.item(as_id(item_id))

    def find(self, text: str, k: int = 10) -> list[Item]:
        """Items with every word of the text in their id or title, the most frequent first.

        Raises:
            InputError: an argument means nothing.
        """
        return self._recommender.find(as_text("text", text), as_count("k", k, 1))

    # What it answers

    def similar(self, item_id: Id, k: int = 10, **rules: Unpack[RuleKeywords]) -> Answer:
        """The items most similar to an item, by cosine.

        Args:
            item_id: the item.
            k: how many items.
            rules: `exclude` and `candidates` (ids), `filter` ("price < 20"), `min_count`,
                `min_score`, `diversity` (0 to 1), `offset`.

        Raises:
            UnknownItemError: the model does not know the item.
            InputError: a rule means nothing.
        """
        return self._to_one(as_id(item_id), k, "similar", as_rules(rules))

    def next(self, item_id: Id, k: int = 10, **rules: Unpack[RuleKeywords]) -> Answer:
        """The items that come after an item, or go with it; arguments and errors as of `similar`.

        For a session so far, ask `recommend(session, relation="next")`.

        Raises:
            NoContinuationsError: the model does not know what comes next.
        """
        return self._to_one(as_id(item_id), k, "next", as_rules(rules))

    def recommend(
        self,
        liked: Id | Liked | Iterable[LikedItem] = (),
        k: int = 10,
        *,
        disliked: Id | Liked | Iterable[LikedItem] = (),
        relation: Relation = "similar",
        decay: float | None = None,
        allow_seen: bool = False,
        **rules: Unpack[RuleKeywords],
    ) -> Answer:
        """The items that suit a taste, or that come after a session.

        Args:
            liked: ids, the newest last, or pairs of an id and its weight.
            k: how many items.
            disliked: items to move away from, written as the liked ones.
            relation: "similar", or "next" for what comes after the liked items.
            decay: the share of its weight that an item keeps per step back; None: as the model
                was fitted.
            allow_seen: whether the liked items, too, may be answered; disliked ones never are.
            rules: as of `similar`.

        Raises:
            InputError: an argument means nothing.
            NoContinuationsError: the model does not know what comes next.
        """
        if decay is not None:
            decay = as_number("decay", decay, 0, 1)
        taste = _taste(liked, disliked, allow_seen)
        query = self._recommender.query(
            taste, as_count("k", k, 1), relation=relation, decay=decay, rules=as_rules(rules)
        )
        [neighbors] = self._recommender.best([query])
        answer = self._recommender.recommendation(taste, query, neighbors)
        reason = self._recommender.short_because(query, len(answer.neighbors))
        return Answer(
            answer.neighbors,
            answer.unknown_items,
            answer.fallback_used,
            reason,
            answer.ignored_items,
        )

    def explain(
        self,
        item_id: Id,
        liked: Id | Liked | Iterable[LikedItem] = (),
        *,
        disliked: Id | Liked | Iterable[LikedItem] = (),
        relation: Relation = "similar",
        decay: float | None = None,
        allow_seen: bool = False,
        **rules: Unpack[RuleKeywords],
    ) -> Explanation:
        """Why an item is recommended for a taste, or why not.

        Args:
            item_id: the item.
            liked: as of `recommend`, and so are all others.
            disliked: items to move away from.
            relation: "similar" or "next".
            decay: the share of its weight that an item keeps per step back.
            allow_seen: whether the liked items, too, may be answered.
            rules: as of `similar`.

        Returns:
            Score, rank, what each item of the taste adds to the score, which voices speak for what
            comes next, and the rule that keeps the item out.

        Raises:
            UnknownItemError: the model does not know the item.
            InputError: an argument means nothing.
            NoContinuationsError: the model does not know what comes next.
        """
        if decay is not None:
            decay = as_number("decay", decay, 0, 1)
        taste = _taste(liked, disliked, allow_seen)
        query = self._recommender.query(
            taste, 1, relation=relation, decay=decay, rules=as_rules(rules)
        )
        return self._recommender.explain(query, as_id(item_id))

    def analogy(
        self,
        positive: Id | Iterable[Id],
        negative: Id | Iterable[Id] = (),
        k: int = 10,
        **rules: Unpack[RuleKeywords],
    ) -> Answer:
        """The items nearest to a sum of items minus other items; see `similar` for the rules.

        Raises:
            UnknownItemError: the model does not know one of them.
            InputError: no item was given, or a rule means nothing.
        """
        query = self._recommender.analogy_query(
            as_ids(positive), as_ids(negative), as_count("k", k, 1), as_rules(rules)
        )
        [neighbors] = self._recommender.best([query])
        reason = self._recommender.short_because(query, len(neighbors))
        return Answer(neighbors, short_because=reason)

    def similarity(self, first: Id, second: Id) -> float:
        """The cosine of two items.

        Raises:
            UnknownItemError: the model does not know one of them.
        """
        return self._recommender.similarity(as_id(first), as_id(second))

    def _to_one(self, item_id: str, k: int, relation: Relation, rules: Rules) -> Answer:
        k = as_count("k", k, 1)
        neighbors = self._recommender.similar(item_id, k, relation, rules)
        reason = None
        if len(neighbors) < k:
            query = self._recommender.item_query(item_id, k, relation, rules)
            reason = self._recommender.short_because(query, len(neighbors))
        return Answer(neighbors, short_because=reason)

    # Where it goes

    def save(self, directory: str | Path, *, promote: bool = True) -> str:
        """Adds the model to a store as a new version, and publishes it without asking the gate.

        A service over this directory serves it from then on.

        Args:
            directory: of the store; made if there is none.
            promote: whether to publish it.

        Returns:
            The name of the version.

        Raises:
            JobRunningError: a retraining runs on the store.
            UnavailableError: the disk is full or fails.
        """
        store = Store(Path(directory))
        with store.job():
            version = store.add(self._named).model_version
            if promote:
                store.promote(version)
        return version

    def export(self, file: str | Path, vectors: Vectors = "input") -> None:
        """Writes the vectors for another program, by the ending of the file.

        Args:
            file: .txt, .vec and .bin are word2vec files, which may be gzipped; .parquet; .npy.
            vectors: "input", "output", or the "average" of both.

        Raises:
            InputError: the ending is unknown, the format cannot hold an id, or the model has no
                such vectors.
            MissingPackageError: the file is .parquet, and `item2vec[train]` is not installed.
        """
        with training_packages():
            from trainer.artifacts.exports import export_vectors

            export_vectors(self.artifact, Path(file), vectors=vectors)

    def evaluate(
        self, log: Log | None = None, *, progress: bool | None = None, **settings: Any
    ) -> Evaluation:
        """Holds out the newest sessions of a log, trains on the others and compares both.

        A new model is trained with the settings of this one, so that it has not seen what it is
        asked, and ranked beside models that only count. See `trainer.jobs.evaluate`.

        Args:
            log: as of `item2vec.train`; None: the one this model was trained on.
            progress: whether to show it; None: in notebooks and terminals.
            settings: any of `[evaluation]`, such as `test_share=0.2`, and of training.

        Raises:
            InputError: the log cannot be used, or too little of it is left.
            MissingPackageError: `item2vec[train]` is not installed.
        """
        with training_packages():
            from item2vec.evaluation import evaluate
        return evaluate(self.manifest, self._data, log, progress, settings)

    def _named(self, version: str) -> Artifact:
        manifest = self.manifest.model_copy(update={"model_version": version})
        return replace(self.artifact, manifest=manifest)

    # What a notebook shows

    def __repr__(self) -> str:
        """One line."""
        relations = " and ".join(self._recommender.relations)
        return (
            f"<item2vec.Model {self.version}: {len(self):,} items, "
            f"{self.manifest.vector_size} dimensions, answers {relations}>"
        )

    def _repr_html_(self) -> str:
        data, trained = self.manifest.data, self.manifest.config.get("training", {})
        rows = {
            "version": self.version,
            "items": f"{len(self):,}",
            "events": f"{data['events_kept']:,}" if "events_kept" in data else None,
            "sessions": f"{data['sessions']:,}" if "sessions" in data else None,
            "from, until": " … ".join(
                data[name] for name in ("first_event", "last_event") if data.get(name)
            ),
            "dimensions": str(self.manifest.vector_size),
            "objective": trained.get("objective"),
            "window, epochs": ", ".join(
                str(trained[name]) for name in ("window", "epochs") if name in trained
            ),
            "answers": ", ".join(self._recommender.relations),
            "most frequent": ", ".join(
                title or item_id
                for item_id, title in zip(
                    self.artifact.item_ids[:5], self.artifact.titles[:5], strict=True
                )
            ),
        }
        return as_html(("model", ""), [(name, value) for name, value in rows.items() if value])


def _taste(
    liked: Id | Liked | Iterable[LikedItem],
    disliked: Id | Liked | Iterable[LikedItem],
    allow_seen: bool,
) -> Taste:
    seen = as_flag("allow_seen", allow_seen)
    return Taste(as_liked(liked), as_liked(disliked), allow_seen=seen)
