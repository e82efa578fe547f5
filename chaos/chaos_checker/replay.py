"""The engine's own ``audit verify``, asked from outside."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chaos_checker.violation import RuleViolation, violations_of

PATIENCE_S = 1_800.0
SHOWN = 20


class Replay(NamedTuple):
    """What the command gave. ``report`` is its JSON answer, empty if there was none."""

    exit_code: int
    report: dict[str, Any]
    errors: str


def replayed(command: Sequence[str], bootstrap_servers: str, topology: Path) -> Replay:
    """Run the command. Raises ``subprocess.TimeoutExpired`` after half an hour."""
    where = ["--bootstrap-servers", bootstrap_servers, "--topology", str(topology)]
    run = subprocess.run(
        [*command, *where, "audit", "verify", "--json"],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        report = json.loads(run.stdout)
    except ValueError:
        report = {}
    return Replay(run.returncode, report if isinstance(report, dict) else {}, run.stderr[-2_000:])


def same(replay: Replay, records: int) -> list[RuleViolation]:
    """Everything was replayed, all ``records`` of the trail, and gave the same bytes."""
    violations = [
        (str(entry.get("workflow_id") or entry.get("vehicle_id")), str(entry.get("text")))
        for entry in [*replay.report.get("violations", ()), *replay.report.get("untold", ())][:SHOWN]
    ]
    if not violations and (replay.exit_code != 0 or not replay.report):
        violations.append(("audit verify", f"exit code {replay.exit_code}: {replay.errors or 'no words'}"))
    elif not violations and replay.report.get("replayed") != records:
        violations.append(("audit verify", f"gave {replay.report.get('replayed')} of {records} records"))
    return violations_of("replay", violations)
