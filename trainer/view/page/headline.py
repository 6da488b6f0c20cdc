"""The verdict of an evaluation, in one sentence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from trainer.evaluation.comparison import Evaluation

MOST_NAMED = 3  # of more models, the number is told


@dataclass(frozen=True)
class Headline:
    """What an evaluation found.

    Attributes:
        outcome: whether the first model is surely better than every other one, surely worse than
            some, or neither.
        sentence: the same with figures.
    """

    outcome: Literal["better", "worse", "open"]
    sentence: str


def headline(evaluation: Evaluation, ours: Collection[str]) -> Headline:
    """Says whether the first model is better than the models it was compared with.

    Args:
        evaluation: the models side by side; the hit rate at the largest k decides.
        ours: names of models that are not to be beaten, such as the other relation.
    """
    metric = f"HR@{max(evaluation.protocol.ks)}"
    first = next(iter(evaluation.models))
    measured = f"{metric} {evaluation.models[first].estimates[metric].value:.3f}"
    ahead = {
        name: estimates[metric]
        for name, estimates in evaluation.differences.items()
        if name not in ours
    }
    if not ahead:
        return Headline("open", f"{first} was compared with no other model: {measured}.")
    better = [name for name, difference in ahead.items() if difference.low > 0]
    worse = [name for name, difference in ahead.items() if difference.high < 0]
    strongest = min(ahead, key=lambda name: ahead[name].value)
    difference = ahead[strongest]
    figures = (
        f"{measured}, {difference.value:+.3f} against {strongest} "
        f"({evaluation.protocol.confidence:.0%} interval {difference.low:+.3f} to "
        f"{difference.high:+.3f})"
    )
    beaten = f"; it beats {len(better)} of {len(ahead)} models" if better else ""
    if worse:
        return Headline("worse", f"{first} loses to {_listed(worse)}: {figures}{beaten}.")
    if len(better) == len(ahead):
        every = f"all {len(better)} models" if len(better) > 1 else "the one model"
        return Headline("better", f"{first} beats {every} it was compared with: {figures}.")
    even = [name for name in ahead if name not in better]
    return Headline("open", f"{first} cannot be told from {_listed(even)}: {figures}{beaten}.")


def _listed(names: Sequence[str]) -> str:
    """The names, or how many there are."""
    if len(names) > MOST_NAMED:
        return f"{len(names)} models"
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
