import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from service.model.errors import ConfigError
from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import KUBERNETES


def test_defaults_listen_on_this_machine_only():
    settings = Settings.from_environment()
    assert (settings.host, settings.port, settings.models) == ("127.0.0.1", 8000, Path("models"))


def test_the_environment_overrides_defaults(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_PORT", "9000")
    monkeypatch.setenv("ITEM2VEC_MODELS", "/srv/models")
    monkeypatch.setenv("item2vec_max_k", "50")
    settings = Settings.from_environment()
    assert (settings.port, settings.models, settings.max_k) == (9000, Path("/srv/models"), 50)


def test_a_misspelt_name_is_refused_with_the_right_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_PRT", "9000")
    with pytest.raises(ConfigError, match=r"ITEM2VEC_PRT .* did you mean ITEM2VEC_PORT"):
        Settings.from_environment()


def test_a_name_like_no_setting_is_refused_with_all_of_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_QQQQQQQQQQ", "1")
    with pytest.raises(ConfigError, match=r"known: ITEM2VEC_ADMIN_KEY, .*ITEM2VEC_WORKERS, "):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ITEM2VEC_PORT", "65536"),
        ("ITEM2VEC_PORT", "http"),
        ("ITEM2VEC_PORT", ""),
        ("ITEM2VEC_WORKERS", "0"),
        ("ITEM2VEC_POLL_SECONDS", "0"),
        ("ITEM2VEC_POLL_SECONDS", "nan"),
        ("ITEM2VEC_POLL_SECONDS", "inf"),
        ("ITEM2VEC_MAX_K", "-1"),
        ("ITEM2VEC_MAX_K", "9"),
        ("ITEM2VEC_LOG_LEVEL", "loud"),
    ],
)
def test_an_impossible_value_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"^{name}='{value}': "):
        Settings.from_environment()


def test_the_default_k_is_within_the_smallest_limit(store: Store, publish: Callable[[], str]):
    publish()
    settings = Settings(models=store.directory, max_k=10)
    with TestClient(create_app(settings)) as client:
        assert client.get("/similar/apple").json()["requested"] == 10
        assert client.post("/recommend", json={"liked": ["apple"]}).json()["requested"] == 10
        assert client.post("/analogy", json={"positive": ["apple"]}).json()["requested"] == 10
        assert client.get("/items?q=a").status_code == 200


def test_names_of_the_trainer_are_left_to_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_TRAINING__EPOCHS", "3")
    assert Settings.from_environment() == Settings()


def test_the_services_of_a_kubernetes_namespace_are_no_settings(monkeypatch: pytest.MonkeyPatch):
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == Settings()
    monkeypatch.setenv("ITEM2VEC_PORT", "9000")
    assert Settings.from_environment() == Settings(port=9000)


@pytest.mark.parametrize("value", ["tcp:80", "tcp://", "tcp://10.0.0.7", "http://10.0.0.7:80"])
def test_a_port_that_is_no_link_either_is_refused(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("ITEM2VEC_PORT", value)
    with pytest.raises(ConfigError, match=f"^ITEM2VEC_PORT='{value}': "):
        Settings.from_environment()


@pytest.mark.parametrize("name", ["ITEM2VEC_SERVICE", "ITEM2VEC_WEB_PORT", "ITEM2VEC_PORT_TCP"])
def test_a_name_that_only_looks_like_a_link_is_refused(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "80")
    with pytest.raises(ConfigError, match=f"^{name} in the environment is not a setting"):
        Settings.from_environment()


def test_settings_are_read_from_the_environment_only_where_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITEM2VEC_PORT", "9000")
    assert Settings().port == 8000


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_an_unknown_argument_is_refused():
    with pytest.raises(ValidationError, match="prt"):
        Settings(prt=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(("name", "value"), [("ITEM2VEC_PRT", "1"), ("ITEM2VEC_PORT", "a\nb")])
def test_the_service_ends_with_one_line_where_a_setting_is_wrong(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "service"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert "ITEM2VEC_PORT" in line
