"""Colors and shortened names for charts."""

from collections.abc import Iterable

CHARACTER = 6.4  # mean width of a character at 12 px, in px
FIRST = "#c2410c"
OTHERS = (
    "#64748b", "#2563a8", "#0f8a7e", "#7c5cbf", "#b07d12", "#a3456f", "#4d7c2a", "#30475e",
    "#8c4a2f",
)  # fmt: skip


def colors(models: Iterable[str]) -> dict[str, str]:
    """A color for each model; the first one stands out."""
    return {
        name: OTHERS[(place - 1) % len(OTHERS)] if place else FIRST
        for place, name in enumerate(models)
    }


def shorten(name: str, characters: int) -> str:
    """The name cut to at most `characters` characters, with an ellipsis if it was cut."""
    return name if len(name) <= characters else name[: characters - 1].rstrip() + "…"
