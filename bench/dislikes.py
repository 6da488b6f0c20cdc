"""Measures whether disliked items help as negatives of a session.

`python -m bench.dislikes [--ratings FILE]`; dislikes.md in this folder describes the question and
the results. FILE is a CSV of real ratings with the columns userId, movieId, rating and timestamp.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.report import Part, markdown_table, publish
from service.model import ragged
from service.model.similarity import SimilarSettings, answer_rows, query_rows, unit
from trainer.config.sections import SimilarConfig, TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.bootstrap import compare_means
from trainer.word2vec.noise import alias_table
from trainer.word2vec.training import train

LIKED, DISLIKED = 4.0, 2.0  # at least, at most
QUERY = 20
LIST = 20
METRICS = ("recall", "NDCG", "dislikes", "order")
SETS = {"window": "session", "workers": 1}
SIZE, NEGATIVES, EPOCHS, ALPHA, CONTEXTS = 100, 10, 20, 0.05, 20
Ratings = pl.DataFrame


class Split(NamedTuple):
    """Ratings by rows of one vocabulary, each a ragged array over the same users."""

    vocabulary: Vocabulary
    liked: Sessions
    disliked: Sessions
    rated: Sessions
    liked_later: Sessions
    disliked_later: Sessions


def planted(seed: int, users: int = 1_500, genres: int = 30, items: int = 2_000) -> Ratings:
    """Users like three genres and dislike three; both are rated more often than the others."""
    random = np.random.default_rng(seed)
    genre = random.integers(0, genres, items)
    fame = random.pareto(1.2, items) + 0.05
    good = random.normal(0, 0.5, items)
    parts = []
    for user in range(users):
        tastes = random.permutation(genres)
        opinion = np.zeros(genres)
        opinion[tastes[:3]], opinion[tastes[3:6]] = 1.5, -1.5
        seen = np.full(genres, 0.05)
        seen[tastes[:3]], seen[tastes[3:6]] = 1.0, 0.5
        chance = fame * seen[genre]
        n = int(np.clip(random.lognormal(3.2, 0.7), 10, 300))
        chosen = random.choice(items, n, replace=False, p=chance / chance.sum())
        stars = 3 + opinion[genre[chosen]] + good[chosen] + random.normal(0, 0.6, n)
        parts.append(
            pl.DataFrame(
                {"user": user, "item": chosen, "rating": np.clip(np.round(stars * 2) / 2, 0.5, 5)}
            )
        )
    return pl.concat(parts).with_columns(pl.int_range(pl.len()).alias("time"))


def read(path: Path) -> Ratings:
    """Real ratings."""
    names = {"userId": "user", "movieId": "item", "rating": "rating", "timestamp": "time"}
    return pl.read_csv(path, columns=list(names)).rename(names)


def split(ratings: Ratings) -> Split:
    """The last fifth of each user's ratings is held out; items that nobody liked are dropped."""
    ranked = ratings.sort("user", "time", maintain_order=True).with_columns(
        later=pl.int_range(pl.len()).over("user") >= 0.8 * pl.len().over("user")
    )
    counts = (
        ranked.filter(~pl.col("later") & (pl.col("rating") >= LIKED))
        .group_by("item").len("count")
        .sort(["count", "item"], descending=[True, False]).with_row_index("row")
    )  # fmt: skip
    table = ranked.join(counts, on="item", maintain_order="left")
    users = table.get_column("user").unique().sort()

    def sessions(condition: pl.Expr) -> Sessions:
        rows = table.filter(condition).group_by("user").agg("row")
        lists = pl.DataFrame({"user": users}).join(rows, on="user", how="left").sort("user")
        lengths = lists.get_column("row").list.len().fill_null(0).to_numpy()
        flat = lists.get_column("row").explode().drop_nulls().to_numpy()
        return Sessions(flat.astype(np.int32), ragged.offsets_of(lengths.astype(np.int64)))

    later, liked = pl.col("later"), pl.col("rating") >= LIKED
    disliked = pl.col("rating") <= DISLIKED
    item_ids = counts.get_column("item").cast(pl.String).to_list()
    return Split(
        Vocabulary(item_ids, counts.get_column("count").to_numpy().astype(np.int64)),
        sessions(~later & liked),
        sessions(~later & disliked),
        sessions(~later),
        sessions(later & liked),
        sessions(later & disliked),
    )


class Likes(NamedTuple):
    """What is trained on: int32 rows and int64 offsets of what each user likes and dislikes."""

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    disliked: NDArray[np.int32]
    disliked_offsets: NDArray[np.int64]


@numba.njit
def _draw(state, n):
    """A random number below n."""
    state[0] ^= state[0] << np.uint64(13)
    state[0] ^= state[0] >> np.uint64(7)
    state[0] ^= state[0] << np.uint64(17)
    return np.int64(state[0] >> np.uint64(1)) % n


@numba.njit
def _noise(state, alias):
    item = _draw(state, len(alias))
    return item if _draw(state, 1 << 32) < alias[item, 0] else np.int64(alias[item, 1])


@numba.njit(fastmath=True)
def _step(hidden, output, label, rate, step):
    """Scores a target; changes it, and adds what the hidden row owes to `step`."""
    score = np.float32(0)
    for c in range(len(hidden)):
        score += hidden[c] * output[c]
    rate *= np.float32(label) - np.float32(1) / (np.float32(1) + np.exp(-score))
    for c in range(len(hidden)):
        step[c] += rate * output[c]
        output[c] += rate * hidden[c]


@numba.njit(fastmath=True)
def _train(likes, alias, vectors, extra, state):
    """Skip-gram with negative sampling, where every pair has `extra` disliked items as well."""
    hidden_rows, output = vectors
    step = np.zeros(hidden_rows.shape[1], np.float32)
    done, total = 0, EPOCHS * len(likes.items)
    for session in list(range(len(likes.offsets) - 1)) * EPOCHS:
        first, last = likes.offsets[session], likes.offsets[session + 1]
        worst = likes.disliked_offsets[session]
        n_worst = likes.disliked_offsets[session + 1] - worst
        for place in range(first, last):
            center = likes.items[place]
            done += 1
            alpha = np.float32(ALPHA * max(1e-4, 1 - done / total))
            for _ in range(min(last - first - 1, CONTEXTS)):
                other = first + _draw(state, last - first)
                if other == place:
                    continue
                hidden = hidden_rows[likes.items[other]]
                step[:] = 0
                _step(hidden, output[center], 1, alpha, step)
                for _ in range(NEGATIVES):
                    item = _noise(state, alias)
                    if item != center:
                        _step(hidden, output[item], 0, alpha, step)
                for _ in range(extra if n_worst else 0):
                    item = likes.disliked[worst + _draw(state, n_worst)]
                    _step(hidden, output[item], 0, alpha, step)
                hidden += step


def with_dislikes(data: Split, extra: int, seed: int) -> NDArray[np.float32]:
    """Input vectors; without extra negatives these are those of plain negative sampling."""
    counts = data.vocabulary.counts
    random = np.random.default_rng(seed)
    vectors = ((random.random((len(counts), SIZE)) - 0.5) / SIZE).astype(np.float32)
    likes = Likes(
        data.liked.items, data.liked.offsets, data.disliked.items, data.disliked.offsets
    )  # fmt: skip
    state = np.full(1, 2 * seed + 1, np.uint64)
    _train(likes, alias_table(counts**0.75), (vectors, np.zeros_like(vectors)), extra, state)
    return vectors


def with_tree(data: Split, sessions: Sessions, seed: int) -> NDArray[np.float32]:
    """Input vectors of the default objective."""
    return train(sessions, data.vocabulary, TrainingConfig(seed=seed, sample=0, **SETS)).input


def judge(data: Split, vectors: NDArray[np.float32], subtract: float) -> dict[str, NDArray]:
    """Each user's held-out likes and dislikes, as `recommend` ranks them given earlier likes.

    Args:
        data: the ratings.
        vectors: input vectors.
        subtract: the weight of an earlier dislike in the taste, relative to that of a like.
    """
    ours = SimilarConfig()
    settings = SimilarSettings(
        answer_shrinkage=ours.answer_shrinkage, query_shrinkage=ours.query_shrinkage
    )
    answers, units = answer_rows(vectors, data.vocabulary.counts, settings), unit(vectors)
    values: dict[str, list[float]] = {name: [] for name in METRICS}
    for user in range(len(data.liked)):
        liked, good = _of(data.liked, user)[-QUERY:], _of(data.liked_later, user)
        bad = _of(data.disliked_later, user)
        if not len(liked) or not len(good):
            for name in values:
                values[name].append(np.nan)
            continue
        worst = _of(data.disliked, user)[-QUERY:] if subtract else liked[:0]
        asked = np.concatenate([liked, worst])
        weights = np.concatenate([np.ones(len(liked)), np.full(len(worst), -subtract)])
        query = query_rows(
            units[asked], data.vocabulary.counts[asked], weights.astype(np.float32),
            np.zeros(1, np.int64), settings,
        )  # fmt: skip
        scores = (answers @ query[0]).astype(np.float64)
        scores[_of(data.rated, user)] = -np.inf
        top = np.argsort(-scores)[:LIST]
        hits = np.isin(top, good)
        gains = 1 / np.log2(np.arange(2, LIST + 2))
        values["recall"].append(hits.sum() / min(len(good), LIST))
        values["NDCG"].append((hits * gains).sum() / gains[: min(len(good), LIST)].sum())
        shown = np.isin(top, bad).sum()
        values["dislikes"].append(shown / min(len(bad), LIST) if len(bad) else np.nan)
        apart = np.sign(scores[good][:, None] - scores[bad][None])
        values["order"].append((apart.mean() + 1) / 2 if len(bad) else np.nan)
    return {name: np.array(column) for name, column in values.items()}


def _of(sessions: Sessions, user: int) -> NDArray[np.int32]:
    return sessions.items[sessions.offsets[user] : sessions.offsets[user + 1]]


def models(data: Split, seed: int) -> Mapping[str, dict[str, NDArray]]:
    """Every way to use ratings, judged; the first is the way without dislikes."""
    tree, plain = with_tree(data, data.liked, seed), with_dislikes(data, 0, seed)
    judged = {
        "likes, negative sampling": judge(data, plain, 0),
        "+ dislikes subtracted from the taste (1/4)": judge(data, plain, 0.25),
    }
    for extra in (1, 3):
        vectors = with_dislikes(data, extra, seed)
        judged[f"+ {extra} dislikes as negatives"] = judge(data, vectors, 0)
    judged["+ 3 dislikes as negatives, and subtracted (1/4)"] = judge(data, vectors, 0.25)
    judged["likes, hierarchical softmax (the default)"] = judge(data, tree, 0)
    judged["the default, dislikes subtracted (1/4)"] = judge(data, tree, 0.25)
    judged["all ratings, the default"] = judge(data, with_tree(data, data.rated, seed), 0)
    return judged


def measure(name: str, logs: list[Ratings], seeds: list[int]) -> Part:
    """All models, with intervals over users: of a log for each seed, or of one log by its mean."""
    splits = [split(log) for log in logs]
    runs = [models(splits[place % len(logs)], seed) for place, seed in enumerate(seeds)]
    names = list(runs[0])
    rows, figures = [[] for _ in names], {}
    for metric in METRICS:
        columns = {
            model: np.mean([run[model][metric] for run in runs], axis=0)
            if len(logs) == 1
            else np.concatenate([run[model][metric] for run in runs])
            for model in names
        }
        asked = ~np.isnan(columns[names[0]])
        values = {m: {metric: column[asked]} for m, column in columns.items()}
        means, less = compare_means(values, np.arange(asked.sum()), 1_000, 1)
        for place, model in enumerate(names):
            mean = means[model][metric]
            cell = f"{mean.value:.4f}"
            if place:
                change = less[model][metric]
                cell += f" ({-change.high:+.4f} … {-change.low:+.4f})"
            rows[place].append(cell)
            figures[f"{model}: {metric}"] = mean.value
    table = markdown_table(
        ["", "recall@20", "NDCG@20", "disliked@20", "liked above disliked"],
        [[model, *cells] for model, cells in zip(names, rows, strict=True)],
    )
    notes = [f"{sum(log.height for log in logs):,} ratings; in brackets 95 % of the difference"]
    return Part(name, name, notes, [table], figures)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ratings", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    seeds = list(range(1, options.seeds + 1))
    parts = [measure("planted tastes", [planted(seed) for seed in seeds], seeds)]
    if options.ratings:
        parts.append(measure("real ratings", [read(options.ratings)], seeds))
    publish("dislikes", parts)


if __name__ == "__main__":
    main()
