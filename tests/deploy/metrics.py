"""The names that `/metrics` exposes, and those that alerts and dashboards ask for."""

import re
import shutil

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool comes with Prometheus"
)


def exposed(client: TestClient) -> dict[str, str]:
    """The metrics of the service and their types; counters end in `_total`."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in families
        if not family.name.endswith("_created")  # of prometheus-client, one for each counter
    }


def series(client: TestClient) -> set[str]:
    """The names that a query may ask for."""
    names = set()
    for name, kind in exposed(client).items():
        suffixes = ["_bucket", "_sum", "_count"] if kind == "histogram" else [""]
        names |= {name + suffix for suffix in suffixes}
    return names


def asked_for(query: str) -> set[str]:
    """The metrics of ours that a query names."""
    return set(re.findall(r"\bitem2vec_\w+", query))
