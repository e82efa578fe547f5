"""The ueba app on one partition, without a broker: from activity and requests to trail, status, controls and alerts."""

import random
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from support.actor_partition import MINUTE_MS, START_MS, ActorPartition, Worker, topology_of_one

from master_orchestrator.behaviour import judging
from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS
from master_orchestrator.behaviour.trail import hash_of
from master_orchestrator.shell.engine import ready_ticks
from master_orchestrator.shell.input_progress import InputProgress
from master_orchestrator.shell.processor import Work
from master_orchestrator_schemas.messages import (
    Activity,
    ActorRecord,
    ActorTick,
    Alert,
    Control,
    EntityStatus,
    SessionAct,
    Timer,
    UebaRequest,
)
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import CharterLine, Topology, load_topology
from master_orchestrator_schemas.vocabulary import (
    ActError,
    Action,
    ActorKind,
    ActOutcome,
    AlertKind,
    ControlLevel,
    DeniedBy,
    Phase,
    UebaAction,
    Verdict,
)

AGENT = "agent:SCHEDULING"
READ = SessionAct(action=Action.READ, resource="center_capacity", rows=3, max_rows=3)
WRITE = SessionAct(action=Action.WRITE, resource="appointment")
PROBE = SessionAct(
    action=Action.READ, resource="audit_log", outcome=ActOutcome.DENIED, error=ActError.DENIED, denied_by=DeniedBy.LINE
)
DUMP = SessionAct(
    action=Action.ADMIN,
    resource="agent_control",
    outcome=ActOutcome.DENIED,
    error=ActError.DENIED,
    denied_by=DeniedBy.LINE,
)


def chartered(**changes: Any) -> Topology:
    lines = (
        CharterLine.model_validate({"may": "read", "of": ["center_capacity", "customer_profile"]}),
        CharterLine.model_validate({"may": ["write", "delete"], "of": "appointment"}),
    )
    return topology_of_one(charters={"SCHEDULING": lines}, **changes)


@pytest.fixture
def partition() -> ActorPartition:
    return ActorPartition(chartered())


@pytest.fixture
def worker(partition: ActorPartition) -> Worker:
    return Worker(partition, AGENT)


def experienced(partition: ActorPartition, worker: Worker, days: int = 8) -> None:
    """The agent has worked for some days, 40 sessions a day, and is no longer new."""
    for _ in range(days * 4):
        partition.apply(*(worker.session(READ, WRITE) for _ in range(10)))
        partition.at_ms += 6 * HOUR_MS


def ueba_request(actor: str = AGENT, by: str = "ada", **fields: Any) -> UebaRequest:
    given = {"request_id": f"r-{random.random()}", "reason": "looked into it", **fields}
    return UebaRequest(actor=actor, by=by, **given)


def chain_holds(trail: list[ActorRecord]) -> bool:
    hashes = ["0" * 64, *(record.hash for record in trail)]
    return [record.prev_hash for record in trail] == hashes[:-1] and all(hash_of(r) == r.hash for r in trail)


def test_an_act_outside_the_charter_is_a_finding_an_alert_and_a_risk(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(READ, PROBE))
    raised, *_ = partition.out(ActorRecord)
    (status,) = partition.out(EntityStatus)
    assert ("finding_raised", f"{AGENT}/0", 0) == (raised.event, raised.finding_id, raised.seq)
    assert (95.0, "outside_charter") == (status.findings[0].severity, status.findings[0].rule)
    assert (85.5, "high") == (status.score, status.band)
    assert {AlertKind.BEHAVIOUR} == {alert.kind for alert in partition.out(Alert)}
    assert chain_holds(partition.out(ActorRecord))


def test_what_the_charter_allows_says_nothing(partition: ActorPartition, worker: Worker) -> None:
    experienced(partition, worker)
    assert ([], []) == (partition.out(ActorRecord), partition.out(Alert))


def test_a_workshop_that_reports_a_backlog_says_nothing(partition: ActorPartition) -> None:
    workshop = Worker(partition, "workshop:north")
    experienced(partition, workshop)
    partition.apply(*(workshop.session(WRITE, entity=f"v-{number}") for number in range(300)))
    assert [] == partition.out(ActorRecord)


def test_a_campaign_on_a_thousand_vehicles_is_one_act_and_says_nothing() -> None:
    charters = {"operator:*": load_topology().charters["operator:*"]}
    partition = ActorPartition(topology_of_one(charters=charters))
    ada, cancel = Worker(partition, "operator:ada"), SessionAct(action=Action.ADMIN, resource="workflow")
    for _ in range(32):
        partition.apply(*(ada.session(cancel) for _ in range(3)))
        partition.at_ms += 6 * HOUR_MS
    before = partition.out(ActorRecord)
    partition.apply(ada.session(SessionAct(action=Action.ADMIN, resource="campaign")))
    partition.apply(*(ada.session(entity=f"v-{number}") for number in range(1_000)))  # the engine's, without acts
    assert before == partition.out(ActorRecord)
    assert [] == partition.out(Alert)


def test_a_gateway_that_sends_what_has_waited_says_nothing_and_one_with_ten_times_the_vehicles_does() -> None:
    partition = ActorPartition()
    gateway = Worker(partition, "gateway:north", "engine-0")

    def minute(readings: int, vehicles: int) -> Activity:
        act = SessionAct(action=Action.WRITE, resource="telemetry", count=readings, rows=vehicles, max_rows=vehicles)
        return gateway.session(act, entity=None, workflow_id=None)

    for _ in range(8 * 4):
        partition.apply(*(minute(600, 100) for _ in range(10)))
        partition.at_ms += 6 * HOUR_MS
    partition.apply(minute(36_000, 110))
    assert [] == partition.out(ActorRecord)

    partition.apply(minute(6_000, 1_000))
    (finding,) = partition.out(EntityStatus)[-1].findings
    assert ("rows", 44.2) == (finding.rule, finding.severity)


def test_vehicles_that_came_by_another_gateway_are_told_where_that_practically_never_happens() -> None:
    partition = ActorPartition()
    gateway = Worker(partition, "gateway:north", "engine-0")
    readings = SessionAct(action=Action.WRITE, resource="telemetry", count=600, rows=100, max_rows=100)
    taken = SessionAct(action=Action.WRITE, resource="telemetry")
    for _ in range(9 * 24):
        partition.apply(*(gateway.session(readings, entity=None, workflow_id=None) for _ in range(5)))
        partition.at_ms += HOUR_MS
    partition.apply(gateway.session(taken, entity="v-1", workflow_id=None))
    assert [] == partition.out(ActorRecord)

    for number in range(2, 5):
        partition.apply(gateway.session(taken, entity=f"v-{number}", workflow_id=None))
    (finding,) = [each for each in partition.out(EntityStatus)[-1].findings if each.rule == "context"]
    assert "came by another gateway before" in finding.explanation
    assert partition.out(Alert)
    assert [] == partition.out(Control)


def test_an_operator_that_acts_more_often_in_an_hour_than_its_charter_allows_is_found_from_the_first_day() -> None:
    line = CharterLine.model_validate({"may": "admin", "of": "workflow", "per_hour": 30})
    partition = ActorPartition(topology_of_one(charters={"operator:*": (line,)}))
    ada, cancel = Worker(partition, "operator:ada"), SessionAct(action=Action.ADMIN, resource="workflow")
    for _ in range(3):
        partition.apply(*(ada.session(cancel) for _ in range(10)))
        partition.at_ms += 15 * MINUTE_MS
    assert [] == partition.out(ActorRecord)

    partition.apply(ada.session(cancel))
    (finding,) = partition.out(EntityStatus)[-1].findings
    assert ("outside_charter", 65.0) == (finding.rule, finding.severity)
    assert "31 times within an hour: its charter allows 30" in finding.explanation


def test_an_hour_s_acts_are_counted_although_their_rate_has_alerted_before() -> None:
    partition = ActorPartition()  # whose operators may do 200 within an hour
    carol, cancel = Worker(partition, "operator:carol"), SessionAct(action=Action.ADMIN, resource="workflow")

    def acts(times: int, every_ms: int) -> set[str]:
        for _ in range(times):
            partition.apply(carol.session(cancel))
            partition.at_ms += every_ms
        return {finding.rule for finding in partition.out(EntityStatus)[-1].findings}

    for _ in range(14):
        acts(15, 15 * MINUTE_MS)
        partition.at_ms += DAY_MS - 15 * 15 * MINUTE_MS
    assert {"rate", "risk"} == acts(200, 10_000)
    assert {"rate", "risk", "outside_charter"} == acts(1, 0)


def test_a_finding_that_grows_by_another_check_names_both(partition: ActorPartition, worker: Worker) -> None:
    tried = SessionAct(action=Action.READ, resource="customer_profile", outcome=ActOutcome.DENIED)
    for check in (DeniedBy.LINE, DeniedBy.ROWS, DeniedBy.LINE, DeniedBy.ROWS):
        partition.apply(worker.session(msgspec.structs.replace(tried, denied_by=check)))
        partition.at_ms += 2 * MINUTE_MS
    (finding,) = [each for each in partition.out(EntityStatus)[-1].findings if each.rule == "outside_charter"]
    assert 1 == finding.explanation.count("check of line")
    assert 1 == finding.explanation.count("check of rows")


def test_a_finding_that_grows_to_a_higher_severity_still_names_the_check_before(
    partition: ActorPartition, worker: Worker
) -> None:
    let_through = SessionAct(action=Action.READ, resource="telemetry", denied_by=DeniedBy.ROWS)
    denied = msgspec.structs.replace(let_through, outcome=ActOutcome.DENIED, denied_by=DeniedBy.LINE)
    partition.apply(worker.session(let_through))
    partition.apply(worker.session(denied))
    (finding,) = [each for each in partition.out(EntityStatus)[-1].findings if each.rule == "outside_charter"]
    assert (60.0, True, True) == (
        finding.severity,
        finding.explanation.index("check of line") < finding.explanation.index("check of rows"),
        finding.explanation.endswith("it was done"),
    )


def test_an_agent_without_a_charter_is_unknown_where_there_are_charters_and_it_acts(partition: ActorPartition) -> None:
    stranger = Worker(partition, "agent:STRANGER")
    partition.apply(stranger.session())
    assert [] == partition.out(ActorRecord)
    partition.apply(stranger.session(READ))
    assert "unknown_actor" == partition.out(EntityStatus)[-1].findings[0].rule


def test_a_high_risk_throttles_and_two_strong_rules_block(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(PROBE))
    partition.apply(worker.session(DUMP))
    assert [ControlLevel.THROTTLE, ControlLevel.BLOCK] == [control.level for control in partition.out(Control)]
    block = partition.out(Control)[-1]
    assert (partition.at_ms + 3 * HOUR_MS, "ueba") == (block.until_ms, block.by)


@pytest.mark.parametrize(
    ("respond", "levels"),
    [("observe", []), ("throttle", [ControlLevel.THROTTLE]), ("block", [ControlLevel.THROTTLE, ControlLevel.BLOCK])],
)
def test_what_happens_by_itself_is_capped(respond: str, levels: list[ControlLevel]) -> None:
    topology = chartered()
    partition = ActorPartition(
        topology.model_copy(update={"ueba": topology.ueba.model_copy(update={"respond": respond})})
    )
    worker = Worker(partition, AGENT)
    partition.apply(worker.session(PROBE), worker.session(DUMP))
    assert levels == [control.level for control in partition.out(Control)]


def test_a_gateway_is_alerted_and_never_controlled(partition: ActorPartition) -> None:
    gateway = Worker(partition, "gateway:north")
    partition.apply(gateway.session(PROBE), gateway.session(DUMP))
    partition.apply(ueba_request("gateway:north", action=UebaAction.CONTROL, level=ControlLevel.BLOCK))
    assert [] == partition.out(Control)
    assert partition.out(Alert)
    assert "request_refused" == partition.out(ActorRecord)[-1].event


def test_a_repeated_record_changes_nothing(partition: ActorPartition, worker: Worker) -> None:
    session = worker.session(PROBE)
    partition.apply(session)
    written = len(partition.outputs)
    partition.apply(session, session)
    assert written == len(partition.outputs)


def test_what_a_control_stops_and_what_is_written_ahead_are_no_findings(
    partition: ActorPartition, worker: Worker
) -> None:
    stopped = SessionAct(
        action=Action.READ, resource="audit_log", outcome=ActOutcome.DENIED, denied_by=DeniedBy.CONTROL
    )
    partition.apply(worker.session(stopped), worker.session(READ, phase=Phase.BEFORE))
    assert [] == partition.out(ActorRecord)


def test_an_override_is_alerted(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(SessionAct(action=Action.READ, resource="center_capacity", override="safety")))
    assert ["safety"] == [alert.message.rpartition(": ")[2] for alert in partition.out(Alert)]


def test_numbers_that_are_missing_are_a_finding_and_a_restart_is_not(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(READ))
    again = Worker(partition, AGENT, start_ms=worker.start_ms + 1)
    partition.apply(again.session(READ))
    assert [] == partition.out(ActorRecord)
    again.seq += 2
    late, later = again.session(READ), again.session(READ)
    partition.apply(later, late)
    assert [] == partition.out(ActorRecord)
    partition.at_ms += MINUTE_MS
    partition.apply(again.session(READ))
    assert "2 records" in partition.out(EntityStatus)[-1].findings[0].explanation


def test_who_falls_silent_is_told_once_and_who_says_goodbye_is_not(partition: ActorPartition, worker: Worker) -> None:
    leaving = Worker(partition, AGENT, "leaver@h")
    work = partition.apply(worker.session(READ), leaving.session(READ), leaving.session(goodbye=True))
    tick = _tick_of_silence(work)
    partition.at_ms = tick.due_ms
    partition.apply(tick, tick)
    assert ["band_changed", "finding_raised", "listened"] == sorted(r.event for r in partition.out(ActorRecord))
    assert "w@h" in partition.out(EntityStatus)[-1].findings[0].explanation


def test_nobody_is_silent_in_an_outage_in_which_nobody_could_be_heard(
    partition: ActorPartition, worker: Worker
) -> None:
    """Kafka is away for twenty minutes: the tick is the first that arrives, what the agents wrote comes behind it."""
    dead = Worker(partition, AGENT, "dead@h")
    work = partition.apply(worker.session(READ), dead.session(READ))
    partition.at_ms += 20 * MINUTE_MS
    partition.apply(_tick_of_silence(work))
    partition.at_ms += 1_000
    work = partition.apply(worker.session(READ))
    assert ["listened"] == [record.event for record in partition.out(ActorRecord)]

    partition.at_ms += 4 * MINUTE_MS
    partition.apply(worker.session(READ))
    partition.at_ms += MINUTE_MS
    partition.apply(_tick_of_silence(work))
    details = msgspec.json.decode(partition.out(ActorRecord)[1].details)
    assert ("silence", "dead@h") == (details["rule"], details["instance"])


def _tick_of_silence(work: Work[Any, Any]) -> ActorTick:
    (due,) = [deadline for deadline in work.deadlines[AGENT] if deadline.deadline_id == "silence"]
    return ActorTick(actor=AGENT, deadline_id="silence", due_ms=due.due_ms)


def test_who_waits_to_be_read_is_not_silent(partition: ActorPartition) -> None:
    """After a pause of the app: the tick of silence waits until the activity of its time is applied, others do not."""
    activity, inputs = Partition(partition.topology.topic_of("Activity"), 0), InputProgress()
    inputs.reset({activity: 0}, START_MS / 1000)
    ticks = [
        Timer(vehicle_id=AGENT, workflow_id="", deadline_id=name, due_ms=START_MS + 60_000)
        for name in ("silence", "until")
    ]

    def ready() -> list[str]:
        return [tick.deadline_id for tick in ready_ticks(ticks, 0, partition.job, inputs)]

    inputs.applied(activity, START_MS)
    assert ["until"] == ready()
    inputs.applied(activity, START_MS + 60_000)
    assert ["silence", "until"] == ready()


def test_readers_are_told_of_newer_sessions_within_a_minute(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(READ))
    work = partition.apply(*(worker.session(READ) for _ in range(40)))
    assert [1] == [status.sessions for status in partition.out(EntityStatus)]
    (due,) = [deadline for deadline in work.deadlines[AGENT] if deadline.deadline_id == "tell"]
    assert partition.at_ms + MINUTE_MS == due.due_ms
    partition.at_ms = due.due_ms
    tick = ActorTick(actor=AGENT, deadline_id="tell", due_ms=due.due_ms)
    work = partition.apply(tick, tick)
    assert [1, 41] == [status.sessions for status in partition.out(EntityStatus)]
    assert "tell" not in {deadline.deadline_id for deadline in work.deadlines[AGENT]}


def test_a_score_fades_into_lower_bands_by_ticks(partition: ActorPartition, worker: Worker) -> None:
    work = partition.apply(worker.session(PROBE, goodbye=True))
    bands = [partition.out(EntityStatus)[-1].band]
    while due := [d for d in work.deadlines[AGENT] if d.deadline_id == "band"]:
        partition.at_ms = due[0].due_ms
        work = partition.apply(ActorTick(actor=AGENT, deadline_id="band", due_ms=due[0].due_ms))
        bands.append(partition.out(EntityStatus)[-1].band)
    assert ["high", "moderate", "low", "quiet"] == bands


def test_a_control_ends_when_its_time_is_over(partition: ActorPartition, worker: Worker) -> None:
    work = partition.apply(worker.session(PROBE, goodbye=True))
    (due,) = [deadline for deadline in work.deadlines[AGENT] if deadline.deadline_id == "until"]
    partition.at_ms = due.due_ms
    partition.apply(ActorTick(actor=AGENT, deadline_id="until", due_ms=due.due_ms))
    assert [ControlLevel.THROTTLE, ControlLevel.OBSERVE] == [control.level for control in partition.out(Control)]


def test_an_operator_acknowledges_controls_and_releases_on_the_record(
    partition: ActorPartition, worker: Worker
) -> None:
    partition.apply(worker.session(PROBE))
    acknowledge = {"action": UebaAction.ACKNOWLEDGE, "verdict": Verdict.BENIGN}
    partition.apply(
        ueba_request(finding_id=f"{AGENT}/0", **acknowledge), ueba_request(finding_id=f"{AGENT}/1", **acknowledge)
    )
    partition.apply(ueba_request(action=UebaAction.RELEASE))
    partition.apply(ueba_request(action=UebaAction.CONTROL, level=ControlLevel.BLOCK, duration_ms=MINUTE_MS))
    partition.apply(ueba_request(action=UebaAction.WINDOW, duration_ms=HOUR_MS))
    events = [record.event for record in partition.out(ActorRecord) if record.by == "operator:ada"]
    assert ["acknowledged", "acknowledged", "control_released", "control_set", "window_declared"] == events
    status = partition.out(EntityStatus)[-1]
    assert (0, "quiet", ControlLevel.BLOCK) == (status.score, status.band, status.level)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"action": UebaAction.ACKNOWLEDGE, "finding_id": "f", "verdict": Verdict.BENIGN}, "has no finding f"),
        ({"action": UebaAction.ACKNOWLEDGE, "finding_id": f"{AGENT}/0"}, "verdict is missing"),
        ({"action": UebaAction.RELEASE}, "is not controlled"),
        ({"action": UebaAction.CONTROL}, "level is missing"),
        ({"action": UebaAction.WINDOW}, "duration is missing"),
        ({"action": UebaAction.RELEASE, "by": AGENT}, "may not decide about itself"),
    ],
)
def test_a_request_that_cannot_be_followed_is_refused_on_the_record(
    partition: ActorPartition, worker: Worker, request_: dict[str, Any], why: str
) -> None:
    partition.apply(worker.session(SessionAct(action=Action.READ, resource="parts_stock")))
    partition.apply(ueba_request(**request_))
    refused = partition.out(ActorRecord)[-1]
    assert "request_refused" == refused.event
    assert why in refused.details


def test_a_finding_is_acknowledged_once(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(PROBE))
    request = {"action": UebaAction.ACKNOWLEDGE, "finding_id": f"{AGENT}/0", "verdict": Verdict.CONFIRMED}
    partition.apply(ueba_request(**request), ueba_request(**request))
    assert "is closed" in partition.out(ActorRecord)[-1].details


def test_what_is_benign_is_usual_from_then_on(partition: ActorPartition, worker: Worker) -> None:
    experienced(partition, worker)
    partition.apply(worker.session(SessionAct(action=Action.READ, resource="center_capacity", rows=400, max_rows=400)))
    finding = partition.out(EntityStatus)[-1].findings[0]
    assert "rows" == finding.rule
    partition.apply(ueba_request(action=UebaAction.ACKNOWLEDGE, finding_id=finding.finding_id, verdict=Verdict.BENIGN))
    told = len(partition.out(ActorRecord))
    partition.apply(worker.session(SessionAct(action=Action.READ, resource="center_capacity", rows=400, max_rows=400)))
    assert told == len(partition.out(ActorRecord))


def test_a_state_comes_back_from_its_bytes_as_it_was(partition: ActorPartition, worker: Worker) -> None:
    """What the processor keeps decoded, and what it reads from the table, lead to the same bytes."""
    forgetful = ActorPartition(partition.topology)
    chance = random.Random(7)
    acts = [
        READ,
        WRITE,
        PROBE,
        SessionAct(action=Action.READ, resource="customer_profile", count=9, rows=90, max_rows=30),
    ]
    for number in range(60):
        made = [worker.session(*chance.sample([*acts[:2], acts[3]], 2)) for _ in range(8)]
        if number % 20 == 19:
            made.append(worker.session(PROBE))
        partition.apply(*made)
        forgetful.at_ms = partition.at_ms
        forgetful.forget()
        forgetful.apply(*made)
        partition.at_ms += chance.choice((MINUTE_MS, HOUR_MS, 5 * HOUR_MS))
    assert partition.table == forgetful.table
    assert partition.outputs == forgetful.outputs
    assert partition.out(ActorRecord)


def test_what_a_command_did_beyond_the_pairs_that_are_told_apart_is_remembered_over_a_restart(
    partition: ActorPartition,
) -> None:
    """Its counts used to be lost with the decoded state, and a replay gave another trail."""
    operator, forgetful = Worker(partition, "engine"), ActorPartition(partition.topology)
    for number in range(80):
        done = operator.session(SessionAct(action=Action.READ, resource=f"resource_{number}"), session="s")
        partition.apply(done)
        forgetful.forget()
        forgetful.apply(done)
    assert partition.table == forgetful.table


def test_a_tick_never_finds_a_higher_band(partition: ActorPartition, worker: Worker) -> None:
    """A replay applies activity before ticks where neither is on the trail; a tick of before must not notice it."""
    partition.apply(worker.session(PROBE))
    partition.at_ms += DAY_MS
    partition.apply(ActorTick(actor=AGENT, deadline_id="band", due_ms=1))
    partition.at_ms -= DAY_MS
    told = len(partition.out(ActorRecord))
    partition.apply(ActorTick(actor=AGENT, deadline_id="band", due_ms=1))
    assert told == len(partition.out(ActorRecord))
    assert "moderate" == partition.out(EntityStatus)[-1].band


def test_two_thousand_instances_and_resources_leave_the_state_bounded(partition: ActorPartition) -> None:
    operator = Worker(partition, "operator:ada")
    for number in range(0, 2_000, 500):
        made = []
        for at in range(number, number + 500):
            operator.instance = f"console-{at}"
            made.append(operator.session(SessionAct(action=Action.READ, resource=f"resource_{at}", rows=9)))
        partition.apply(*made)
        partition.at_ms += 3 * HOUR_MS
    sizes = {key.partition(b"operator")[0]: len(value) for key, value in partition.table.items()}
    assert 12 * 1024 > sizes[b""]
    assert 64 * 1024 > sizes[b"\x00ueba/usual/"]
    assert 256 * 8 == max(size for key, size in sizes.items() if b"ids" in key)


def test_a_thousand_breaches_are_told_as_a_few_and_others(partition: ActorPartition, worker: Worker) -> None:
    tries = [msgspec.structs.replace(PROBE, resource=f"made_up_{number}") for number in range(960)]
    partition.apply(*(worker.session(*tries[first : first + 64]) for first in range(0, 960, 64)))
    partition.at_ms += 10 * MINUTE_MS
    partition.apply(worker.session(READ))
    findings = partition.out(EntityStatus)[-1].findings
    assert 20 > len(findings)
    assert "other" in {finding.resource for finding in findings}
    assert 960 == sum(finding.count for finding in findings if finding.rule == "outside_charter")
    assert 40 > len(partition.out(Alert))


@pytest.mark.parametrize(
    ("name", "key", "value", "reason"),
    [
        ("Activity", b"agent:DIAGNOSIS", None, "empty"),
        ("Activity", b"agent:DIAGNOSIS", b"\xff", ""),
        ("UebaRequest", b"x", b"{", ""),
        ("ActorTick", b"agent:OTHER", ActorTick(actor="agent:DIAGNOSIS", deadline_id="band", due_ms=1), "key_mismatch"),
        ("ActorTick", b"nobody", ActorTick(actor="nobody", deadline_id="band", due_ms=1), "wrong_kind"),
    ],
)
def test_what_cannot_be_used_is_a_dead_letter(
    partition: ActorPartition, name: str, key: bytes, value: bytes | ActorTick | None, reason: str
) -> None:
    from support.actor_partition import CODEC

    encoded = CODEC.encode(value) if isinstance(value, ActorTick) else value
    partition.apply_bytes((name, key, encoded))
    (letter,) = partition.letters()
    assert reason in dict(letter.headers or ())["dead_letter_reason"].decode()  # type: ignore[union-attr]


def test_a_record_that_claims_another_kind_is_a_dead_letter(partition: ActorPartition, worker: Worker) -> None:
    partition.apply(worker.session(READ, kind=ActorKind.OPERATOR))
    assert 1 == len(partition.letters())


def test_a_record_at_which_the_core_fails_leaves_no_trace_in_the_state(
    partition: ActorPartition, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step has changed the state when it fails: the batch is done again without that record."""
    sane = ActorPartition(partition.topology)
    first, bad, last = worker.session(READ), worker.session(WRITE, READ), worker.session(READ)
    rows = judging.RULES[0]

    def failing(case: Any) -> Any:
        if case.act.session == bad.session and case.act.resource == "center_capacity":
            raise ZeroDivisionError("planted")
        return rows(case)

    monkeypatch.setattr(judging, "RULES", (failing, *judging.RULES[1:]))
    with capture_logs():
        work = partition.apply(first, bad, last)
    sane.apply(first)
    sane.apply_bytes(("Activity", b"x", b"x"))
    sane.apply(last)
    assert ["unprocessable"] == [reason for _, reason in work.dead_letters]
    assert 2 == len(work.outcomes)
    assert partition.table[AGENT.encode()] == sane.table[AGENT.encode()]


def test_days_of_silence_do_not_hide_a_dump(partition: ActorPartition, worker: Worker) -> None:
    experienced(partition, worker)
    partition.at_ms += 3 * DAY_MS
    dump = SessionAct(action=Action.READ, resource="customer_profile", entity="v-2", count=60, rows=6_000, max_rows=100)
    partition.apply(worker.session(dump))
    assert {"rows", "per_command"} & {finding.rule for finding in partition.out(EntityStatus)[-1].findings}
