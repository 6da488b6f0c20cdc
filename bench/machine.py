"""Describes the machine of a benchmark: processor and versions, but no host name."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "numba", "llvmlite", "faiss-cpu", "gensim", "scipy")
PROCESSOR_FACTS = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, system and versions."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def machine_line(machine: dict[str, Any]) -> str:
    """A description of a machine as one line of text."""
    packages = ", ".join(f"{name} {release}" for name, release in machine["packages"].items())
    return (
        f"{machine['processor']} ({machine['architecture']}, {machine['cores']} cores), "
        f"{machine['system']}, Python {machine['python']}, {packages}"
    )


def _processor() -> str:
    if PROCESSOR_FACTS.is_file():
        for line in PROCESSOR_FACTS.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown processor"
