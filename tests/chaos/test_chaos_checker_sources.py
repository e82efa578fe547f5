"""What the chaos suite's judge takes from outside the topics: journals, stores, disks, the documents' formats."""

import json
import sys
from pathlib import Path

import pytest
import rocksdict
from chaos_checker import disk, stores
from chaos_checker.folder import RunFolder, read_run, read_sent
from chaos_checker.history import PartitionHistory, gathered
from chaos_checker.judge import SCHEMAS, judge_replays
from chaos_checker.records import Audit, RecordPlace, StoredRecord
from chaos_checker.replay import Replay, asked, same_actors, same_workflows
from chaos_checker.rules import trails, transitions
from chaos_checker.tally import SHOWN, CheckTally, shown
from chaos_checker.terms import command_topic, read_terms
from chaos_checker.vehicles import POSITION_KEY
from chaos_checker.violation import RuleViolation
from chaos_checker.wire import UnreadableValueError, WireSchemas
from support.judged_history import TOPOLOGY, clean

from master_orchestrator.core.audit_chain import hash_of
from master_orchestrator.core.transitions import TRANSITIONS
from master_orchestrator.shell.store import LOG_KEY, OFFSET_KEY, PartitionStore, StoreOptions
from master_orchestrator_agents.reference import reference_agents
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord, Cause, Telemetry, Timer
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import AgentType, Priority, State

# --- the judge's own copies of what is agreed ---


def test_the_judge_s_table_of_moves_is_the_engine_s() -> None:
    assert {(a.value, b.value) for a, to in TRANSITIONS.items() for b in to} == transitions.LEGAL


def test_the_judge_reads_the_topology_as_the_engine_does() -> None:
    terms, topology = read_terms(TOPOLOGY), load_topology(TOPOLOGY)
    assert topology.input_topics == terms.inputs
    judged = (terms.audit, terms.status, terms.alerts, terms.dead_letters)
    assert judged == tuple(topic for topic in topology.output_topics if topic != "sender.feedback")
    assert topology.changelog_topic == terms.changelog
    assert set(topology.command_topics) == set(terms.commands)
    assert topology.ueba_input_topics == terms.actor_inputs
    assert topology.ueba_app.changelog_topic == terms.actor_changelog
    assert topology.command_topic(AgentType.DATA_ANALYSIS, Priority.HIGH.lane) == command_topic("DATA_ANALYSIS", 2)
    assert topology.retry.waits_ms == terms.retry_waits_ms


def test_hashes_are_taken_over_the_same_bytes_whatever_is_in_them() -> None:
    record = AuditRecord(
        workflow_id="v~0", vehicle_id="v", seq=0, at_ms=1, event="rejected", from_state=None, to_state=State.PENDING,
        actor='agent:X@"w\\1\n\x01\x7f/é\U0001f697\u2028', priority=Priority.HIGH, reason="<&>", attempt=0,
        details='{"a":"\\u0001"}',
        cause=Cause(topic="t", partition=0, offset=0), positions={"b": 2, "a": 1}, prev_hash="0" * 64, hash="",
    )  # fmt: skip
    fields = {name: getattr(record, name) for name in AuditRecord.__struct_fields__ if name not in {"cause", "hash"}}
    read = Audit(
        place=RecordPlace("a", 0, 0), key="", event_id=None, facts={}, cause=RecordPlace("t", 0, 0), hash="", **fields
    )
    assert hash_of(record) == trails.hash_of(read)


def test_every_schema_is_told_by_its_first_bytes() -> None:
    wire, codec = WireSchemas(SCHEMAS), Codec()
    tick = codec.encode(Timer(vehicle_id="v", workflow_id="v~0", deadline_id="due/1", due_ms=5))
    assert ("timer", {"vehicle_id": "v", "workflow_id": "v~0", "deadline_id": "due/1", "due_ms": 5}) == wire.read(tick)
    assert "telemetry" == wire.read(codec.encode(Telemetry(vehicle_id="v", ts_ms=1)))[0]


@pytest.mark.parametrize("spoil", [lambda v: v[:-1], lambda v: v + b"x", lambda v: b"\x00" + v, lambda _: None])
def test_what_is_in_no_schema_is_unreadable(spoil: object) -> None:
    value = Codec().encode(Timer(vehicle_id="v", workflow_id="v~0", deadline_id="due/1", due_ms=5))
    with pytest.raises(UnreadableValueError):
        WireSchemas(SCHEMAS).read(spoil(value))  # type: ignore[operator]  # one of the functions above


def test_an_output_that_cannot_be_read_is_a_violation() -> None:
    terms = read_terms(TOPOLOGY)
    history = gathered(
        terms, WireSchemas(SCHEMAS), 0, [StoredRecord(RecordPlace(terms.audit, 0, 7), 0, b"k", b"garbage", ())]
    )
    assert [("readable", f"{terms.audit}[0]@7")] == [(v.rule, v.where) for v in history.unreadable]


# --- the run's folder ---


def test_a_run_says_where_everything_is(tmp_path: Path) -> None:
    facts = {"bootstrap_servers": "h:1", "topology": "t.yaml", "engines": {"e": "data/e"}, "agents_data": "data/agents"}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    run = RunFolder(tmp_path, "h:1", tmp_path / "t.yaml", {"e": tmp_path / "data/e"}, tmp_path / "data/agents")
    assert run == read_run(tmp_path)


def line(shot: str, *, acked: bool, offset: int | None = None, **fields: object) -> str:
    row = {"shot": shot, "topic": "t", "partition": offset and 0, "offset": offset, "acked": acked, "vehicle": "v"}
    more: dict[str, object] = {
        "expects": "none",
        "strict": False,
        "given": [],
        "rule": None,
        "request_id": None,
        "size": 1,
    }
    return json.dumps({**row, **more, **fields}) + "\n"


def test_an_expectation_counts_if_what_it_rests_on_was_acknowledged(tmp_path: Path) -> None:
    journal = tmp_path / "sent.jsonl"
    cut_off = line("e", acked=True)[:-20]
    journal.write_text(
        line("a", acked=True, offset=1) + line("b", acked=True, offset=2, given=["a"])
        + line("c", acked=False) + line("d", acked=True, offset=3, given=["c"]) + cut_off
    )  # fmt: skip
    assert [("a", True), ("b", True), ("c", True), ("d", False)] == [(s.name, s.needed) for s in read_sent(journal)]


def test_what_was_aborted_has_a_place_and_no_acknowledgement(tmp_path: Path) -> None:
    journal = tmp_path / "sent.jsonl"
    journal.write_text(line("ghost", acked=False, offset=4) + line("lost", acked=False))
    assert [True, False] == [sent.aborted for sent in read_sent(journal)]


# --- books, disks, replay ---


def test_the_books_of_the_reference_agents_can_be_read(tmp_path: Path) -> None:
    reference_agents(tmp_path)
    assert stores.AgentStores([], [], [], [], [], [], []) == stores.read_stores(tmp_path)


def test_a_table_on_disk_is_held_against_its_changelog(tmp_path: Path) -> None:
    changelog: dict[bytes, bytes | None] = {POSITION_KEY: b"p2", b"car-1": b"state", b"car-2": b"state"}
    written: dict[str, dict[bytes, bytes | None]] = {
        "same": changelog,
        "differs": {**changelog, b"car-2": b"old"},
        "behind": {POSITION_KEY: b"p1"},
    }
    for engine, entries in written.items():
        database = StoreOptions().open(tmp_path / engine / "v1" / "tables" / "vehicles-0.db")
        PartitionStore(database).write(entries, 5)
        database.close()
    (tmp_path / "damaged" / "vehicles-0.db").mkdir(parents=True)
    folders = {engine: tmp_path / engine for engine in (*written, "damaged")}
    current = disk.current(disk.disk_tables(folders, "vehicles", 0), changelog)
    assert ["same", "differs"] == [table.engine for table in current]
    assert ["differs, partition 0"] == [violation.where for violation in disk.as_logged(0, current, changelog)]


def test_the_offset_of_a_table_is_no_entry_of_its_changelog() -> None:
    assert {OFFSET_KEY, LOG_KEY} == disk.OWN_KEYS
    assert hasattr(rocksdict.AccessType, "read_only")


REPORT = {"outcome": "whole", "vehicles": 1, "replayed": 7, "inputs": 9, "violations": [], "untold": []}
ACTORS = {"outcome": "whole", "actors": 1, "replayed": 7, "inputs": 9, "violations": [], "untold": []}


@pytest.mark.parametrize(
    ("replay", "wheres"),
    [
        (Replay(0, REPORT, ""), []),
        (Replay(1, {}, "no broker"), ["audit verify"]),
        (Replay(0, {**REPORT, "replayed": 6}, ""), ["audit verify"]),
        (Replay(0, {**REPORT, "untold": [{"vehicle_id": "v", "text": "its inputs are gone"}]}, ""), ["v"]),
        (
            Replay(1, {**REPORT, "violations": [{"workflow_id": "v~0", "seq": 1, "kind": "edited", "text": "x"}]}, ""),
            ["v~0"],
        ),
    ],
)
def test_a_replay_must_give_every_record_again(replay: Replay, wheres: list[str]) -> None:
    assert wheres == [violation.where for violation in same_workflows(replay, 7)]


@pytest.mark.parametrize(
    ("replay", "wheres"),
    [
        (Replay(0, ACTORS, ""), []),
        (Replay(2, {}, "no broker"), ["ueba verify"]),
        (Replay(0, {**ACTORS, "replayed": 6}, ""), ["ueba verify"]),
        (Replay(3, {**ACTORS, "untold": ["3 records of agent.activity are gone"]}, ""), ["ueba verify"]),
        (
            Replay(1, {**ACTORS, "violations": [{"workflow_id": "operator:ada", "seq": 1, "text": "differs"}]}, ""),
            ["operator:ada"],
        ),
    ],
)
def test_a_replay_of_actors_must_give_every_record_again(replay: Replay, wheres: list[str]) -> None:
    assert wheres == [violation.where for violation in same_actors(replay, 7)]


def test_the_system_s_command_is_asked(tmp_path: Path) -> None:
    program = tmp_path / "told.py"
    program.write_text("import json, sys; print(json.dumps({'asked': sys.argv[1:]})); sys.exit(3)")
    replay = asked([sys.executable, str(program), "audit", "verify"])
    assert (3, {"asked": ["audit", "verify"]}) == (replay.exit_code, replay.report)


@pytest.mark.parametrize(("lacking", "rules"), [("", []), ("--activity", ["replay"]), ("--replay", ["actor-replay"])])
def test_the_system_verifies_sessions_and_actors_too(tmp_path: Path, lacking: str, rules: list[str]) -> None:
    """A program that has every record if it is asked in full; ``lacking``: it does not know this option."""
    program = tmp_path / "verify.py"
    program.write_text(
        f"import json, sys; asked = set(sys.argv) - {{{lacking!r}}}\n"
        "replayed = {'audit': 7, 'ueba': 3}[sys.argv[5]] if asked & {'--activity', '--replay'} else 0\n"
        "print(json.dumps({'replayed': replayed}))"
    )
    tally = CheckTally()
    tally.counts.update({"audit": 7, "actor_records": 3})
    run = RunFolder(tmp_path, "h:1", tmp_path / "t.yaml", {}, tmp_path)
    judge_replays(run, tally, [sys.executable, str(program)])
    assert rules == [violation.rule for violation in tally.violations]


def test_of_many_violations_of_one_rule_the_first_are_shown() -> None:
    many = [RuleViolation("one", str(number), "") for number in range(SHOWN + 5)]
    first = shown([*many, RuleViolation("other", "", "")])
    assert (SHOWN + 2, "5 more") == (len(first), first[-1].what)


@pytest.mark.parametrize(("facts", "surveyed"), [({}, {"v~0"}), ({"feedback": "agent_failed"}, set())])
def test_a_survey_is_due_if_feedback_was_given(facts: dict[str, str], surveyed: set[str]) -> None:
    completed = next(record for record in clean().history.audit if record.actor.startswith("agent:FEEDBACK@"))
    history, tally = PartitionHistory(0), CheckTally()
    history.audit.append(completed._replace(workflow_id="v~0", facts=facts))
    tally.note(history, {})
    assert surveyed == tally.surveyed
