"""How far vectors and answers stay from night to night, and what that costs in quality.

`python -m bench.stability`; stability.md in this folder describes the questions and the results.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.kept_tree import KeptTree, training_on
from bench.report import Part, markdown_table, publish
from service.model.artifact import Artifact
from service.model.lineage import BANDS, Alignment
from service.model.recommender import Recommender
from service.model.similarity import unit
from trainer.artifacts.build import TrainedModel, make_artifact
from trainer.config.jobs import Config, EvaluationConfig, StabilityConfig
from trainer.config.sources import merge, read_layers
from trainer.corpus import Dataset
from trainer.evaluation.comparison import EvaluationProtocol, evaluate
from trainer.evaluation.drift import measure_drift
from trainer.evaluation.holdout import hold_out
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases, sample
from trainer.events.dataset import describe, read_log
from trainer.word2vec.alignment import EarlierModel
from trainer.word2vec.continuity import continue_space
from trainer.word2vec.matrices import KnownVectors
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import TrainedVectors, train

SAMPLE = Path("item2vec.toml")
# A night ends before this day; the cases are the sessions from the test day on, for all nights.
NIGHTS = ("2011-11-17", "2011-11-18", "2011-11-20", "2011-11-21", "2011-11-22")
TEST = "2011-11-23"
DECAY = 0.5
SHARES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8)
KEPT_TREE_SHARES = (0.0, 0.3, 0.5)
DEFAULT = StabilityConfig().blend
METRICS = ("HR@10", "NDCG@10", "MRR@20")


@dataclass(frozen=True)
class Night:
    """What is known on one night, and what is asked later."""

    dataset: Dataset
    cases: Cases


class Version(NamedTuple):
    """What a night left behind: a model, and how it was aligned with the one before."""

    artifact: Artifact
    alignment: Alignment | None


Nightly = list[TrainedVectors]


def main() -> None:
    """Measures, prints a table, writes bench/out/stability.md and stability.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="number of cases drawn")
    parser.add_argument("--seeds", type=int, default=1, help="chains of nights trained from anew")
    parser.add_argument("--nights", type=int, default=len(NIGHTS), help="the first ones only")
    parser.add_argument("--only-blends", action="store_true", help="without warm starts and others")
    arguments = parser.parse_args()
    config = merge(read_layers(SAMPLE, {"similar": {"decay": DECAY}, "next": {"continuations": 0}}))
    nights = [_night(config, end, arguments.cases) for end in NIGHTS[: arguments.nights]]
    rows: list[tuple[str, ...]] = []
    figures: dict[str, Any] = {}

    def add(name: str, chain: Sequence[Version]) -> None:
        figures[name] = _figures(nights, chain)
        rows.append((name, *_cells(figures[name])))
        print(" | ".join(rows[-1]), flush=True)

    for seed in range(1, arguments.seeds + 1):
        anew = _from_scratch(nights, _changed(config, seed=seed))
        for share in SHARES:
            add(f"anew, seed {seed}, share {share}", _chain(nights, anew, config, share))
    notes = [
        f"{len(nights)} nights of the sample, cases from {TEST} on; mean over the steps from night "
        "to night, of the quality over all nights but the first",
        "200 frequent items exchanged in pairs on the second night, with the default share: cosine "
        f"with what was just trained, by night: {_followed(nights, anew, config, DEFAULT)}",
    ]
    if not arguments.only_blends:
        kept = _on_one_tree(nights, config)
        for share in KEPT_TREE_SHARES:
            add(f"anew on a kept tree, share {share}", _chain(nights, kept, config, share))
        for name, trainer in _others(config).items():
            add(name, _chain(nights, trainer(nights), config, 0))
    header = ("", "cosine, aligned", *(f"{band} items" for band in BANDS), *METRICS, "each night")
    publish(
        "stability",
        [Part("stability", "Night to night", notes, [markdown_table(header, rows)], figures)],
    )


def _others(config: Config) -> dict[str, Callable[[Sequence[Night]], Nightly]]:
    """Other ways to train each night, by name."""
    slow = _changed(config, epochs=5, alpha=0.01)
    return {
        "warm start, 5 epochs at alpha .01": lambda nights: _warm(nights, config, slow),
        "warm start, all epochs": lambda nights: _warm(nights, config, config),
        "one order of work": lambda nights: _from_scratch(
            nights, _changed(config, deterministic=True)
        ),
        "60 epochs": lambda nights: _from_scratch(nights, _changed(config, epochs=60)),
    }


def _changed(config: Config, **training: Any) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update=training)})


def _night(config: Config, end: str, cases: int) -> Night:
    kept = f"(InvoiceDate < DATE '{end}' OR InvoiceDate >= DATE '{TEST}')"
    data = config.data.model_copy(update={"where": f"{config.data.where} AND {kept}"})
    log, descriptions = read_log(data)
    split = EvaluationConfig(test_from=datetime.fromisoformat(TEST))
    holdout = hold_out(log, data, split)
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    return Night(dataset, sample(holdout.cases, cases, config.training.seed))


def _from_scratch(nights: Sequence[Night], config: Config) -> Nightly:
    return [
        train(night.dataset.sessions, night.dataset.vocabulary, config.training) for night in nights
    ]


def _on_one_tree(nights: Sequence[Night], config: Config) -> Nightly:
    """Every night from scratch, on the tree of the first night."""
    tree = KeptTree(nights[0].dataset.vocabulary)
    chain: Nightly = []
    for night in nights:
        with training_on(tree, night.dataset.vocabulary):
            chain += _from_scratch([night], config)
    return chain


def _warm(nights: Sequence[Night], first: Config, later: Config) -> Nightly:
    """The first night from scratch, every other one from the vectors of the night before."""
    chain = _from_scratch(nights[:1], first)
    output = OBJECTIVES[later.training.objective].output
    for before, night in pairwise(nights):
        known = KnownVectors(
            before.dataset.vocabulary.item_ids,
            chain[-1].input,
            chain[-1].output if output == "items" else None,
        )
        dataset = night.dataset
        chain.append(train(dataset.sessions, dataset.vocabulary, later.training, known=known))
    return chain


def _chain(
    nights: Sequence[Night], nightly: Nightly, config: Config, share: float
) -> list[Version]:
    """The versions that the nightly job would publish, each aligned with the one before."""
    chain: list[Version] = []
    for number, (night, vectors) in enumerate(zip(nights, nightly, strict=True)):
        alignment = space = None
        if chain:
            earlier = _earlier(chain[-1].artifact, share)
            vectors, alignment = continue_space(vectors, night.dataset.vocabulary, earlier)
            space = earlier.space
        model = TrainedModel(night.dataset, config, vectors, [], None, alignment, space)
        chain.append(Version(make_artifact(model, f"night-{number}"), alignment))
    return chain


def _exchanged(nights: Sequence[Night], nightly: Nightly, items: int = 200) -> Nightly:
    """From the second night on, frequent items have taken each other's places in the log."""
    item_ids = nights[0].dataset.vocabulary.item_ids[:items]
    pairs = np.arange(items).reshape(-1, 2)[:, ::-1].ravel()
    changed = [nightly[0]]
    for night, vectors in zip(nights[1:], nightly[1:], strict=True):
        rows = night.dataset.vocabulary.rows(item_ids)
        moved = vectors.input.copy()
        moved[rows] = vectors.input[rows[pairs]]
        changed.append(replace(vectors, input=moved))
    return changed


def _followed(nights: Sequence[Night], nightly: Nightly, config: Config, share: float) -> str:
    """The cosine of items that took others' places with what was just trained, by night."""
    nightly = _exchanged(nights, nightly)
    chain = _chain(nights, nightly, config, share)
    item_ids = nights[0].dataset.vocabulary.item_ids[:200]
    cosines = []
    for night, trained, version in list(zip(nights, nightly, chain, strict=True))[1:]:
        published = version.artifact
        earlier = _earlier(published, 0)
        turned, _ = continue_space(trained, night.dataset.vocabulary, earlier)
        rows = night.dataset.vocabulary.rows(item_ids)
        pairs = unit(turned.input[rows]) * unit(published.input_vectors[rows])
        cosines.append(pairs.sum(axis=1).mean())
    changed = [version.alignment.changed for version in chain if version.alignment]
    return f"{' '.join(f'{cosine:.2f}' for cosine in cosines)} (not blended: {changed})"


def _earlier(before: Artifact, share: float) -> EarlierModel:
    return EarlierModel(
        item_ids=before.item_ids,
        input=before.input_vectors,
        output=None,
        version=before.manifest.model_version,
        space=before.manifest.vector_space,
        counts=before.counts,
        share=share,
    )


def _figures(nights: Sequence[Night], chain: Sequence[Version]) -> dict[str, Any]:
    """What happened between nights, and how good each of them was."""
    steps = []
    for before, after in pairwise(chain):
        drift = measure_drift(after.artifact, before.artifact, None)
        steps.append(drift.model_dump() if drift else {})
    protocol = EvaluationProtocol(ks=(10, 20))
    quality = []
    for night, version in zip(nights, chain, strict=True):
        ranker = Served(Recommender(version.artifact))
        counts = night.dataset.vocabulary.counts
        estimates = evaluate({"": ranker}, night.cases, counts, protocol).models[""].estimates
        quality.append({name: estimates[name].__dict__ for name in METRICS})
    return {"steps": steps, "quality": quality}


def _cells(figures: Mapping[str, Any]) -> list[str]:
    steps, quality = figures["steps"], figures["quality"]
    cosine = np.mean([step["cosine"] for step in steps])
    overlaps = [np.mean([step["bands"][band]["overlap"] for step in steps]) for band in BANDS]
    means = [100 * np.mean([night[name]["value"] for night in quality[1:]]) for name in METRICS]
    nightly = " ".join(f"{100 * night['HR@10']['value']:.1f}" for night in quality)
    stable = [f"{value:.3f}" for value in (cosine, *overlaps)]
    return [*stable, *(f"{mean:.2f}" for mean in means), nightly]


if __name__ == "__main__":
    main()
