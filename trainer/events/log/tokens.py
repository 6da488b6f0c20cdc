"""Splits a condition in SQL into its words, signs and texts."""

import re
from typing import NamedTuple

TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)"""
    r"|(?P<blank>\s+|--[^\n]*|/\*.*?\*/)|(?P<word>\w+)|(?P<sign>[-+*/%<>=!~|&^().,:@\[\]])"
    r"|(?P<unknown>.)",
    re.DOTALL,
)


class Token(NamedTuple):
    """A piece of a condition: of the kind quoted, blank, word or sign."""

    kind: str
    text: str

    @property
    def name(self) -> str:
        """In capitals, to compare it with a word of SQL."""
        return self.text.strip('"`').upper()

    @property
    def identifier(self) -> str:
        """The name of a column, as it is written."""
        return self.text if self.kind == "word" else self.text[1:-1].replace('""', '"')

    @property
    def is_text(self) -> bool:
        """Whether it is a text in single quotes."""
        return self.text[0] == "'"

    @property
    def is_literal(self) -> bool:
        """Whether it is a text or a number."""
        return self.is_text or (self.kind == "word" and self.text[0].isdigit())

    @property
    def is_name(self) -> bool:
        """Whether it may be the name of a column."""
        return self.kind in ("word", "quoted") and not self.is_literal

    @property
    def is_value(self) -> bool:
        """Whether it is a part of a list of values."""
        return self.text[0] in "',." or self.text[0].isdigit()


def split(where: str) -> list[Token]:
    """Splits a condition into tokens; a comment counts as a blank.

    Raises:
        ValueError: naming a character that is not part of any token, or a quote that is not closed.
    """
    tokens = []
    for match in TOKEN.finditer(where):
        if match.lastgroup == "unknown":
            place = f"{match[0]} at character {match.start() + 1}"
            if match[0] in "'\"`":
                raise ValueError(f"the quote {place} is not closed")
            raise ValueError(f"{place} is not understood (quote the name of a column that has it)")
        tokens.append(Token(str(match.lastgroup), match[0]))
    return tokens


def join(tokens: list[Token]) -> str:
    """Joins the tokens into a text that polars splits as `split` did.

    Comments become blanks, and blanks surround quoted text: `E'...'` has a meaning of its own.
    """
    templates = {"quoted": " {} ", "blank": " "}
    return "".join(templates.get(token.kind, "{}").format(token.text) for token in tokens)
