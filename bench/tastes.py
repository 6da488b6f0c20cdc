"""Measures what two tastes in one account are answered, and what tastes cost real sessions.

`python -m bench.tastes` trains on the sample without its test part and without the newest tenth of
the rest, whose sessions are asked about. Likes of a theme are items of one session with a word of
the theme in their titles; five of one theme and five of another are asked for together. An answer
is near likes if these alone would get it too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.report import Part, markdown_table, publish
from bench.similar_logs import Log, invoices
from service.model import ragged
from service.model.recommender import Recommender, decayed
from service.model.similarity import unit
from service.model.tastes import clusters, interleaved, shares
from trainer.artifacts.build import make_artifact, train_model
from trainer.config.sources import merge
from trainer.evaluation.comparison import EvaluationProtocol, evaluate
from trainer.evaluation.ranking import NOTHING, Ranked, rank_unseen
from trainer.evaluation.splits import Cases
from trainer.view.display import Silent

THEMES = {
    "children": ("childrens", "spaceboy", "dolly", "toy"),
    "kitchen": ("kitchen", "baking", "recipe", "jam"),
    "christmas": ("christmas", "xmas"),
    "garden": ("garden", "gardeners", "watering", "herb"),
    "bath": ("bath", "bathroom", "soap"),
}
LIKES = 5  # of each theme
K = 20
DRAWS = 20  # of likes of every pair of themes
LEAST_COUNT = 20  # of an item that is liked
CASES = 1_000
ONE_TASTE = -2.0  # no cosine is below it
SETTINGS = [(ONE_TASTE, 1), (0.05, 2), (0.05, 3), (0.05, 5), (0.0, 3), (0.1, 3), (0.2, 3)]
HEADER = (
    "least cosine, most tastes",
    "tastes of two themes",
    "near the one",
    "near the other",
    "the less",
    "near neither",
    "of one theme: split",
    "sessions split",
    "HR@10",
    "HR@10, decay 1",
)


@dataclass(frozen=True)
class ByTaste:
    """Serves every taste of some likes its share of the answer.

    Attributes:
        recommender: the recommender that answers.
        least_cosine: see `service.model.tastes.clusters`.
        most: how many tastes at most.
        decay: the share of its weight a like keeps per step back.
    """

    recommender: Recommender
    least_cosine: float
    most: int
    decay: float = 1.0

    def tastes(
        self, likes: NDArray[np.int32], weights: NDArray[np.float32]
    ) -> list[NDArray[np.int64]]:
        """The places of the likes of each taste, the heaviest taste first."""
        vectors = unit(self.recommender.artifact.input_vectors[likes])
        owners = clusters(vectors, weights, self.most, self.least_cosine)
        return [np.flatnonzero(owners == taste) for taste in range(owners.max(initial=-1) + 1)]

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items for each prefix."""
        items = np.full((len(cases), k), NOTHING, np.int32)
        prefixes = cases.prefixes()
        for case, likes in enumerate(np.split(prefixes.items, prefixes.offsets[1:-1])):
            answer = self._answer(likes, k)
            items[case, : len(answer)] = answer
        scores = np.where(items == NOTHING, -np.inf, -np.arange(k)).astype(np.float32)
        return Ranked(items, scores)

    def _answer(self, likes: NDArray[np.int32], k: int) -> list[int]:
        weights = decayed(np.array([0, len(likes)]), self.decay)
        likes, weights = likes[weights > 0], weights[weights > 0]
        tastes = self.tastes(likes, weights)
        if not tastes:
            return []
        places = np.concatenate(tastes)
        offsets = ragged.offsets_of(np.array([len(taste) for taste in tastes]))
        ranked = self.recommender.rank(likes[places], offsets, weights[places], k)[0].tolist()
        totals = np.array([weights[taste].sum() for taste in tastes])
        return [ranked[taste][place] for taste, place in interleaved(ranked, shares(totals, k))]


def main() -> None:
    """Measures, prints a table, writes bench/out/tastes.md and tastes.json."""
    log = invoices(CASES)
    config = merge({"bench": {"training": {"seed": 1}, "next": {"continuations": 0}}})
    recommender = Recommender(make_artifact(train_model(log.dataset, config, Silent()), "bench"))
    figures: dict[str, list[float]] = {}
    rows: list[tuple[str, ...]] = []
    for least, most in SETTINGS:
        name = "one mean" if least == ONE_TASTE else f"{least}, {most}"
        figures[name] = _measured(log, recommender, least, most)
        rows.append((name, *(f"{value:.3g}" for value in figures[name])))
        print(" | ".join(rows[-1]), flush=True)
    publish("tastes", [Part("tastes", "Tastes", [], [markdown_table(HEADER, rows)], figures)])


def _measured(log: Log, recommender: Recommender, least: float, most: int) -> list[float]:
    ranker = ByTaste(recommender, least, most)
    alone = ByTaste(recommender, ONE_TASTE, 1)
    number, near, split = [], [], []
    for one, other in _mixed_likes(log):
        mixed = np.stack([one, other], axis=1).ravel()
        first, second = (
            np.isin(_best(ranker, mixed), _best(alone, likes)) for likes in (one, other)
        )
        shares_near = first.mean(), second.mean()
        near.append([*shares_near, min(shares_near), (~first & ~second).mean()])
        number.append(_tastes(ranker, mixed))
        split.append(_tastes(ranker, one) > 1)
    sessions = np.split(log.dataset.sessions.items, log.dataset.sessions.offsets[1:-1])
    of_sessions = [_tastes(ranker, session) > 1 for session in sessions[::10]]
    default = recommender.default_decay("similar")
    hits = [_hits(log, ByTaste(recommender, least, most, decay)) for decay in (default, 1.0)]
    return [np.mean(number), *np.mean(near, axis=0), np.mean(split), np.mean(of_sessions), *hits]


def _mixed_likes(log: Log) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Likes of two themes, for every pair of themes."""
    random = np.random.default_rng(0)
    words = [set(re.findall(r"\w+", (title or "").lower())) for title in log.dataset.titles]
    frequent = log.dataset.vocabulary.counts >= LEAST_COUNT
    sessions = log.dataset.sessions
    of_theme = []
    for theme in THEMES.values():
        member = frequent & np.array([not words_of_one.isdisjoint(theme) for words_of_one in words])
        liked = [
            np.unique(session[member[session]])
            for session in np.split(sessions.items, sessions.offsets[1:-1])
        ]
        of_theme.append([items for items in liked if len(items) >= LIKES])
    for themes in combinations(of_theme, 2):
        for _ in range(DRAWS):
            one, other = (
                random.choice(theme[random.integers(len(theme))], LIKES, replace=False)
                for theme in themes
            )
            yield one, other


def _best(ranker: ByTaste, likes: NDArray[np.int32]) -> NDArray[np.int32]:
    return rank_unseen(ranker, _case(likes), K).items[0]


def _tastes(ranker: ByTaste, likes: NDArray[np.int32]) -> int:
    return len(ranker.tastes(likes, np.ones(len(likes), np.float32)))


def _hits(log: Log, ranker: ByTaste) -> float:
    protocol = EvaluationProtocol(ks=(10,))
    counts = log.dataset.vocabulary.counts
    return evaluate({"": ranker}, log.cases, counts, protocol).models[""].estimates["HR@10"].value


def _case(likes: NDArray[np.int32]) -> Cases:
    ends = np.array([0]), np.array([len(likes)])
    return Cases(likes, *ends, np.array([NOTHING], np.int32), np.array([0]))


if __name__ == "__main__":
    main()
