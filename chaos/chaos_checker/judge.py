"""Judging a run: read its folder, its topics by partition, its stores; apply every rule; write the verdict."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chaos_checker import disk
from chaos_checker.fold import Newest, vehicle_folded
from chaos_checker.folder import Run, lines, read_run, read_sent
from chaos_checker.history import History, gathered
from chaos_checker.partition_rules import changed_state, partition_violations
from chaos_checker.records import Sent
from chaos_checker.replay import replayed, same
from chaos_checker.rules import bookkeeping, waits
from chaos_checker.rules.trails import by_vehicle
from chaos_checker.stores import read_stores
from chaos_checker.terms import Terms, read_terms
from chaos_checker.topics import Reader, UnreadableTopicError, hanging, reader
from chaos_checker.violation import Violation
from chaos_checker.wire import Wire

SCHEMAS = Path(__file__).parents[2] / "schemas" / "master_orchestrator_schemas" / "avro"
SHOWN = 200
"""Of the violations of one rule; the rest is counted."""
VERDICT = "verdict.json"


@dataclass
class _Found:
    """What the partitions have come to so far."""

    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    commands: dict[str, str] = field(default_factory=dict)
    serviced: dict[str, str | None] = field(default_factory=dict)


def check(folder: Path, *, command: Sequence[str]) -> dict[str, object]:
    """Judge the run of ``folder``, its brokers running and its engines stopped; the verdict is in ``verdict.json`` too.

    Args:
        command: how ``master-orchestrator`` is called.

    Returns:
        ``violations``: each with ``rule``, ``what``, ``where``; ``counts``: what was looked at.
    """
    run, found = read_run(folder.absolute()), _Found()
    terms = read_terms(run.topology)
    try:
        _judge_topics(run, terms, found)
    except UnreadableTopicError as error:
        found.violations.append(Violation("readable", str(error), "the cluster"))
    _judge_books(run, found)
    found.violations += same(replayed(command, run.bootstrap_servers, run.topology), found.counts["audit"])
    found.counts["deaths"] = sum(1 for _ in lines(folder / "deaths.jsonl"))
    return _verdict(folder, found)


def _judge_topics(run: Run, terms: Terms, found: _Found) -> None:
    sent, wire = read_sent(run.folder / "sent.jsonl"), Wire(SCHEMAS)
    disturbed = waits.disturbances(lines(run.folder / "faults.jsonl"), list(lines(run.folder / "health.jsonl")))
    for place in hanging(run.bootstrap_servers, terms.topics, terms.partitions):
        found.violations.append(Violation("hanging-transaction", "a transaction is open still", place))
    with reader(run.bootstrap_servers) as topics:
        for partition in range(terms.partitions):
            history = gathered(terms, wire, partition, topics.read(terms.topics, partition))
            of_it = _of_partition(sent, partition)
            folds = _folds(history)
            found.violations += history.unreadable
            found.violations += partition_violations(terms, wire, history, of_it, folds)
            found.violations += changed_state(terms, history, folds, _ends(topics, terms, partition))
            found.violations += _judge_disks(run, terms, history, found)
            _judge_waits(history, disturbed, found)
            _count(history, folds, of_it, found)


def _of_partition(sent: Iterable[Sent], partition: int) -> list[Sent]:
    """The load's records that are in this partition, or may be."""
    return [row for row in sent if row.place is None or row.place.partition == partition]


def _ends(topics: Reader, terms: Terms, partition: int) -> dict[str, int]:
    return {topic: topics.bounds(topic, partition)[1] for topic in terms.inputs}


def _folds(history: History) -> dict[str, Newest]:
    folded = {vehicle: vehicle_folded(records) for vehicle, records in by_vehicle(history.audit).items()}
    return {vehicle: fold for vehicle, fold in folded.items() if fold is not None}


def _judge_disks(run: Run, terms: Terms, history: History, found: _Found) -> list[Violation]:
    tables = list(disk.disk_tables(run.engines, terms.table, history.partition))
    current = disk.current(tables, history.table)
    found.counts["disk_tables_compared"] += len(current)
    found.counts["disk_tables_behind"] += len(tables) - len(current)
    return disk.as_logged(history.partition, current, history.table)


def _judge_waits(history: History, disturbed: waits.Disturbed, found: _Found) -> None:
    every = waits.waits_of(history.audit)
    undisturbed = waits.judged(every, disturbed)
    found.violations += waits.never_longer(undisturbed)
    found.counts["waits"] += len(every)
    found.counts["waits_judged"] += len(undisturbed)
    found.counts["waits_excused"] += len(every) - len(undisturbed)


def _count(history: History, folds: dict[str, Newest], sent: Sequence[Sent], found: _Found) -> None:
    found.counts.update(
        {
            "inputs": len(history.inputs),
            "audit": len(history.audit),
            "status": len(history.status),
            "alerts": len(history.alerts),
            "dead_letters": sum(not letter.marker for letter in history.letters),
            "commands": len({command.command_id for command in history.commands}),
            "command_repeats": len(history.commands) - len({command.command_id for command in history.commands}),
            "workflows": sum(fold.episodes for fold in folds.values()),
            "vehicles": len(folds),
            "acknowledged": sum(row.acked for row in sent),
        }
    )
    found.commands |= {command.command_id: command.workflow_id for command in history.commands}
    for fold in folds.values():
        for entry in fold.statuses:
            if entry.fields["reason"] == "serviced":
                found.serviced[entry.last.workflow_id] = entry.fields["appointment_id"]


def _judge_books(run: Run, found: _Found) -> None:
    try:
        stores = read_stores(run.agents_data)
    except (sqlite3.Error, ValueError, KeyError, msgspec.DecodeError) as error:
        found.violations.append(Violation("books", f"cannot be read: {error}", str(run.agents_data)))
        return
    found.violations += bookkeeping.once(stores)
    found.violations += bookkeeping.for_a_command(stores, found.commands)
    found.violations += bookkeeping.serviced_is_booked(stores, found.serviced)
    found.violations += bookkeeping.no_double_booking(stores.appointments)
    found.violations += bookkeeping.claims_counted(stores)
    found.counts.update(
        {
            "bookings": len(stores.bookings),
            "messages": len(stores.contacts),
            "surveys": len(stores.surveys),
            "repairs": len(stores.repairs),
            "capas": len(stores.capas),
            "serviced": len(found.serviced),
        }
    )


def _verdict(folder: Path, found: _Found) -> dict[str, object]:
    verdict: dict[str, object] = {
        "violations": [violation._asdict() for violation in _shown(found.violations)],
        "counts": dict(sorted(found.counts.items())),
    }
    (folder / VERDICT).write_text(json.dumps(verdict, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return verdict


def _shown(violations: Iterable[Violation]) -> Iterator[Violation]:
    """All of a few; of many of one rule the first, and how many more there are."""
    count: Counter[str] = Counter()
    for violation in violations:
        count[violation.rule] += 1
        if count[violation.rule] <= SHOWN:
            yield violation
    for rule, number in count.items():
        if number > SHOWN:
            yield Violation(rule, f"{number - SHOWN} more", "")
