"""How many CPU cores this process may use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def usable_cores() -> int:
    """The number of cores this process may use, by its affinity and by CPU quotas, rounded up.

    A quota (`docker run --cpus 2`) limits a container, but no count of cores shows it.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min([cores, *_quotas()])))


def _quotas() -> Iterator[float]:
    """The CPU quotas, in cores, of this process's control groups and of their ancestors."""
    mounts = ROOT / "sys/fs/cgroup"
    for line in _read(ROOT / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            for group in _groups(mounts, path):
                yield from _quota(*_read(group / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            for group in _groups(mounts / "cpu", path):
                files = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
                yield from _quota(*(_read(group / file).strip() for file in files))


def _groups(mount: Path, path: str) -> Iterator[Path]:
    """A control group, then its ancestors.

    In a container the path may be that on the host: then only the root exists, the container's own.
    """
    group = mount / path.strip("/")
    yield group
    while group != mount:
        group = group.parent
        yield group


def _quota(quota: str = "", period: str = "") -> Iterator[float]:
    if quota.isdecimal() and period.isdecimal():  # otherwise "max", -1, or no such file
        yield int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
