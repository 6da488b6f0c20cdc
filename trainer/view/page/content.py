"""Gathers everything that the page shows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.comparison import Evaluation
from trainer.evaluation.interchangeability import Interchangeability
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases
from trainer.evaluation.weighed import Weighed
from trainer.view.page.facts import Facts, facts_of, name_of_log
from trainer.view.page.headline import Headline, headline
from trainer.view.page.places import ItemMap, item_map
from trainer.view.page.samples import Sample, samples_of


@dataclass(frozen=True, eq=False)
class PageContent:
    """Everything on the page.

    Attributes:
        title: what is evaluated.
        headline: what came of it.
        facts: what was evaluated, label to text.
        evaluation: the models side by side.
        interchangeability: what the neighbours of all of them have in common with the item.
        losses: the loss of each epoch; empty if there is none.
        session_lengths: int64 [sessions].
        item_map: the most frequent items.
        samples: a few cases.
        weighed: what the weights of what comes next are worth; None without weights.
    """

    title: str
    headline: Headline
    facts: Facts
    evaluation: Evaluation
    interchangeability: Interchangeability
    losses: list[float]
    session_lengths: NDArray[np.int64]
    item_map: ItemMap
    samples: list[Sample]
    weighed: Weighed | None = None


def page_content(
    evaluation: Evaluation,
    interchangeability: Interchangeability,
    models: Mapping[str, Served],
    cases: Cases,
    session_lengths: NDArray[np.int64],
    held_out: str,
) -> PageContent:
    """Gathers what the page shows.

    Args:
        evaluation: of `models` and others on `cases`; the first of `models` is its first one.
        interchangeability: of the same models.
        models: the relations of the evaluated model, name to ranker.
        cases: the cases of the evaluation.
        session_lengths: int64 [sessions], of the training sessions.
        held_out: how the cases were held out, as a sentence.
    """
    artifact = next(iter(models.values())).recommender.artifact
    manifest = artifact.manifest
    return PageContent(
        title=f"Evaluation: {name_of_log(manifest)}",
        headline=headline(evaluation, models),
        facts=facts_of(manifest, held_out),
        evaluation=evaluation,
        interchangeability=interchangeability,
        losses=list(manifest.metrics.get("epoch_losses") or []),
        session_lengths=session_lengths,
        item_map=item_map(artifact),
        samples=samples_of(models, cases, evaluation.protocol),
    )
