import os

import pytest

from trainer.config import cores
from trainer.config.cores import usable_cores
from trainer.config.sections import TrainingConfig


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Sixteen cores, and the files in which a system tells its quotas."""
    monkeypatch.setattr(cores, "ROOT", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)

    def write(**files: str) -> None:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")

    return write


GROUPS = "proc/self/cgroup"
V1, V2 = "sys/fs/cgroup/cpu", "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 16),
        ({GROUPS: "0::/"}, 16),
        ({GROUPS: "0::/", f"{V2}/cpu.max": "max 100000"}, 16),
        ({GROUPS: "0::/", f"{V2}/cpu.max": "200000 100000"}, 2),
        ({GROUPS: "0::/", f"{V2}/cpu.max": "150000 100000"}, 2),
        ({GROUPS: "0::/", f"{V2}/cpu.max": "5000 100000"}, 1),
        ({GROUPS: "0::/", f"{V2}/cpu.max": "6400000 100000"}, 16),
        # The narrowest of nested groups counts.
        ({GROUPS: "0::/a/b", f"{V2}/a/b/cpu.max": "max 1000", f"{V2}/a/cpu.max": "3000 1000"}, 3),
        ({GROUPS: "0::/a/b", f"{V2}/a/b/cpu.max": "2000 1000", f"{V2}/a/cpu.max": "9000 1000"}, 2),
        # Version 1: one hierarchy a controller, cpu perhaps beside another.
        (
            {
                GROUPS: "4:memory:/m\n1:cpu,cpuacct:/a",
                f"{V1}/a/cpu.cfs_quota_us": "250000",
                f"{V1}/a/cpu.cfs_period_us": "100000",
            },
            3,
        ),
        (
            {GROUPS: "1:cpu:/", f"{V1}/cpu.cfs_quota_us": "-1", f"{V1}/cpu.cfs_period_us": "1000"},
            16,
        ),
        # In a container the path may be the host's, which is not to be seen.
        (
            {
                GROUPS: "1:cpu:/docker/4f1\n0::/",
                f"{V1}/cpu.cfs_quota_us": "4000",
                f"{V1}/cpu.cfs_period_us": "1000",
            },
            4,
        ),
        ({GROUPS: "0::/../../other", f"{V2}/cpu.max": "5000 1000"}, 5),
    ],
)
def test_a_quota_of_a_container_limits_the_cores(system, files, expected):
    system(**files)
    assert usable_cores() == expected
    assert TrainingConfig().workers == expected


def test_affinity_counts_where_it_is_narrower(system, monkeypatch):
    system(**{GROUPS: "0::/", f"{V2}/cpu.max": "8000 1000"})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert usable_cores() == 3


@pytest.mark.usefixtures("system")
def test_without_affinity_all_cores_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert usable_cores() == 7
