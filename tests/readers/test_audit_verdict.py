"""``audit verify`` finds what was tampered with, or says that it cannot tell; it never calls it whole."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from support.engine_partition import CODEC
from support.kept_cluster import KeptCluster, chained, kept_cluster, renamed

from master_orchestrator_schemas.messages import Telemetry
from master_orchestrator_schemas.partitioner import partition_of_key
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.vocabulary import Priority

VEHICLE, WORKFLOW = "serviced", "serviced~0"
Tamper = Callable[[KeptCluster], None]
Lose = Callable[[KeptCluster], None]


def edited(cluster: KeptCluster) -> None:
    cluster.write_trail(
        replace(r, priority=Priority.ROUTINE) if (r.workflow_id, r.seq) == (WORKFLOW, 3) else r for r in cluster.trail()
    )


def deleted_in_the_middle(cluster: KeptCluster) -> None:
    cluster.write_trail(r for r in cluster.trail() if (r.workflow_id, r.seq) != (WORKFLOW, 3))


def tail_cut_with_its_status_left(cluster: KeptCluster) -> None:
    cluster.write_trail([r for r in cluster.trail() if r.workflow_id != WORKFLOW or r.seq < 5])


def tail_cut_and_its_status_too(cluster: KeptCluster) -> None:
    tail_cut_with_its_status_left(cluster)
    cluster.write_statuses()


def reordered(cluster: KeptCluster) -> None:
    trail = cluster.trail()
    one, other = (next(i for i, r in enumerate(trail) if (r.workflow_id, r.seq) == (WORKFLOW, n)) for n in (2, 3))
    trail[one], trail[other] = trail[other], trail[one]
    cluster.write_trail(trail)


def chained_anew(cluster: KeptCluster) -> None:
    """Another agent did it, and all hashes and statuses fit."""
    changed = [
        replace(r, actor="agent:DIAGNOSIS@elsewhere") if r.actor.startswith("agent:DIAGNOSIS") else r
        for r in cluster.trail()
    ]
    cluster.write_trail(chained(changed))
    cluster.write_statuses()


def made_up(cluster: KeptCluster) -> None:
    """A wholly forged workflow, with its statuses, of a vehicle that has never sent anything."""
    forged = renamed((r for r in cluster.trail() if r.workflow_id == WORKFLOW), "nobody~0")
    cluster.write_trail([*cluster.trail(), *forged])
    cluster.write_statuses()


def made_up_beside_others(cluster: KeptCluster) -> None:
    forged = renamed((r for r in cluster.trail() if r.workflow_id == WORKFLOW), f"{VEHICLE}~1")
    cluster.write_trail([*cluster.trail(), *forged])
    cluster.write_statuses()


def trail_of_a_vehicle_deleted(cluster: KeptCluster) -> None:
    cluster.write_trail([r for r in cluster.trail() if r.vehicle_id != VEHICLE])
    cluster.write_statuses()


def record_erased_by_a_tombstone(cluster: KeptCluster) -> None:
    cluster.append(cluster.audit, f"{WORKFLOW}/3".encode(), None)


def written_under_another_key(cluster: KeptCluster) -> None:
    """Compaction would erase the record that has the key."""
    log = cluster.records[Partition(cluster.audit, 0)]
    log[0] = log[0]._replace(name=log[1].name)


def made_unreadable(cluster: KeptCluster) -> None:
    log = cluster.records[Partition(cluster.audit, 0)]
    log[1] = log[1]._replace(content=b"\xc3\x01garbage")


def status_made_unreadable(cluster: KeptCluster) -> None:
    log = cluster.records[Partition(cluster.status, 0)]
    log[0] = log[0]._replace(content=b"?")


def forked(cluster: KeptCluster) -> None:
    last = next(r for r in reversed(cluster.trail()) if r.workflow_id == WORKFLOW)
    other = replace(last, reason="otherwise")
    cluster.append(cluster.audit, f"{WORKFLOW}/{last.seq}".encode(), CODEC.encode(chained([other])[0]))


TAMPERS: list[Tamper] = [
    edited, deleted_in_the_middle, tail_cut_with_its_status_left, tail_cut_and_its_status_too, reordered, chained_anew,
    made_up, made_up_beside_others, trail_of_a_vehicle_deleted, record_erased_by_a_tombstone,
    written_under_another_key, made_unreadable, status_made_unreadable, forked,
]  # fmt: skip


def everything_kept(_cluster: KeptCluster) -> None:
    pass


def telemetry_expired(cluster: KeptCluster) -> None:
    cluster.expire(cluster.readings)


def telemetry_expired_and_no_table(cluster: KeptCluster) -> None:
    cluster.expire(cluster.readings)
    del cluster.records[Partition(cluster.table, 0)]


def test_what_the_engine_wrote_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = kept_cluster()
    verdict = cluster.verified(monkeypatch)
    assert ("whole", (), ()) == (verdict.outcome, verdict.violations, verdict.untold)
    assert len(cluster.trail()) == verdict.records == verdict.replayed
    assert len({record.workflow_id for record in cluster.trail()}) == verdict.workflows


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__)
@pytest.mark.parametrize("lose", [everything_kept, telemetry_expired], ids=lambda lose: lose.__name__)
def test_tampering_is_found_by_inputs_or_by_the_table(
    monkeypatch: pytest.MonkeyPatch, tamper: Tamper, lose: Lose
) -> None:
    cluster = kept_cluster()
    tamper(cluster)
    lose(cluster)
    assert "violated" == cluster.verified(monkeypatch).outcome


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__)
def test_without_inputs_and_table_it_is_found_or_cannot_be_told(
    monkeypatch: pytest.MonkeyPatch, tamper: Tamper
) -> None:
    cluster = kept_cluster()
    tamper(cluster)
    telemetry_expired_and_no_table(cluster)
    assert cluster.verified(monkeypatch).outcome in ("violated", "cannot be told")


@pytest.mark.parametrize("lose", [telemetry_expired, telemetry_expired_and_no_table], ids=lambda lose: lose.__name__)
def test_where_inputs_are_gone_an_honest_trail_cannot_be_told(monkeypatch: pytest.MonkeyPatch, lose: Lose) -> None:
    cluster = kept_cluster()
    lose(cluster)
    verdict = cluster.verified(monkeypatch)
    assert ("cannot be told", ()) == (verdict.outcome, verdict.violations)
    assert len(cluster.trail()) <= sum(gap.records for gap in verdict.untold)


def test_a_vehicle_with_inputs_and_no_trail_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the table is gone, but for its positions."""
    cluster = kept_cluster()
    trail_of_a_vehicle_deleted(cluster)
    log = cluster.records[Partition(cluster.table, 0)]
    cluster.records[Partition(cluster.table, 0)] = [kept for kept in log if kept.name != VEHICLE.encode()]
    violations = {(violation.workflow_id, violation.kind) for violation in cluster.verified(monkeypatch).violations}
    assert {(WORKFLOW, "replay_differs")} == violations


def test_inputs_that_the_engine_has_not_yet_applied_are_no_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = kept_cluster()
    at_ms = cluster.records[Partition(cluster.readings, 0)][-1].at_ms + 1_000
    check = Telemetry(vehicle_id="new", ts_ms=at_ms, engine_rpm=900.0, check_requested=True)
    cluster.append(cluster.readings, b"new", CODEC.encode(check), at_ms)
    assert "whole" == cluster.verified(monkeypatch).outcome


def test_one_unreadable_record_is_named_with_its_place_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = kept_cluster()
    status_made_unreadable(cluster)
    (violation,) = [wrong for wrong in cluster.verified(monkeypatch).violations if wrong.kind == "unreadable"]
    assert f"{cluster.status}[0]@0" == violation.place
    assert len(cluster.trail()) == cluster.verified(monkeypatch).records


@pytest.mark.parametrize(("differs", "kind"), [(False, None), (True, "second_trail")])
def test_a_second_trail_with_one_id_is_a_violation_and_an_exact_copy_is_not(
    monkeypatch: pytest.MonkeyPatch, differs: bool, kind: str | None
) -> None:
    """In another partition than the vehicle's; a copy is what adding partitions leaves."""
    cluster = KeptCluster(2)
    whole = kept_cluster()
    at_home = [v for v in {r.vehicle_id for r in whole.trail()} if partition_of_key(v.encode(), 2) == 0]
    trail = [record for record in whole.trail() if record.vehicle_id in at_home]
    cluster.write_trail(trail)
    cluster.write_statuses()
    for record in trail[:3]:
        copy = replace(record, actor="else") if differs else record
        cluster.append(cluster.audit, f"{record.workflow_id}/{record.seq}".encode(), CODEC.encode(copy), partition=1)
    cluster.senders_times = True  # there are no inputs
    assert {kind} - {None} == {violation.kind for violation in cluster.verified(monkeypatch).violations}
    assert len({record.workflow_id for record in trail}) == cluster.verified(monkeypatch).workflows


def test_a_trail_in_a_wrong_partition_alone_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = KeptCluster(2)
    strange = next(r for r in kept_cluster().trail() if partition_of_key(r.vehicle_id.encode(), 2) == 1)
    cluster.write_trail([strange])
    assert [(strange.workflow_id, "wrong_partition")] == [
        (violation.workflow_id, violation.kind) for violation in cluster.verified(monkeypatch).violations
    ]


def test_of_one_workflow_only_its_own_violations_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = kept_cluster()
    edited(cluster)
    assert "whole" == cluster.verified(monkeypatch, "raised~0").outcome
    assert "violated" == cluster.verified(monkeypatch, WORKFLOW).outcome
    assert "nothing to verify" == cluster.verified(monkeypatch, "nobody~7").outcome


def _no_markers(cluster: KeptCluster) -> None:
    cluster.mirror(markers=0)
    cluster.senders_times = True


def _markers(cluster: KeptCluster) -> None:
    cluster.mirror(markers=1)
    cluster.senders_times = True


def _into_topics_with_the_broker_s_time(cluster: KeptCluster) -> None:
    cluster.mirror(markers=0, late_ms=40)


def _both(cluster: KeptCluster) -> None:
    cluster.mirror(markers=1, late_ms=40)


@pytest.mark.parametrize("mirror", [_markers, _into_topics_with_the_broker_s_time, _both])
def test_a_mirror_s_copy_is_told_as_one_and_accuses_nobody(
    monkeypatch: pytest.MonkeyPatch, mirror: Callable[[KeptCluster], None]
) -> None:
    cluster = kept_cluster()
    mirror(cluster)
    verdict = cluster.verified(monkeypatch)
    assert ("cannot be told", ()) == (verdict.outcome, verdict.violations)
    (gap,) = verdict.untold
    assert verdict.records - verdict.replayed == gap.records > 0
    assert "original cluster" in gap.text
    edited(cluster)
    assert "violated" == cluster.verified(monkeypatch).outcome


def test_a_copy_whose_inputs_stand_where_the_trail_names_them_proves_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = kept_cluster()
    _no_markers(cluster)
    assert "whole" == cluster.verified(monkeypatch).outcome


def test_other_rules_than_at_the_time_are_no_violation_where_the_table_vouches_for_the_trail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = kept_cluster()
    retry = cluster.topology.retry.model_copy(update={"waits_ms": (1, 2, 3)})
    cluster.topology = cluster.topology.model_copy(update={"retry": retry})
    verdict = cluster.verified(monkeypatch)
    assert ("cannot be told", ()) == (verdict.outcome, verdict.violations)
    assert any("the topology or the release has changed" in gap.text for gap in verdict.untold)
    chained_anew(cluster)
    assert "violated" == cluster.verified(monkeypatch).outcome


def test_an_empty_cluster_is_nothing_to_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing to verify" == KeptCluster().verified(monkeypatch).outcome
