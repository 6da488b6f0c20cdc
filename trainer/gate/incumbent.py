"""The current version, if a new one can be compared with it."""

import re

from service.model.artifact import Artifact
from trainer.config.changes import changed_settings
from trainer.config.jobs import Config

VALUE = re.compile(r"'[^']*'|\b\d+(\.\d+)?\b")
# Settings that decide which events there are, and what they are called: with others, it is another
# log. Paths are none of them, for those of a nightly log may change every night.
OF_THE_LOG = tuple(
    f"data.{name}"
    for name in (
        *("session", "user", "item", "time", "time_format", "time_unit", "event", "where"),
        *("session_gap", "collapse_repeats", "min_count", "min_session_length", "title"),
    )
)


def incumbent(current: Artifact | None, config: Config) -> tuple[Artifact | None, str]:
    """The current version, and why it is not one to compare with, empty if it is."""
    if current is None:
        return None, "it is the first, or the one before cannot be read"
    version, trained = current.manifest.model_version, current.manifest.config
    if "imported" in trained or not current.manifest.data.get("events_kept"):
        return None, f"the current version, {version}, was not trained here"
    changed = [
        name
        for name, was, now in changed_settings(trained, config)
        if name in OF_THE_LOG and not (name == "data.where" and _form(was) == _form(now))
    ]
    if changed:
        return None, f"the log is another than that of version {version}: {', '.join(changed)}"
    return current, ""


def _form(condition: str) -> str:
    """A condition without its values: a window that moves every night stays the same condition."""
    return VALUE.sub("?", condition)
