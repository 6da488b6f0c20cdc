"""The alerts: valid, tested on made-up series, about metrics that exist, and explained."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.metrics import asked_for, needs_promtool, series

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((FOLDER / "rules.test.yaml").read_text())["tests"]


@needs_promtool
@pytest.mark.parametrize("command", [["check", "rules.yaml"], ["test", "rules.test.yaml"]])
def test_promtool_finds_nothing_wrong(command):
    what, file = command
    done = subprocess.run(
        ["promtool", what, "rules", FOLDER / file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_ask_for_metrics_that_are_exposed(client):
    asked = {name for rule in RULES for name in asked_for(rule["expr"])}
    assert "item2vec_model_items" in asked
    assert asked <= series(client)


def test_each_alert_is_seen_firing():
    fired = {
        check["alertname"]
        for test in TESTS
        for check in test["alert_rule_test"]
        if check["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in RULES}


def test_each_alert_is_explained_to_operators():
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(Item2vec\w+)` \|", guide, re.MULTILINE)
    assert sorted(explained) == sorted(rule["alert"] for rule in RULES)
