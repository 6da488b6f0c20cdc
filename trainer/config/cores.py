"""How many CPU cores this process may use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def usable_cores() -> int:
    """The cores the system lets this process use: by its affinity, and by quotas, rounded up.

    A container is limited by a quota (`docker run --cpus 2`), which no count of cores shows.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min([cores, *_quotas()])))


def _quotas() -> Iterator[float]:
    """CPU quotas of the control groups of this process and of those around them, in cores."""
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
    """A control group, then those around it.

    In a container the path may be the host's: then only the outermost is there, its own.
    """
    group = mount / path.strip("/")
    yield group
    while group != mount:
        group = group.parent
        yield group


def _quota(quota: str = "", period: str = "") -> Iterator[float]:
    if quota.isdecimal() and period.isdecimal():  # else "max" or -1, or there is no such file
        yield int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
