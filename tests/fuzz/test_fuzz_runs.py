"""The fuzz runs in small: nothing is found from a fixed seed, and what is planted is found, kept and found again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzz_suite.findings import WrongError, load, save
from fuzz_suite.records import target
from fuzz_suite.shards import target_of
from fuzz_suite.topology import judged
from fuzz_suite.watchdog import HangError, cpu_limit
from structlog.testing import capture_logs

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.shell import vehicle_job
from master_orchestrator_schemas.messages import Timer
from master_orchestrator_schemas.topology import loader

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "count", "ending"),
    [
        ("records", 3_000, "recorded.Reply"),
        ("conduct", 400, "trail.finding_raised"),
        ("topology", 40, "refused"),
        ("arguments", 60, "exit_2.none"),
        ("ingest", 40, "exit_1"),
    ],
)
def test_nothing_is_found(name: str, count: int, ending: str, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "fuzz",
        name,
        "--count",
        str(count),
        "--seed",
        "7",
        "--jobs",
        "1",
        "--folder",
        str(tmp_path),
    ]
    ran = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    result = json.loads(ran.stdout.splitlines()[-1])
    assert {} == result["findings"], result
    assert (0, count) == (ran.returncode, result["cases"])
    assert result["counts"][ending] > 0


def test_a_seed_says_everything() -> None:
    once, again = (target.shard(seed=5, index=1, count=200) for _ in range(2))
    assert once.counts == again.counts
    assert once.counts != target.shard(seed=6, index=1, count=200).counts


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A core that fails at ticks."""

    def faulty(policy: Policy, vehicle_id: str, state: VehicleState | None, given: Input) -> Outcome:
        if isinstance(given.body, Timer):
            raise KeyError("planted")
        return step(policy, vehicle_id, state, given)

    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(vehicle_job, "step", faulty)
        yield patch


def test_a_fault_in_the_core_is_found_and_can_be_replayed(fault: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = target.shard(seed=5, index=0, count=400)
    assert {"a record is unprocessable"} == set(report.findings)

    finding = load(save(report.kept[0], tmp_path))
    with pytest.raises(WrongError, match="planted"):
        target_of(finding.target).replay(bytes(finding.case))
    fault.undo()
    assert "Timer" in target_of(finding.target).replay(bytes(finding.case))


def test_an_error_that_is_no_topology_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(loader, "problems", broken)
    with pytest.raises(ZeroDivisionError):
        judged(loader.default_path().read_text(encoding="utf-8"))


def test_the_watchdog_ends_what_only_computes() -> None:
    def hang() -> None:
        while True:
            pass

    with pytest.raises(HangError), cpu_limit(0.05):
        hang()
