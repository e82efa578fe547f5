"""Every rule on one partition's history, in turn."""

from collections.abc import Mapping, Sequence

import msgspec

from chaos_checker.fold import Newest
from chaos_checker.history import PartitionHistory
from chaos_checker.records import Letter, RecordPlace, SentRecord
from chaos_checker.rules import (
    acknowledged,
    alerts,
    budgets,
    causes,
    commands,
    letters,
    statuses,
    table,
    told,
    trails,
    transitions,
    waits,
)
from chaos_checker.terms import CheckTerms
from chaos_checker.vehicles import input_positions, vehicles
from chaos_checker.violation import RuleViolation
from chaos_checker.wire import UnreadableValueError, WireSchemas


def partition_violations(
    terms: CheckTerms,
    wire: WireSchemas,
    history: PartitionHistory,
    sent: Sequence[SentRecord],
    folds: Mapping[str, Newest],
) -> list[RuleViolation]:
    """What is wrong in the topics of one partition; waits that are too long aside, which may have their excuse."""
    audit, inputs, dead = history.audit, history.inputs, letters.real(history.letters)
    expected = acknowledged.sent_by_place(sent, inputs)
    return [
        *acknowledged.there(sent, inputs),
        *acknowledged.undone(sent, inputs),
        *acknowledged.unsent(expected, inputs, terms.input("Telemetry")),
        *acknowledged.effective(expected, audit),
        *acknowledged.known_by_cause(expected, audit),
        *causes.caused(audit, inputs, terms),
        *causes.in_order(audit, inputs),
        *causes.answered(audit, inputs, dead, terms),
        *trails.whole(audit),
        *trails.named(audit),
        *trails.one_open(audit),
        *trails.ended(audit),
        *transitions.legal(audit),
        *transitions.reasoned(audit),
        *budgets.within_budget(audit, len(terms.retry_waits_ms)),
        *waits.never_shorter(waits.waits_of(audit), terms.retry_waits_ms),
        *waits.as_promised(audit, terms.retry_waits_ms, wished_waits(history, wire, terms)),
        *waits.no_timeout_too_soon(audit),
        *commands.one_version(history.commands),
        *commands.all_sent(audit, history.commands),
        *commands.as_issued(audit, history.commands),
        *commands.in_order(audit, history.commands),
        *statuses.once(history.status),
        *statuses.in_order(history.status, folds),
        *statuses.as_folded(history.status, folds),
        *alerts.once(history.alerts),
        *alerts.demanded(audit, history.alerts),
        *told.all_told(audit),
        *letters.once(dead),
        *letters.untouched(dead, inputs, terms.inputs),
        *letters.expected(dead, expected),
        *letters.legitimate(dead, expected, audit, subjects(dead, history, wire), terms),
        *letters.given_up(dead, audit),
    ]


def changed_state(
    terms: CheckTerms, history: PartitionHistory, folds: Mapping[str, Newest], ends: Mapping[str, int]
) -> list[RuleViolation]:
    """What is wrong in the changelog of one partition. ``ends``: of the input topics."""
    try:
        known, stored = vehicles(history.table), input_positions(history.table)
    except (msgspec.DecodeError, IndexError, ValueError, TypeError) as error:
        return [
            RuleViolation("readable", f"a state cannot be read: {error}", f"{terms.changelog}[{history.partition}]")
        ]
    last: dict[str, int] = {}
    for place in history.inputs:
        last[place.topic] = max(last.get(place.topic, 0), place.offset + 1)
    newest = causes.newest_positions(history.inputs, letters.real(history.letters))
    return [
        *table.as_folded(known, folds),
        *table.all_applied(known, newest, terms.inputs),
        *table.at_the_end(history.partition, stored, last, ends),
    ]


def wished_waits(history: PartitionHistory, wire: WireSchemas, terms: CheckTerms) -> dict[RecordPlace, int]:
    """By reply, the wait in ms that a failed agent has asked for; only of replies that led to a retry."""
    wished = {}
    for record in history.audit:
        reply = history.inputs.get(record.cause)
        if record.event in waits.FAILED and reply is not None and reply.place.topic == terms.input("Reply"):
            content = _read(wire, reply.value)
            wished[record.cause] = (content.get("failure") or {}).get("retry_after_ms") or 0
    return wished


def subjects(dead: Sequence[Letter], history: PartitionHistory, wire: WireSchemas) -> dict[RecordPlace, str]:
    """By the origin of a dead letter, the workflow that its record is about; none for what cannot be read."""
    about = {}
    for letter in dead:
        origin = None if letter.origin is None else history.inputs.get(letter.origin)
        if origin is not None:
            about[origin.place] = str(_read(wire, origin.value).get("workflow_id"))
    return about


def _read(wire: WireSchemas, value: bytes | None) -> dict[str, dict[str, int] | None]:
    try:
        return wire.read(value)[1]
    except UnreadableValueError:
        return {}
