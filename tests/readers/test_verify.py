"""``verify`` sees what does not follow from the engine's rules, and nothing where everything does."""

import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from support.four_agents import HOT, four_agents

from master_orchestrator.core.audit_chain import hash_of
from master_orchestrator.facade.setup import without_unserved
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator.readers.verify import verify
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.plain_readings import telemetry_from_mapping
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import Priority, State

Trail = list[AuditRecord]
Change = Callable[[Trail], Trail]


@pytest.fixture(scope="module")
def trail_and_statuses() -> tuple[Trail, dict[str, Status]]:
    """What an engine wrote about three vehicles."""
    handlers = four_agents()
    shell = MemoryShell(without_unserved(load_topology(), handlers), handlers, max_workers=4)
    shell.start()
    for number in range(3):
        reading = telemetry_from_mapping(
            {**HOT, "timestamp": time.time(), "check_requested": True}, vehicle_id=f"car-{number}"
        )
        (opened, *_) = shell.submit(reading).answer.result(10).audit
        shell.workflows.watch(opened.workflow_id, lambda status: status.state is State.COMPLETED).result(10)
    shell.stop()
    return shell.log.audit, {status.workflow_id: status for status in shell.workflows.all()}


def rehashed(trail: Trail) -> Trail:
    """The trail with hashes that fit again, as a forger with the algorithm would leave it."""
    made: Trail = []
    newest: dict[str, str] = {}
    for record in trail:
        linked = replace(record, prev_hash=newest.get(record.workflow_id, record.prev_hash))
        linked = replace(linked, hash=hash_of(linked))
        newest[record.workflow_id] = linked.hash
        made.append(linked)
    return made


def test_what_the_engine_wrote_is_clean(trail_and_statuses: tuple[Trail, dict[str, Status]]) -> None:
    trail, statuses = trail_and_statuses

    verdict = verify(trail, [], statuses)

    assert () == verdict.violations
    assert (3, len(trail)) == (verdict.workflows, verdict.records)


def test_records_that_came_while_statuses_were_read_are_no_violation(
    trail_and_statuses: tuple[Trail, dict[str, Status]],
) -> None:
    trail, statuses = trail_and_statuses

    assert () == verify(trail[:-2], trail[-2:], statuses).violations


def edit(trail: Trail) -> Trail:
    return [replace(record, priority=Priority.ROUTINE) if record.seq == 3 else record for record in trail]


def delete(trail: Trail) -> Trail:
    return [record for record in trail if record.seq != 3]


def swap(trail: Trail) -> Trail:
    return [trail[1], trail[0], *trail[2:]]


def truncate(trail: Trail) -> Trail:
    return trail[:-1]


def jump(trail: Trail) -> Trail:
    return rehashed([replace(record, to_state=State.SCHEDULED) if record.seq == 2 else record for record in trail])


def apply_twice(trail: Trail) -> Trail:
    last = trail[-1]
    back = {topic: position - 1 for topic, position in last.positions.items()}
    again = replace(last, seq=last.seq + 1, from_state=last.to_state, positions=back)
    return rehashed([*trail, again])


def retell(trail: Trail) -> Trail:
    return rehashed([replace(record, at_ms=record.at_ms + 1) for record in trail])


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (edit, {"edited"}),
        (delete, {"missing"}),
        (swap, {"missing", "reordered"}),
        (truncate, {"truncated"}),
        (jump, {"illegal_move"}),
        (apply_twice, {"position_went_back"}),
        (retell, {"status_differs"}),
    ],
)
def test_each_kind_of_tampering_is_seen(
    trail_and_statuses: tuple[Trail, dict[str, Status]], change: Change, kinds: set[str]
) -> None:
    trail, statuses = trail_and_statuses

    seen = {violation.kind for violation in verify(change(trail), [], statuses).violations}

    assert kinds <= seen


def test_a_workflow_without_its_newest_status_is_seen(trail_and_statuses: tuple[Trail, dict[str, Status]]) -> None:
    trail, statuses = trail_and_statuses
    stale = dict(statuses)
    stale.pop(trail[0].workflow_id)

    assert ["status_behind"] == [violation.kind for violation in verify(trail, [], stale).violations]
