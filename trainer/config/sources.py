"""Merges the settings of all sources: flags, environment, file and preset."""

import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from service.model.environment import PREFIX, variables
from service.model.errors import ConfigError
from trainer.config.addresses import without_passwords
from trainer.config.jobs import Config
from trainer.config.presets import PRESETS

Flags = dict[str, Any]
Layers = Mapping[str, Mapping[str, Any]]

DEFAULT_FILE = Path("item2vec.toml")
DELIMITER = "__"

# Names that other word2vec programs use, and the settings they stand for here.
RENAMED = {
    "size": "vector_size",
    "vector_dim": "vector_size",
    "dim": "vector_size",
    "iter": "epochs",
    "epoch": "epochs",
    "threads": "workers",
    "neg": "negative",
    "lr": "alpha",
    "ws": "window",
    "sg": 'architecture = "skip-gram" | "cbow"',
    "hs": 'objective = "negative-sampling" | "hierarchical-softmax"',
}


def nest(flags: Flags) -> dict[str, Any]:
    """`{"training.epochs": 5}` as `{"training": {"epochs": 5}}`."""
    nested: dict[str, Any] = {}
    for name, value in flags.items():
        *sections, leaf = name.split(".")
        table = nested
        for section in sections:
            table = table.setdefault(section, {})
        table[leaf] = value
    return nested


def show_value(value: object) -> str:
    """A setting's value as text for people: a mapping as its flags are typed, None as empty."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={number:g}" for name, number in value.items())
    return "" if value is None else str(value)


class _Environment(EnvSettingsSource):
    """Reads a list or mapping from JSON; any other text is its only element."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def read_layers(
    file: Path | None, flags: Mapping[str, Any], service_settings: Collection[str] = ()
) -> Layers:
    """Reads what each source sets, strongest first: flags, environment, file, preset.

    Args:
        file: a configuration file; by default item2vec.toml, if it exists.
        flags: nested like the file.
        service_settings: settings of the service, whose variables are allowed as well.

    Raises:
        ConfigError: the file is missing or is not TOML, or a variable is unknown.
    """
    path = file or DEFAULT_FILE
    if file and not file.is_file():
        raise ConfigError(f"there is no configuration file {file}")
    try:
        from_file = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    _check_environment(service_settings)
    environment = _Environment(
        Config,  # type: ignore[arg-type]  # it only reads the fields
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
    )
    layers = {"flag": flags, "environment": environment(), str(path): from_file}
    preset = next((layer["preset"] for layer in layers.values() if "preset" in layer), None)
    preset_layer = PRESETS.get(preset) if isinstance(preset, str) else None
    return {**layers, f"preset {preset}": preset_layer} if preset_layer else layers


def merge(layers: Layers) -> Config:
    """The effective configuration: each setting comes from the strongest layer that has it.

    Raises:
        ConfigError: naming a setting that is unknown or has a wrong value, and where it was set.
    """
    merged: dict[str, Any] = {}
    for layer in reversed(list(layers.values())):
        _overlay(merged, layer)
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, layers)) from None


def source(layers: Layers, name: str) -> str:
    """The name of the layer that a setting (`"training.epochs"`) came from, or "default"."""
    for layer_name, layer in layers.items():
        value: Any = layer
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            return layer_name
    return "default"


def settings(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name, in the order of the file."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def environment_name(name: str) -> str:
    """The environment variable of a setting: `ITEM2VEC_TRAINING__EPOCHS` for `training.epochs`."""
    return PREFIX + name.replace(".", DELIMITER).upper()


def _check_environment(service_settings: Collection[str]) -> None:
    names = [environment_name(name) for name, _ in settings()]
    known_names = {*names, *map(environment_name, service_settings)}
    for name in variables():
        if name.upper() not in known_names:
            leaf = _leaf(name)
            remedy = _new_name(leaf) or _hint(
                leaf, {_leaf(variable): variable for variable in names}
            )
            raise ConfigError(f"{name} in the environment is not a setting; {remedy}")


def _leaf(variable: str) -> str:
    return variable.upper().removeprefix(PREFIX).rpartition(DELIMITER)[2].lower()


def _overlay(base: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for name, value in layer.items():
        section = base.get(name)
        if isinstance(value, Mapping) and isinstance(section, Mapping):
            value = {**section, **value}
        base[name] = value


def _explain(error: ValidationError, layers: Layers) -> str:
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    name = ".".join(location[:2])
    origin = source(layers, name)
    if first["type"] == "extra_forbidden":
        leaf = location[-1]
        spellings = {setting.rpartition(".")[2]: setting for setting, _ in settings()}
        sections = {section: f"[{section}]" for section in Config.model_fields}
        remedy = _new_name(leaf) or _hint(leaf, sections | spellings)
        return f"{name} ({origin}) is not a setting; {remedy}"
    reason = first["msg"].removeprefix("Value error, ")
    if len(location) == 1 and first["type"] == "value_error":
        return f"[{name}] {reason}"
    return f"{name} = {without_passwords(repr(first['input']))} ({origin}): {reason}"


def _new_name(name: str) -> str | None:
    return f"here it is {RENAMED[name]}" if name in RENAMED else None


def _hint(name: str, spellings: Mapping[str, str]) -> str:
    """Suggests the setting with the closest name, spelled as the user has to write it."""
    close = difflib.get_close_matches(name, spellings, 1)
    return (
        f"did you mean {spellings[close[0]]}?" if close else "`item2vec config show` lists them all"
    )
