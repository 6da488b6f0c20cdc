"""The dashboard: loads, and asks for metrics that exist."""

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path

import yaml

from tests.deploy.metrics import asked_for, exposed, needs_promtool, series

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "item2vec.json"
DASHBOARD = json.loads(FILE.read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}


def test_panels_ask_for_metrics_that_are_exposed(client):
    choices = [each["query"]["query"] for each in VARIABLES.values() if each["type"] == "query"]
    for query in QUERIES + choices:
        names = asked_for(query)
        assert names, query
        assert names <= series(client)


def test_every_metric_is_shown(client):
    shown = {name for query in QUERIES for name in asked_for(query)}
    for name in exposed(client):
        assert any(each.startswith(name) for each in shown), name


def test_a_panel_has_a_place_and_a_name_of_its_own():
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for first, second in combinations([panel["gridPos"] for panel in DASHBOARD["panels"]], 2):
        beside = first["x"] + first["w"] <= second["x"] or second["x"] + second["w"] <= first["x"]
        above = first["y"] + first["h"] <= second["y"] or second["y"] + second["h"] <= first["y"]
        assert beside or above, (first, second)


def test_queries_use_the_variables_that_there_are():
    of_grafana = {"__rate_interval"}
    for query in QUERIES:
        assert set(re.findall(r"\$(\w+)", query)) <= VARIABLES.keys() | of_grafana
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert VARIABLES["datasource"]["query"] == "prometheus"


def test_queries_hold_for_services_without_the_label_of_a_model():
    assert VARIABLES["model"]["allValue"] == ".*"
    assert not [query for query in QUERIES if re.search(r'model(="|=~"\.\+)', query)]


@needs_promtool
def test_queries_are_valid(tmp_path):
    rules = [
        {"record": "panel", "expr": query.replace("$__rate_interval", "5m")} for query in QUERIES
    ]
    file = tmp_path / "queries.yaml"
    groups = [{"name": f"panel {at}", "rules": [rule]} for at, rule in enumerate(rules)]
    file.write_text(yaml.safe_dump({"groups": groups}))
    done = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
