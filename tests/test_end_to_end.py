"""What a user does, from the shell: training, serving, and killing things."""

import os
import random
import subprocess
import time

import httpx
import pytest

from service.model.store import Store
from tests.shell import ENVIRONMENT, ITEM2VEC, run, serving, wait_until

uncompiled = os.environ.get("NUMBA_DISABLE_JIT") == "1"
pytestmark = pytest.mark.skipif(uncompiled, reason="the sample takes hours with the JIT off")


def test_similar_to_a_white_hanging_heart_are_other_hearts_and_holders(address):
    items = httpx.get(f"{address}/similar/85123A", params={"k": 10}).json()["items"]
    titles = " ".join(item["title"] for item in items[:5])
    assert "RED HANGING HEART T-LIGHT HOLDER" in titles
    assert "85123A" not in [item["item_id"] for item in items]


def test_a_retraining_reaches_the_running_service(own_project):
    with serving(own_project) as address:
        before = httpx.get(f"{address}/model").json()["model_version"]
        run(*ITEM2VEC, "retrain", "--epochs", "1", "--fit-cases", "2000", cwd=own_project)
        current = Store(own_project / "models").current()
        assert current != before
        wait_until(
            lambda: httpx.get(f"{address}/model").json()["model_version"] == current,
            "the new version",
        )


TOY = "\n".join(
    " ".join(f"{side}{number % 5}" for number in range(start, start + 4))
    for side in ("left", "right")
    for start in range(40)
)


def test_a_killed_retraining_leaves_the_current_model_loadable(tmp_path):
    (tmp_path / "toy.txt").write_text(TOY)
    command = [*ITEM2VEC, "retrain", "--paths", "toy.txt", "--vector-size", "16", "--workers", "1"]
    started = time.monotonic()
    run(*command, cwd=tmp_path)
    usual_seconds = time.monotonic() - started
    store = Store(tmp_path / "models")
    draw = random.Random(0)
    for _ in range(3):
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Most of the time is imports; what is written comes at the end.
        time.sleep(usual_seconds * draw.uniform(0.6, 1.1))
        process.kill()
        process.wait()
        assert store.load().manifest.items == 10
        for version in store.versions():
            store.load(version)
    run(*command, cwd=tmp_path)
    assert not list((tmp_path / "models" / "versions").glob(".*"))
