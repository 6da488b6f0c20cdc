"""Voices that say the same kind of thing, under one plain name."""

GROUPS = {  # the name, and how its voices begin
    "votes of the items": ("votes", "rank by votes"),
    "cosine": ("largest cosine", "cosine with", "rank by cosine"),
    "frequency": ("frequency", "recent frequency"),
    "after the last items": ("after the last",),
    "repeats in the session": ("is the", "is an earlier", "times in", "repeats in"),
}


def group_of(voice: str) -> str:
    """The group of a voice, which is its own if it is in no other."""
    return next((name for name, begin in GROUPS.items() if voice.startswith(begin)), voice)
