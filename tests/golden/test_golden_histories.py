"""Golden histories: what the engine made of these inputs when a human last looked at it, it makes of them today."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.golden_history import FOLDER, GoldenHistory, first_difference

from master_orchestrator_schemas.vocabulary import AgentType, AlertKind, State

PATHS = sorted(FOLDER.glob("histories/*.yaml"))
FALSIFIED = FOLDER / "must_fail/a_wait_of_four_seconds.yaml"
ALERTS, FEEDBACK = "workflow.alerts", "sender.feedback"
history_of = cache(GoldenHistory)  # reading YAML takes longer than all else


@pytest.fixture(params=PATHS, ids=[path.stem for path in PATHS])
def history(request: pytest.FixtureRequest) -> GoldenHistory:
    """Each history."""
    path: Path = request.param
    return history_of(path)


def test_every_byte_is_as_recorded(history: GoldenHistory) -> None:
    difference = history.difference()
    assert difference is None, f"{difference}\nIf that is wanted: python tests/golden/record.py, and review the change."


def test_a_falsified_history_fails_and_the_first_difference_is_named() -> None:
    place = "steps[1] (workflow.timers 0) gives[0] (workflow.audit truck-7~0/2) details retry_at_ms"
    assert f"{place}: recorded 1700000094000, now 1700000092000" == GoldenHistory(FALSIFIED).difference()


def test_whatever_is_falsified_is_found(history: GoldenHistory) -> None:
    """Each leaf and each item of the recorded outputs, one at a time."""
    now = history.now()
    forged = deepcopy(now)
    for holder, key in _places([forged["steps"], forged["ends"]]):
        honest = holder[key]
        holder[key] = "forged"
        assert "recorded 'forged'" in (first_difference(forged, now) or "")
        holder[key] = honest
    for step in forged["steps"]:
        if step["gives"]:
            lost = step["gives"].pop()
            assert "recorded None" in (first_difference(forged, now) or "")
            step["gives"].append(lost)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in a tree where there is no branch."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    nested = [_places(item) if isinstance(item, dict | list) and item else [(tree, key)] for key, item in pairs]
    return [place for places in nested for place in places]


def test_one_batch_gives_what_the_inputs_give_one_by_one(history: GoldenHistory) -> None:
    """Topic by topic: among topics there is no order. What senders are told is told once per batch."""
    run = history.run()
    single = [output for given in history.inputs for output in run.outputs([given]) if output[0] != FEEDBACK]
    together = [output for output in history.run().outputs(history.inputs) if output[0] != FEEDBACK]
    assert sorted(single, key=lambda output: output[0]) == sorted(together, key=lambda output: output[0])


def test_the_histories_go_through_every_state_every_agent_and_every_alert_of_a_workflow() -> None:
    outputs = [output for path in PATHS for step in history_of(path).recorded["steps"] for output in step["gives"]]
    assert set(State) == {State(output["to_state"]) for output in outputs if "to_state" in output}
    assert set(AgentType) == {AgentType(output["agent"]) for output in outputs if "agent" in output}
    of_workflows = {
        AlertKind.WORKFLOW_FAILED,
        AlertKind.URGENT_UNRESOLVED,
        AlertKind.SERVICE_OVERDUE,
        AlertKind.OWNER_NOT_REACHED,
    }
    assert of_workflows == {AlertKind(output["kind"]) for output in outputs if output["topic"] == ALERTS}
