"""Presets: settings that work well together, for those with no time to tune."""

from collections.abc import Mapping
from typing import Any, Literal

Preset = Literal["balanced", "similar", "next"]

# Chosen on validation parts of two logs; the README has the figures. What is not named is as in the
# defaults, which are those of `balanced`.
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "balanced": {},
    "similar": {
        "training": {"window": "session", "epochs": 60},
        "next": {"continuations": 0},
    },
    "next": {"training": {"window": 5, "epochs": 10, "negative": 5, "sample": 1e-3}},
}
