"""Presets: settings that work well together, for people without time to tune."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["balanced", "similar", "next"]

# Chosen on the validation parts of two logs; docs/tuning.md has the figures. A setting that is
# not named has its default, as in `balanced`.
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "balanced": {},
    "similar": {
        "training": {"window": "session"},
        "next": {"continuations": 0},
    },
    "next": {"training": {"window": 5, "epochs": 5}},
}
