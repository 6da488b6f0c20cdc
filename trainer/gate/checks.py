"""How checks are made, and how their figures are written."""

from typing import NamedTuple

from service.model.verdict import Check, Kind

SHARE, HOURS, MILLISECONDS, TIMES = "{:.0%}", "{:g} hours", "{:g} ms", "{:.3g} times"


class Limits(NamedTuple):
    """What a figure may be, both ends included.

    Attributes:
        least: the smallest that passes; None: any.
        most: the largest that passes; None: any.
        form: how a limit is written.
        setting: of the gate, that sets the limit; empty for one that is fixed.
    """

    least: float | None = None
    most: float | None = None
    form: str = "{:g}"
    setting: str = ""

    def __str__(self) -> str:
        """The limits in words, and the setting that moves them."""
        ends = {"at least": self.least, "at most": self.most}
        words = " and ".join(
            f"{word} {self.form.format(end)}" for word, end in ends.items() if end is not None
        )
        return f"{words} by {self.setting}" if self.setting else words

    def admit(self, seen: float) -> bool:
        """Whether a figure is within them."""
        enough = self.least is None or seen >= self.least
        return enough and (self.most is None or seen <= self.most)


def check_range(name: str, kind: Kind, seen: float, sentence: str, limits: Limits) -> Check:
    """A check that a figure is within limits.

    Args:
        name: of the check.
        kind: what is checked.
        seen: the figure.
        sentence: what was seen; the limits are added to it.
        limits: what is expected.
    """
    return Check(
        name=name,
        kind=kind,
        passed=limits.admit(seen),
        seen=seen,
        least=limits.least,
        most=limits.most,
        sentence=f"{sentence} (expected: {limits})",
    )


def not_made(name: str, kind: Kind, why: str) -> Check:
    """A check that could not be made."""
    return Check(name=name, kind=kind, sentence=why)


def share(part: float) -> str:
    """A share as people read it."""
    return f"{part:.1%}" if part >= 0.001 or part == 0 else "less than 0.1%"


def hours_text(hours: float) -> str:
    """A time as people read it."""
    return f"{hours:.1f} hours" if hours <= 72 else f"{hours / 24:,.0f} days"
