"""Where figures go: Markdown tables on stdout, a JSON file in bench/out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "out"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose others are figures."""
    rule = ["---", *["---:" for _ in header[1:]]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def write_json(name: str, content: dict[str, Any]) -> None:
    """Writes bench/out/<name>.json."""
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
