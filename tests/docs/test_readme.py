"""README is short, and no dependency is without a reason."""

import re
import tomllib
from itertools import chain

from tests.docs.pages import README, ROOT, text_of


def test_the_readme_is_under_8000_bytes():
    assert README.stat().st_size < 8_000


def test_every_dependency_has_a_reason_and_no_other_has():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [
        *project["project"]["dependencies"],
        *chain(*project["project"]["optional-dependencies"].values()),
        *chain(*project["dependency-groups"].values()),
    ]
    names = {re.match(r"[\w-]+", each)[0] for each in declared}
    page = text_of(ROOT / "docs" / "dependencies.md")
    explained = set()
    for row in re.findall(r"^\| (`.+?) \|", page, re.MULTILINE):
        explained |= set(re.findall(r"`([\w-]+)`", row))
    assert explained == names
