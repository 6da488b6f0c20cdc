"""Finds the settings that have changed since a model was trained."""

from collections.abc import Mapping
from typing import Any

from trainer.config.jobs import Config
from trainer.config.sources import merge, settings, show_value

# The settings that shape a model; not where it is made, nor what happens to it afterwards.
SHAPING = ("data.", "items.", "training.", "index.", "similar.", "next.")
NOT_SHAPING = ("data.scratch", "training.workers")


def changed_settings(trained: Mapping[str, Any], config: Config) -> list[tuple[str, str, str]]:
    """The settings that would now make a different model from the same files.

    A default that changed with an upgrade counts as a change; a setting that did not exist yet
    counts as having had its default. An imported model was trained without settings: no changes.

    Args:
        trained: the configuration in the model's manifest.
        config: every effective setting.

    Returns:
        Name, value then and value now of each, as text for people.
    """
    if "imported" in trained:
        return []
    changes = []
    now, default = config.model_dump(mode="json"), merge({}).model_dump(mode="json")
    for name, _ in settings():
        if name.startswith(SHAPING) and name not in NOT_SHAPING:
            section, leaf = name.split(".")
            value = now[section][leaf]
            before = trained.get(section, {}).get(leaf, default[section][leaf])
            if value != before:
                changes.append((name, show_value(before) or "none", show_value(value) or "none"))
    return changes
