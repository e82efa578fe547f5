"""Judging a run: read its folder, its topics by partition, its stores; apply every rule; write the verdict."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaos_checker import disk
from chaos_checker.fold import Newest, vehicle_folded
from chaos_checker.folder import RunFolder, lines, read_rogues, read_run, read_sent
from chaos_checker.history import PartitionHistory, gathered
from chaos_checker.partition_rules import changed_state, partition_violations
from chaos_checker.records import SentRecord
from chaos_checker.replay import Replay, asked, same_actors, same_workflows
from chaos_checker.rules import actors, bookkeeping, table, waits
from chaos_checker.rules.trails import by_vehicle
from chaos_checker.stores import read_stores
from chaos_checker.tally import CheckTally, shown
from chaos_checker.terms import read_terms
from chaos_checker.topics import PartitionReader, UnreadableTopicError, hanging, reader
from chaos_checker.vehicles import input_positions
from chaos_checker.violation import RuleViolation
from chaos_checker.wire import WireSchemas

SCHEMAS = Path(__file__).parents[2] / "schemas" / "master_orchestrator_schemas" / "avro"
VERDICT = "verdict.json"


def check(folder: Path, *, command: Sequence[str]) -> dict[str, object]:
    """Judge the run of ``folder``, its brokers running and its engines stopped; the verdict is in ``verdict.json`` too.

    Args:
        command: how ``master-orchestrator`` is called.

    Returns:
        ``violations``: each with ``rule``, ``what``, ``where``; ``counts``: what was looked at.
    """
    run, tally = read_run(folder.absolute()), CheckTally()
    try:
        _Topics(run, tally).judge()
    except UnreadableTopicError as error:  # what has been read so far is half of the truth: no word on the rest
        tally.violations.append(RuleViolation("readable", str(error), run.bootstrap_servers))
    else:
        _judge_books(run, tally)
        judge_replays(run, tally, command)
    tally.counts["deaths"] = sum(1 for _ in lines(run.folder / "deaths.jsonl"))
    return _verdict(run.folder, tally)


class _Topics:
    """The topics of a run, partition by partition."""

    def __init__(self, run: RunFolder, tally: CheckTally) -> None:
        self._run, self._tally = run, tally
        self._terms, self._wire = read_terms(run.topology), WireSchemas(SCHEMAS)
        self._sent = read_sent(run.folder / "sent.jsonl")
        self._rogues = read_rogues(run.folder / "rogues.jsonl")
        faults, health = lines(run.folder / "faults.jsonl"), list(lines(run.folder / "health.jsonl"))
        self._disturbed, self._slow = waits.disturbances(faults, health), waits.slowness(health)

    def judge(self) -> None:
        """All of them. Raises :class:`UnreadableTopicError`."""
        terms, servers = self._terms, self._run.bootstrap_servers
        for place in hanging(servers, terms.topics, terms.partitions):
            self._tally.violations.append(RuleViolation("hanging-transaction", "a transaction is open still", place))
        with reader(servers) as topics:
            for partition in range(terms.partitions):
                self._judge_partition(topics, partition)

    def _judge_partition(self, topics: PartitionReader, partition: int) -> None:
        terms, tally = self._terms, self._tally
        history = gathered(terms, self._wire, partition, topics.read(terms.topics, partition))
        ends = {topic: topics.bounds(topic, partition)[1] for topic in terms.inputs}
        sent = _of_partition(self._sent, partition)
        folds = _folds(history)
        tally.violations += history.unreadable
        tally.violations += partition_violations(terms, self._wire, history, sent, folds)
        tally.violations += changed_state(terms, history, folds, ends)
        self._judge_actors(history, topics)
        self._judge_disks(history)
        self._judge_waits(history)
        tally.count(history, folds, sent)
        tally.note(history, folds)

    def _judge_actors(self, history: PartitionHistory, topics: PartitionReader) -> None:
        """Ticks aside, which the ueba app sends to itself, it has read all there is."""
        terms, partition, known = self._terms, history.partition, history.actors
        ends = {t: topics.bounds(t, partition)[1] for t in terms.actor_inputs if t != terms.ticks}
        rogues = [act for act in self._rogues if act.place.partition == partition]
        self._tally.violations += actors.violations(known, rogues)
        self._tally.violations += table.at_the_end(partition, input_positions(known.table), known.ends, ends)
        self._tally.count_actors(known)

    def _judge_disks(self, history: PartitionHistory) -> None:
        tables = list(disk.disk_tables(self._run.engines, self._terms.table, history.partition))
        current = disk.current(tables, history.table)
        self._tally.violations += disk.as_logged(history.partition, current, history.table)
        self._tally.counts["disk_tables_compared"] += len(current)
        self._tally.counts["disk_tables_behind"] += len(tables) - len(current)

    def _judge_waits(self, history: PartitionHistory) -> None:
        every, counts = waits.waits_of(history.audit), self._tally.counts
        undisturbed = waits.outside(every, self._disturbed)
        judged = waits.outside(undisturbed, self._slow)
        self._tally.violations += waits.never_longer(judged)
        counts["waits_judged"] += len(judged)
        counts["waits_excused_by_faults"] += len(every) - len(undisturbed)
        counts["waits_excused_by_a_slow_machine"] += len(undisturbed) - len(judged)
        longest = max((wait.retried_ms - wait.due_ms for wait in judged), default=0)
        counts["waits_longest_over_ms"] = max(counts["waits_longest_over_ms"], longest)


def _of_partition(sent: Sequence[SentRecord], partition: int) -> list[SentRecord]:
    """The load's records that are in this partition, or may be."""
    return [row for row in sent if row.place is None or row.place.partition == partition]


def _folds(history: PartitionHistory) -> Mapping[str, Newest]:
    folded = {vehicle: vehicle_folded(records) for vehicle, records in by_vehicle(history.audit).items()}
    return {vehicle: fold for vehicle, fold in folded.items() if fold is not None}


def _judge_books(run: RunFolder, tally: CheckTally) -> None:
    try:
        stores = read_stores(run.agents_data)
    except (sqlite3.Error, ValueError, KeyError) as error:
        tally.violations.append(RuleViolation("books", f"cannot be read: {error}", str(run.agents_data)))
        return
    tally.violations += bookkeeping.once(stores)
    tally.violations += bookkeeping.for_a_command(stores, tally.commands)
    tally.violations += bookkeeping.serviced_is_booked(stores, tally.serviced)
    tally.violations += bookkeeping.answered_is_kept(stores, tally.surveyed, tally.counted)
    tally.violations += bookkeeping.no_double_booking(stores.appointments)
    tally.counts.update(
        {
            "bookings": len(stores.bookings),
            "messages": len(stores.contacts),
            "surveys": len(stores.surveys),
            "repairs": len(stores.repairs),
            "capas": len(stores.capas),
            "serviced": len(tally.serviced),
        }
    )


def judge_replays(run: RunFolder, tally: CheckTally, command: Sequence[str]) -> None:
    """Ask the system to verify its own trails, against their inputs and against what is on record of actors."""
    where = ["--bootstrap-servers", run.bootstrap_servers, "--topology", str(run.topology)]

    def ask(*question: str) -> Replay:
        return asked([*command, *where, *question, "--json"])

    tally.violations += same_workflows(ask("audit", "verify", "--activity"), tally.counts["audit"])
    tally.violations += same_actors(ask("ueba", "verify", "--replay"), tally.counts["actor_records"])


def _verdict(folder: Path, tally: CheckTally) -> dict[str, object]:
    verdict: dict[str, object] = {
        "violations": [violation._asdict() for violation in shown(tally.violations)],
        "counts": dict(sorted(tally.counts.items())),
    }
    (folder / VERDICT).write_text(json.dumps(verdict, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return verdict
