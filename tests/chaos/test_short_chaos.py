"""The short form of the chaos suite: a whole system on three brokers, a dozen faults, the judge."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[2] / "chaos"
SEED, MINUTES, FAULTS = 11, 1.5, 14  # a seed without the rolling restart, which takes minutes
MAX_RUN_S = 900


@pytest.mark.kafka
@pytest.mark.timeout(MAX_RUN_S)
def test_a_short_run_leaves_no_violation(tmp_path: Path) -> None:
    command = [sys.executable, str(SUITE), "run", "--seed", str(SEED), "--minutes", str(MINUTES)]
    command += ["--faults", str(FAULTS), "--folder", str(tmp_path / "run")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MAX_RUN_S - 30)
    lines = (ran.stdout + ran.stderr).splitlines()
    assert lines, "the suite said nothing"
    verdict = tmp_path / "run" / "verdict.json"
    assert verdict.exists(), "\n".join(lines[-60:])
    assert [] == json.loads(verdict.read_text())["violations"], "\n".join(lines[-30:])
    summary = json.loads(ran.stdout.splitlines()[-1])
    assert FAULTS == summary["faults"]
    assert summary["breach_findings"] > 0, "the rogues did nothing"
