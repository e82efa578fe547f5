"""The nightly plan and a real engine: a move that it accepts is told everywhere, one that it refuses is taken back."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.engine_process import EngineProcess
from support.facade_stage import FacadeStage
from support.four_agents import four_agents

from master_orchestrator import MasterOrchestrator, State
from master_orchestrator.client.moves import tell_moves
from master_orchestrator_agents.reference.scheduling import SchedulingAgent, SchedulingStore
from master_orchestrator_agents.reference.scheduling.optimise import PlanTerms, optimise
from master_orchestrator_agents.reference.zoned import DAY_MS, HOUR_MS
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka

CLOSED_DAYS = 20
"""Longer than the two weeks within which SCHEDULED is due: what is booked meanwhile is late."""
PATIENCE_S = 60.0
CATALYST = {"engine_temp": 92.0, "dtcs": ["P0420"]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SchedulingStore]:
    """One workshop, which is closed for weeks."""
    opened = SchedulingStore(tmp_path / "appointments.sqlite3", workshops=1)
    today = datetime.now(UTC).date()
    days = [today + timedelta(days=number) for number in range(-1, CLOSED_DAYS)]
    with opened.database.write() as sql:
        sql.executemany("INSERT INTO closures VALUES ('workshop-001', ?)", [(day.isoformat(),) for day in days])
    yield opened
    opened.close()


def diagnose(task: object) -> dict[str, object]:
    """Nothing urgent."""
    return {"causes": ["catalyst"], "severity": 0.4, "probability": 0.5}


def starts(store: SchedulingStore) -> dict[str, int]:
    with store.database.read() as sql:
        return dict(sql.execute("SELECT workflow_id, start_ms FROM appointments WHERE state = 'CONFIRMED'").fetchall())


def wait_for_start(orchestrator: MasterOrchestrator, workflow_id: str, start_ms: int) -> None:
    """Until the status shows it; fails with what it shows in the end."""
    until, expected, pause = time.monotonic() + PATIENCE_S, rfc3339(start_ms), threading.Event()
    shown = None
    while time.monotonic() < until and shown != expected:
        pause.wait(0.05)
        appointment = orchestrator.get_workflow_status(workflow_id)["appointment"]
        shown = appointment and appointment["start"]
    assert expected == shown


def test_the_engine_accepts_a_move_and_the_books_follow_where_it_refuses(
    kafka: KafkaSettings,
    live_topology: Topology,
    engine: EngineProcess,
    vehicle: Callable[[], str],
    store: SchedulingStore,
) -> None:
    agents = four_agents(DIAGNOSIS=diagnose, SCHEDULING=SchedulingAgent(store, plan_ahead_ms=HOUR_MS))
    with FacadeStage(live_topology, kafka).orchestrator(agents) as orchestrator:
        moved, done = (orchestrator.receive_vehicle_telemetry(vehicle(), CATALYST) for _ in range(2))
        for workflow_id in (moved, done):
            orchestrator.wait_until(workflow_id, State.SCHEDULED)
        before = starts(store)
        wait_for_start(orchestrator, moved, before[moved])

        with store.database.write() as sql:
            sql.execute("DELETE FROM closures")
        now_ms = time.time_ns() // 1_000_000
        plan = optimise(store.database, PlanTerms(now_ms, settled_ms=HOUR_MS, days=30), write=True)
        planned = {move.job.workflow_id: move.after.start_ms for move in plan.moves}
        assert {moved, done} == set(planned)
        assert max(planned.values()) < now_ms + 14 * DAY_MS < min(before.values())
        orchestrator.report_service_event(done, "COMPLETED")
        orchestrator.wait_until_ended(done)

        (refused,) = tell_moves(kafka, live_topology, store.database, now_ms, PATIENCE_S)

        assert f"{done}: illegal_event" in refused
        wait_for_start(orchestrator, moved, planned[moved])
        (record,) = [each for each in orchestrator.get_audit_trail(moved) if each["event"] == "appointment_moved"]
        assert "workshop:workshop-001" == record["actor"]
        assert {moved: planned[moved], done: before[done]} == starts(store)
        assert [] == tell_moves(kafka, live_topology, store.database, now_ms, PATIENCE_S)
        again = optimise(store.database, PlanTerms(now_ms, settled_ms=HOUR_MS, days=30), write=False)
        assert () == again.moves
