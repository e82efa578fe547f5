"""The system's own ``audit verify`` and ``ueba verify``, asked from outside."""

import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple

from chaos_checker.violation import RuleViolation, violations_of

PATIENCE_S = 1_800.0
SHOWN = 20


class Replay(NamedTuple):
    """What the command gave. ``report`` is its JSON answer, empty if there was none."""

    exit_code: int
    report: dict[str, Any]
    errors: str


def asked(command: Sequence[str]) -> Replay:
    """Run the command. Raises ``subprocess.TimeoutExpired`` after half an hour."""
    run = subprocess.run(
        command,
        capture_output=True, text=True, check=False, timeout=PATIENCE_S, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        report = json.loads(run.stdout)
    except ValueError:
        report = {}
    return Replay(run.returncode, report if isinstance(report, dict) else {}, run.stderr[-2_000:])


def same_workflows(replay: Replay, records: int) -> list[RuleViolation]:
    """`audit verify`: everything was replayed, all ``records`` of the trail, and gave the same bytes."""
    told = [
        (str(entry.get("workflow_id") or entry.get("vehicle_id")), str(entry.get("text")))
        for entry in [*replay.report.get("violations", ()), *replay.report.get("untold", ())][:SHOWN]
    ]
    return violations_of("replay", told or _incomplete("audit verify", replay, records))


def same_actors(replay: Replay, records: int) -> list[RuleViolation]:
    """`ueba verify`: the same of the trails of actors."""
    told = [(str(entry["workflow_id"]), str(entry["text"])) for entry in replay.report.get("violations", ())]
    told += [("ueba verify", str(text)) for text in replay.report.get("untold", ())]
    return violations_of("actor-replay", told[:SHOWN] or _incomplete("ueba verify", replay, records))


def _incomplete(name: str, replay: Replay, records: int) -> list[tuple[str, str]]:
    if replay.exit_code != 0 or not replay.report:
        return [(name, f"exit code {replay.exit_code}: {replay.errors or 'no words'}")]
    given = replay.report.get("replayed")
    return [] if given == records else [(name, f"gave {given} of {records} records")]
