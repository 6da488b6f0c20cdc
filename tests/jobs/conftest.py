"""The shop whose log the jobs read."""

from pathlib import Path

import pytest

from tests.conftest import write_baskets

DATA = """
[data]
paths = ["log.csv"]
session = "basket"
item = "item"
time = "time"
"""


@pytest.fixture(autouse=True)
def _shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A folder with a log and the SETTINGS of the test file."""
    monkeypatch.chdir(tmp_path)
    write_baskets(Path("log.csv"))
    Path("item2vec.toml").write_text(request.module.SETTINGS)
