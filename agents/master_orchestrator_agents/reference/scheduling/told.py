"""What the engine has to be told of the nightly plan: a service event MOVED for each appointment that was moved.

A move is told until the engine has accepted it or the appointment has begun; the event's id stays the same, so that one
which is told twice counts once.
"""

from collections.abc import Iterable

from master_orchestrator_agents.reference.sql import Sql
from master_orchestrator_schemas.messages import ServiceEvent
from master_orchestrator_schemas.vocabulary import ServiceEventKind


def untold_moves(sql: Sql, now_ms: int) -> list[ServiceEvent]:
    """The newest move of each appointment to come, if the engine has not accepted it yet."""
    rows = sql.execute(
        "SELECT a.appointment_id, a.vehicle_id, a.workflow_id, a.workshop_id, a.start_ms, a.end_ms, "
        "m.moved_at_ms, m.why FROM moves m JOIN appointments a ON a.appointment_id = m.appointment_id "
        "WHERE m.told = 0 AND a.state = 'CONFIRMED' AND a.start_ms > ? AND m.moved_at_ms = "
        "(SELECT MAX(n.moved_at_ms) FROM moves n WHERE n.appointment_id = m.appointment_id) ORDER BY a.appointment_id",
        (now_ms,),
    ).fetchall()
    return [
        ServiceEvent(
            vehicle_id=vehicle_id,
            workflow_id=workflow_id,
            event_id=f"{appointment_id}@{moved_at_ms}",
            kind=ServiceEventKind.MOVED,
            ts_ms=moved_at_ms,
            workshop_id=workshop_id,
            start_ms=start_ms,
            end_ms=end_ms,
            note=why,
        )
        for appointment_id, vehicle_id, workflow_id, workshop_id, start_ms, end_ms, moved_at_ms, why in rows
    ]


def note_told(sql: Sql, events: Iterable[ServiceEvent]) -> None:
    """The engine has accepted these moves."""
    for event in events:
        appointment_id, _, moved_at_ms = event.event_id.rpartition("@")
        sql.execute(
            "UPDATE moves SET told = 1 WHERE appointment_id = ? AND moved_at_ms <= ?",
            (appointment_id, int(moved_at_ms)),
        )
