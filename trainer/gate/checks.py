"""How checks are made, and how shares are written."""

from service.model.verdict import Check, Kind


def check_range(
    name: str,
    kind: Kind,
    seen: float,
    sentence: str,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Check:
    """A check that a figure lies between two limits, both included.

    Args:
        name: of the check.
        kind: what is checked.
        seen: the figure.
        sentence: what was seen; the limits are added to it.
        least: the smallest that passes.
        most: the largest that passes.
    """
    passed = (least is None or seen >= least) and (most is None or seen <= most)
    limits = {"at least": least, "at most": most}
    expected = " and ".join(f"{word} {n:g}" for word, n in limits.items() if n is not None)
    return Check(
        name=name,
        kind=kind,
        passed=passed,
        seen=seen,
        least=least,
        most=most,
        sentence=f"{sentence} (expected: {expected})",
    )


def not_made(name: str, kind: Kind, why: str) -> Check:
    """A check that could not be made."""
    return Check(name=name, kind=kind, sentence=why)


def share(part: float) -> str:
    """A share as people read it."""
    return f"{part:.1%}" if part >= 0.001 or part == 0 else f"{part:.2g}"
