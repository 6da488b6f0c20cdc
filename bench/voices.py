"""Measures what each voice is worth: what comes next is weighed again without it.

`python -m bench.voices`; what came of it is in quality.md. Everything is judged on the newest part
of the training log, no test part is read.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench import clickstream
from bench.next import RETAIL, SAMPLE
from bench.report import Part, markdown_table, publish
from bench.retail import all_of_a_customer
from service.model import voices as v
from service.model.logit import CandidateSettings
from service.model.similarity import unit
from trainer.artifacts.weighing import Ahead, cut, train_ahead
from trainer.config.data import DataConfig
from trainer.config.jobs import Config, EvaluationConfig
from trainer.config.sources import merge, read_layers
from trainer.continuations.checking import calibration_error, foretell
from trainer.continuations.fit import (
    LENGTHS,
    classes_of,
    common_weights,
    parts_of,
    weights_of_classes,
)
from trainer.continuations.likelihood import Alternatives, Array
from trainer.continuations.observation import OTHERS, Observed, draw, observe_at
from trainer.continuations.table import build_continuations
from trainer.corpus import Dataset, Sessions
from trainer.evaluation.holdout import hold_out
from trainer.events.dataset import describe, read_dataset, read_log
from trainer.view.display import Silent
from trainer.word2vec.training import train

JUDGED_SHARE = 0.1  # of the training sessions
ALL, ONE_CLASS, TABLE = "all voices", "one class of length", "table alone"
REPEATS = (v.IS_LAST, v.IS_BEFORE, v.IS_EARLIER, v.TIMES, v.REPEATS)
GROUPS = {
    "all votes": (
        *(v.VOTES_NEWEST, v.VOTES_RECENT, v.VOTES_WHOLE, v.RANK_BY_VOTES),
        *(v.VOTES_ABOVE, v.VOTES_BY_TRUST, v.VOTES_BY_LENGTH),
    ),
    "rank by cosine and votes by trust": (v.RANK_BY_COSINE, v.VOTES_BY_TRUST),
    "all cosines": (v.RANK_BY_COSINE, v.LARGEST_COSINE, v.MEAN_COSINE),
    "all frequencies": (v.FREQUENCY, v.RECENT_FREQUENCY, v.FREQUENCY_BY_TRUST),
    "all sequences": (v.AFTER_LAST, v.AFTER_TWO, v.AFTER_APART),
    "all repeats": REPEATS,
}
LEFT_OUT = {name: (voice,) for voice, name in enumerate(v.VOICES)} | GROUPS


class Figures(NamedTuple):
    """The two figures that a log is judged by: a hit rate, and MRR or NDCG, at a cutoff."""

    cutoff: int
    by_rank: str

    @property
    def names(self) -> tuple[str, str]:
        """Their names; with one answer a case, the hit rate is recall."""
        return f"HR@{self.cutoff}", f"{self.by_rank}@{self.cutoff}"

    def of(self, ranks: NDArray[np.int64]) -> Array:
        """Both for each case, float64 [2, cases], in per cent."""
        hits = (ranks > 0) & (ranks <= self.cutoff)
        places = np.maximum(ranks, 1)
        gains = 1 / places if self.by_rank == "MRR" else 1 / np.log2(1 + places)
        return 100 * np.stack([hits, hits * gains])


@dataclass(frozen=True, eq=False)
class Trial:
    """A training log that was cut in two.

    Attributes:
        name: of the log.
        older: what is trained on, and weighed on its own newest sessions.
        config: how.
        newest: sessions to judge by.
        places: int64 [cases], the events of these that are asked for.
        banned: which items may not come next: none, the last one or all of the session.
        figures: what is measured.
    """

    name: str
    older: Dataset
    config: Config
    newest: Sessions
    places: NDArray[np.int64]
    banned: str
    figures: Figures


@dataclass(frozen=True, eq=False)
class Judged:
    """What some voices reached.

    Attributes:
        values: float64 [2, cases], the two figures of each case.
        calibration: the expected calibration error of the first answer's probability.
    """

    values: Array
    calibration: float


def main() -> None:
    """Measures, prints tables, writes bench/out/voices.md and voices.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=RETAIL, help="the event log of invoices")
    parser.add_argument(
        "--clickstreams", type=Path, help="folder of click-streams; skipped by default"
    )
    parser.add_argument("--cases", type=int, default=10_000, help="number of cases drawn of a log")
    arguments = parser.parse_args()
    trials = [invoices(arguments.data, arguments.cases), customers(arguments.data)]
    if arguments.clickstreams is not None:
        paths = clickstream.training_files(arguments.clickstreams)
        trials += [clicks(path, arguments.cases) for path in paths]
    parts = {trial.name: measure(trial) for trial in trials}
    publish("voices", [side_by_side(trials, parts), *parts.values()])


def invoices(path: str, cases: int) -> Trial:
    """The newest tenth of the invoices before those that `item2vec evaluate` tests on."""
    config = merge(read_layers(SAMPLE, {}))
    config = config.model_copy(update={"data": config.data.model_copy(update={"paths": [path]})})
    dataset = _training_part(config, config.evaluation)
    return _newest("invoices", dataset, config, cases, Figures(10, "NDCG"))


def customers(path: str) -> Trial:
    """The last event but one of every customer, given all before it."""
    config = Config(data=all_of_a_customer(path))
    dataset = _training_part(config, EvaluationConfig(split="last-item"))
    sessions = dataset.sessions
    last = sessions.offsets[1:] - 1
    older = Sessions(
        np.delete(sessions.items, last), sessions.offsets - np.arange(len(sessions.offsets))
    )
    return Trial(
        name="customers",
        older=replace(dataset, sessions=older),
        config=config,
        newest=sessions,
        places=last[sessions.lengths() > 1],
        banned="last",
        figures=Figures(10, "NDCG"),
    )


def clicks(path: Path, cases: int) -> Trial:
    """The newest tenth of the training sessions of a click-stream."""
    config = Config(data=DataConfig(paths=[str(path)]))
    trial = _newest(
        clickstream.name_of(path), read_dataset(config.data), config, cases, Figures(20, "MRR")
    )
    return replace(trial, banned="none")


def _training_part(config: Config, evaluation: EvaluationConfig) -> Dataset:
    log, descriptions = read_log(config.data)
    holdout = hold_out(log, config.data, evaluation)
    return describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)


def _newest(name: str, dataset: Dataset, config: Config, cases: int, figures: Figures) -> Trial:
    ahead = cut(dataset, config.next.model_copy(update={"fit_share": JUDGED_SHARE}))
    assert isinstance(ahead, Ahead)
    places = draw(ahead.newest, cases, config.training.seed)
    return Trial(name, ahead.older, config, ahead.newest, places, "all", figures)


def measure(trial: Trial) -> Part:
    """Weighs and judges with all voices, then without each."""
    started = time.perf_counter()
    fitted, judged = observe_both(trial)
    _say(trial, "trained and observed", started)
    banned = _banned(judged, trial.banned)
    judged = _possible(judged, banned)
    fitted = _possible(fitted, fitted.is_own & (trial.banned == "all"))
    ablation = Ablation(fitted, judged, trial.figures)
    results = {ALL: ablation.without(()), ONE_CLASS: ablation.of_one_class()}
    for name, voices in LEFT_OUT.items():
        if trial.banned != "all" or not set(voices) <= set(REPEATS):
            results[name] = ablation.without(voices)
            _say(trial, f"without {name}", started)
    results[TABLE] = ablation.by_table()
    part = _part(trial, results, judged)
    print(part.markdown(), flush=True)
    return part


def side_by_side(trials: Sequence[Trial], parts: Mapping[str, Part]) -> Part:
    """What all voices reach on each log, and by how much less the others do."""
    figures = [parts[trial.name].figures for trial in trials]
    header = ("per cent", *(f"{t.name}, {name}" for t in trials for name in t.figures.names))
    best = [f"{value:.2f}" for of_log in figures for value in of_log[ALL]["figures"].values()]
    rows = [(ALL, *best)]
    for name in (ONE_CLASS, *(f"without {voice}" for voice in LEFT_OUT), TABLE):
        row = [name]
        for of_log in figures:
            found = of_log.get(name.removeprefix("without "))
            row += [_difference(*one) for one in found["less all voices"]] if found else ["", ""]
        rows.append(tuple(row))
    return Part(
        name="voices",
        title="What each voice is worth",
        notes=["below the first row: less all voices; bold: by more than two standard errors less"],
        tables=[markdown_table(header, rows)],
        figures={},
    )


def _difference(gain: float, error: float) -> str:
    text = f"{gain:+.2f} ± {error:.2f}"
    return f"**{text}**" if gain < -2 * error else text


def observe_both(trial: Trial) -> tuple[Observed, Observed]:
    """Cases to fit by, of a model of the older of the older sessions; and cases to judge by.

    The models are trained as `item2vec train` does.
    """
    config, display = trial.config, Silent()
    found = train_ahead(trial.older, config, display)
    assert isinstance(found, tuple)
    ahead, vectors = found
    places = draw(ahead.newest, config.next.fit_cases, config.training.seed)
    fitted = _observe(ahead.older.sessions, vectors, config, ahead.newest, places)
    vectors = train(trial.older.sessions, trial.older.vocabulary, config.training).input
    return fitted, _observe(trial.older.sessions, vectors, config, trial.newest, trial.places)


def _observe(
    older: Sessions,
    vectors: NDArray[np.float32],
    config: Config,
    newest: Sessions,
    places: NDArray[np.int64],
) -> Observed:
    table = build_continuations(older, vectors, config.next, config.training.workers)
    assert table is not None
    counts = np.bincount(older.items, minlength=len(vectors))
    voices = v.Voices(unit(vectors), counts, table, CandidateSettings())
    return observe_at(voices, newest, config.next.next_decay, places)


def _banned(observed: Observed, which: str) -> NDArray[np.bool_]:
    if which == "last":
        return observed.alternatives.features[:, v.IS_LAST] > 0
    return observed.is_own & (which == "all")


def _possible(observed: Observed, banned: NDArray[np.bool_]) -> Observed:
    """The cases whose answer is not banned, by class of length."""
    cases = replace(observed.alternatives, forbidden=banned)
    kept = np.flatnonzero(~banned[cases.chosen])
    kept = kept[np.argsort(classes_of(observed.lengths[kept]), kind="stable")]
    return replace(
        observed,
        alternatives=cases.take(kept),
        lengths=observed.lengths[kept],
        sessions=observed.sessions[kept],
    )


class Ablation:
    """Weighs some of the voices, and judges what they reach.

    Args:
        fitted: cases to fit by, by class of length.
        judged: cases to judge by, by class of length.
        figures: what is measured.
    """

    def __init__(self, fitted: Observed, judged: Observed, figures: Figures) -> None:
        self._fitted = fitted
        self._judged = judged
        self._figures = figures
        self._common = common_weights(
            fitted.alternatives, np.zeros(fitted.alternatives.features.shape[1])
        )

    def without(self, voices: Sequence[int]) -> Judged:
        """Weighs all voices but some, by length of session."""
        kept = np.delete(np.arange(len(v.VOICES) + OTHERS), voices)
        cases = _columns(self._fitted.alternatives, kept)
        common = common_weights(cases, self._common[kept])
        weights = weights_of_classes(cases, classes_of(self._fitted.lengths), common)
        return self._judge(kept, weights)

    def of_one_class(self) -> Judged:
        """Weighs all voices, alike for all sessions."""
        kept = np.arange(len(self._common))
        return self._judge(kept, np.tile(self._common, (len(LENGTHS), 1)))

    def by_table(self) -> Judged:
        """By the votes alone, which are no probabilities."""
        cases = self._judged.alternatives
        found = foretell(cases, np.zeros(len(cases.features), np.float32))
        return Judged(self._figures.of(found.table_ranks), float("nan"))

    def _judge(self, kept: NDArray[np.int64], weights: Array) -> Judged:
        cases = self._judged.alternatives
        weights = weights * (self._judged.scales / self._fitted.scales)[kept]
        parts = parts_of(_columns(cases, kept), classes_of(self._judged.lengths))
        probabilities = np.concatenate(
            [
                part.probabilities(row)[0]
                for part, row in zip(parts, weights, strict=True)
                if len(part)
            ]
        )
        found = foretell(cases, probabilities)
        return Judged(self._figures.of(found.ranks), calibration_error(found.first, found.is_right))


def _columns(cases: Alternatives, kept: NDArray[np.int64]) -> Alternatives:
    if len(kept) == cases.features.shape[1]:
        return cases
    return replace(cases, features=cases.features[:, kept])


def difference(one: Judged, other: Judged, sessions: NDArray[np.int64]) -> Array:
    """By how much the figures of one are above those of the other, and the standard errors.

    Cases of a session depend on each other, sessions do not.

    Returns:
        float64 [2 figures, 2].
    """
    found = []
    for values in one.values - other.values:
        away = np.bincount(sessions, values - values.mean())
        found.append((values.mean(), np.sqrt(away @ away) / len(values)))
    return np.array(found)


def _part(trial: Trial, results: dict[str, Judged], judged: Observed) -> Part:
    best = results[ALL]
    differences = {name: difference(one, best, judged.sessions) for name, one in results.items()}
    first, second = trial.figures.names
    header = ("per cent", first, second, f"less all voices, {first}", second, "calibration error")
    rows = [
        (
            name if name in (ALL, ONE_CLASS, TABLE) else f"without {name}",
            *(f"{value:.2f}" for value in one.values.mean(axis=1)),
            *(
                "" if name == ALL else f"{gain:+.2f} ± {error:.2f}"
                for gain, error in differences[name]
            ),
            "" if name == TABLE else f"{one.calibration:.4f}",
        )
        for name, one in results.items()
    ]
    banned = {"all": "no item of the session", "last": "all but its last item", "none": "all"}
    sessions, answers = trial.older.sessions, judged.alternatives
    found = float((answers.chosen != answers.starts).mean())
    return Part(
        name=f"voices_{trial.name}",
        title=f"What each voice is worth: {trial.name}",
        notes=[
            f"trained on {len(sessions):,} sessions, {len(sessions.items):,} events; "
            f"{len(judged):,} cases of {len(np.unique(judged.sessions)):,} sessions; "
            f"{found:.1%} of the answers are candidates",
            f"may come next: {banned[trial.banned]}; differences with their standard errors",
        ],
        tables=[markdown_table(header, rows)],
        figures=_figures(trial, results, differences),
    )


def _figures(
    trial: Trial, results: dict[str, Judged], differences: dict[str, Array]
) -> dict[str, Any]:
    return {
        name: {
            "figures": dict(
                zip(trial.figures.names, one.values.mean(axis=1).tolist(), strict=True)
            ),
            "less all voices": differences[name].tolist(),
            "calibration_error": one.calibration,
        }
        for name, one in results.items()
    }


def _say(trial: Trial, what: str, started: float) -> None:
    print(f"{trial.name}: {what}, {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
