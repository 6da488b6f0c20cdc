"""Text that may be printed as it is."""


def printable(text: str) -> str:
    """The text itself, or escaped if it contains control characters."""
    return text if text.isprintable() else repr(text)[1:-1]
