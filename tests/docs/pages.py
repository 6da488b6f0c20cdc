"""The pages that users read, README and docs, cut into what they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.shell import ROOT

README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
# A block, and the world that a comment before it names: what its commands have before them.
FENCE = re.compile(r"(?:^<!-- world: (\w+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; without a world, it speaks of the sample."""

    page: Path
    world: str
    language: str
    text: str

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Of a console block what is typed, with what is shown below it."""
        parts = re.split(r"^\$ (.*)\n", self.text, flags=re.MULTILINE)[1:]
        return list(zip(parts[::2], parts[1::2], strict=True))

    def __str__(self) -> str:
        first = self.text.partition("\n")[0].removeprefix("$ ")
        return f"{self.page.stem}: {first[:50]}"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """A page without its blocks."""
    return FENCE.sub("", text_of(page))


def all_blocks() -> Iterator[Block]:
    for page in PAGES:
        for world, language, text in FENCE.findall(text_of(page)):
            yield Block(page, world, language, text)


def blocks(language: str, contains: str = "") -> list[Block]:
    """The blocks of a language about the sample in which a text occurs, equal ones once."""
    found = {
        block.text: block
        for block in all_blocks()
        if block.language == language and contains in block.text and not block.world
    }
    return list(found.values())


def worlds() -> list[list[Block]]:
    """The blocks of each world of each page, in their order."""
    found: dict[tuple[Path, str], list[Block]] = {}
    for block in all_blocks():
        if block.world:
            found.setdefault((block.page, block.world), []).append(block)
    return list(found.values())


def inline_code() -> Iterator[tuple[Path, str]]:
    """What stands between backticks, with its page."""
    for page in PAGES:
        for code in re.findall(r"`([^`\n]+)`", prose_of(page)):
            yield page, code
