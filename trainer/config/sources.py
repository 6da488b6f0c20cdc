"""Merges the settings of all sources: flags, environment, file and preset."""

import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from service.model.environment import PREFIX, variables
from service.model.errors import ConfigError, short
from service.model.expectations import problem
from trainer.config.addresses import without_passwords
from trainer.config.directory import DEFAULT_FILE
from trainer.config.jobs import Config
from trainer.config.presets import PRESETS

Flags = dict[str, Any]
Layers = Mapping[str, Mapping[str, Any]]

DELIMITER = "__"
PREFIXED = frozenset({"items"})  # sections whose settings have short names that begin with theirs

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


def read_layers(
    file: Path | None,
    flags: Mapping[str, Any],
    service_settings: Collection[str] = (),
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
    from_file = read_file(path) if file or path.is_file() else {}
    _check_environment(service_settings)
    return with_preset({"flag": flags, "environment": _from_environment(), str(path): from_file})


def read_file(path: Path) -> dict[str, Any]:
    """What a configuration file sets.

    Raises:
        ConfigError: the file is missing or is not TOML.
    """
    if not path.is_file():
        raise ConfigError(f"there is no configuration file {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def with_preset(layers: Layers) -> Layers:
    """The same layers, and below them the preset that the strongest of them names."""
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
    return next((layer for layer, _ in _found(layers, name)), "default")


def value(layers: Layers, name: str) -> object:
    """The value of a setting in the strongest layer that has it, unchecked; None if none has."""
    return next((found for _, found in _found(layers, name)), None)


def _found(layers: Layers, name: str) -> Iterator[tuple[str, object]]:
    for layer_name, layer in layers.items():
        found: Any = layer
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is not None:
            yield layer_name, found


def settings(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name, in the order of the file."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def keyword(name: str) -> str:
    """The short name of a setting, which no other has: `window`, but `items_title`."""
    section, _, leaf = name.rpartition(".")
    return f"{section}_{leaf}" if section in PREFIXED else leaf


def environment_name(name: str) -> str:
    """The environment variable of a setting: `ITEM2VEC_TRAINING__EPOCHS` for `training.epochs`."""
    return PREFIX + name.replace(".", DELIMITER).upper()


def _from_environment() -> dict[str, Any]:
    if not variables():
        return {}
    from trainer.config.environment import Environment  # imports what takes long

    return Environment(Config, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)()  # type: ignore[arg-type]


def _check_environment(service_settings: Collection[str]) -> None:
    names = [environment_name(name) for name, _ in settings()]
    known_names = {*names, *map(environment_name, service_settings)}
    for name in variables():
        if name.upper() not in known_names:
            section, _, leaf = name.upper().removeprefix(PREFIX).lower().rpartition(DELIMITER)
            close = _spellings(section)
            spellings = {last: environment_name(close[last]) for last in close}
            raise ConfigError(
                f"{name} in the environment is not a setting; {remedy(leaf, spellings)}"
            )


def _spellings(section: str) -> dict[str, str]:
    """The settings by their last names; of several, that of a section, or else the first."""
    names = [name for name, _ in settings()][::-1]
    ordered = sorted(names, key=lambda name: name.startswith(f"{section}."))
    return {name.rpartition(".")[2]: name for name in ordered}


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
        sections = {section: f"[{section}]" for section in Config.model_fields}
        hint = remedy(leaf, sections | _spellings(location[0]))
        return f"{without_passwords(name)} ({origin}) is not a setting; {hint}"
    reason = problem(first, dict(settings()).get(name))
    if len(location) == 1 and first["type"] == "value_error":
        return f"[{name}] {reason}"
    given = without_passwords(repr(first["input"]))
    return f"{name} = {short(given)} ({origin}): {reason}"


def remedy(name: str, spellings: Mapping[str, str]) -> str:
    """What to write instead of an unknown setting.

    Args:
        name: as it was written.
        spellings: of each setting, how the user has to write it.
    """
    if name in RENAMED:
        return f"here it is {RENAMED[name]}"
    close = difflib.get_close_matches(name, spellings, 1)
    return (
        f"did you mean {spellings[close[0]]}?" if close else "`item2vec config show` lists them all"
    )
