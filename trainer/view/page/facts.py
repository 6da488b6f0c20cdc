"""What was evaluated: the log, the model and the program, as labels and texts."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from service import __version__
from service.model.artifact import Manifest
from trainer.config.section import Section
from trainer.config.sections import IndexConfig, NextConfig, SimilarConfig, TrainingConfig

# Settings that every reader asks for, changed or not.
ASKED_FOR = ("objective", "vector_size", "window", "epochs", "alpha", "sample")
# Defaults that depend on the machine, or that change no vector.
NOT_TOLD = frozenset({"workers", "seed", "deterministic"})
SECTIONS: Mapping[str, type[Section]] = {
    "training": TrainingConfig,
    "similar": SimilarConfig,
    "next": NextConfig,
    "index": IndexConfig,
}

Facts = dict[str, str]


def facts_of(manifest: Manifest, held_out: str) -> Facts:
    """What was evaluated; what the manifest does not know is left out.

    Args:
        manifest: of the evaluated model.
        held_out: how the test cases were held out, as a sentence.
    """
    data, config = manifest.data, manifest.config
    log = config.get("data", {})
    facts = {
        "log": ", ".join(log.get("paths", ())),
        "condition": log.get("where") or "",
        "time of training": _range(data),
        "trained on": _amounts(data, manifest.items),
        "held out": held_out,
        "model": _settings(config),
        "changed settings": ", ".join(_changed(config)),
        "program": f"item2vec {__version__}",
        "please note": ". ".join(data.get("notes", ())),
        "date": f"{manifest.created:%Y-%m-%d %H:%M} UTC",
    }
    return {label: text for label, text in facts.items() if text}


def name_of_log(manifest: Manifest) -> str:
    """What the headline calls the log: the name of its first file, or the version without one."""
    paths = manifest.config.get("data", {}).get("paths", ())
    if not paths:
        return manifest.model_version
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return PurePath(paths[0]).name + more


def _range(data: Mapping[str, Any]) -> str:
    first, last = data.get("first_event"), data.get("last_event")
    return f"{first} to {last}" if first else ""


def _amounts(data: Mapping[str, Any], items: int) -> str:
    amounts = {"sessions": data.get("sessions"), "events": data.get("events_kept"), "items": items}
    return ", ".join(f"{amount:,} {name}" for name, amount in amounts.items() if amount)


def _settings(config: Mapping[str, Any]) -> str:
    training = config.get("training", {})
    texts = [f"{name} {training[name]}" for name in ASKED_FOR if name in training]
    min_count = config.get("data", {}).get("min_count")
    if min_count is not None:
        texts.append(f"min_count {min_count}")
    return ", ".join(texts)


def _changed(config: Mapping[str, Any]) -> Iterable[str]:
    """The settings that differ from their defaults, and are not told anyway."""
    told = {*ASKED_FOR, *NOT_TOLD}
    for section, kind in SECTIONS.items():
        for name, value in config.get(section, {}).items():
            field = kind.model_fields.get(name)
            if name not in told and field is not None and value != field.default:
                yield f"{section}.{name} {value}"
