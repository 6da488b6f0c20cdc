"""Shortened names for charts."""

CHARACTER = 6.4  # mean width of a character at 12 px, in px
SHORTEST = 0.6  # of the characters; a name is cut between words if that leaves as much


def shorten(name: str, characters: int) -> str:
    """The name cut to at most `characters` characters, between words where that leaves enough."""
    if len(name) <= characters:
        return name
    cut = name[: characters - 1]
    if not name[characters - 1].isspace():
        words = cut.rpartition(" ")[0]
        cut = words if len(words) >= SHORTEST * characters else cut
    return cut.rstrip(" ,;-") + "…"
