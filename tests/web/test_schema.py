"""The live OpenAPI document is true: what schemathesis makes of it finds no contradiction."""

import os
import subprocess
import sys
from pathlib import Path

from service.model.artifact import Artifact
from service.model.store import Store
from tests.conftest import fruits_and_tools, make_artifact
from tests.web.test_protocol import service

KEY = "the-only-key-there-is"
PHASES = "examples,coverage,fuzzing,stateful"
IDS = ["85123A", "22457", "21733", "22386", "other", "another"]  # the document's examples, and more

# That one of two lists must have an item cannot be said of the parameters of an address. A wrong
# query of a batch is no wrong batch: it has a problem in its place (`test_queries.py`).
EXCEPTIONS = """
[[operations]]
include-path = "/analogy"
include-method = "GET"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path = "/recommend/batch"
checks.negative_data_rejection.enabled = false
"""

# Nor that a text is a condition.
FORMATS = """
import schemathesis
from hypothesis import strategies as st

conditions = st.sampled_from(["count >= 10", "not title is missing", "kind in ('fruit', 'x')"])
schemathesis.openapi.format("filter", conditions)
"""


def build(version: str) -> Artifact:
    """A model of the items that the document names."""
    vectors = {item_id: [1.0, row / 10] for row, item_id in enumerate(IDS)}
    return make_artifact(version, vectors, fruits_and_tools())


def test_every_check_of_schemathesis_holds(store: Store, tmp_path: Path):
    store.promote(store.add(build).model_version)
    (tmp_path / "schemathesis.toml").write_text(EXCEPTIONS)
    (tmp_path / "formats.py").write_text(FORMATS)
    # Lists so short that their items fit into an address.
    settings = {"ADMIN_KEY": KEY, "MAX_ITEMS": "10", "MAX_HEAD_BYTES": "65536"}
    settings |= {"MAX_BODY_BYTES": "1000000", "READ_SECONDS": "10", "WRITE_SECONDS": "10"}
    with service(store.directory, log=tmp_path / "log", **settings) as running:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run"),
                *("--header", f"X-API-Key: {KEY}", "--phases", PHASES, "--max-examples", "20"),
                *("--seed", "1", "--no-color", "--generation-database", "none"),
                f"http://127.0.0.1:{running.port}/openapi.json",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "formats", "PYTHONPATH": str(tmp_path)},
        )
    assert done.returncode == 0, "\n".join(line[:300] for line in done.stdout.splitlines())
    assert "traceback" not in (tmp_path / "log").read_text()
