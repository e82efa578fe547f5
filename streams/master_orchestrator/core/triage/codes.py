"""Trouble codes: a confirmed one acts at once, a pending one is only remembered, each is reported once while present.

ISO 14229 status: confirmed (b3) or lamp requested (b7) acts; pending (b2) raises interest; the rest, b6 above all,
says nothing. J1939 faults are active by being sent, their mode says how severe they are.

A report that there are no faults is P0000 (SAE J1979 pads with it) or SPN 0 with FMI 0, formerly SPN 524287 with FMI
31 (J1939-73, DM1). It is not a finding, and it says that what was reported before is gone.
"""

from collections.abc import Iterator

from master_orchestrator.core.triage.rules import RuleSet
from master_orchestrator.core.triage.trackers import Code
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.messages import Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.trouble_codes import NO_CODE, NOT_AVAILABLE, without_type
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

CONFIRMED_OR_LAMP = 0x88
PENDING = 0x04
MAX_CODES = 12
"""Codes that are remembered, the most urgent ones: the state stays small, and a vehicle with more has a workflow."""

UNASSIGNED_SPNS = frozenset({0, 524_287})
"""SPNs that name no parameter: all zeros and all ones."""
NO_FAULT = frozenset({(0, 0), (524_287, 31)})
"""SPN and FMI of a report without faults."""

Codes = dict[str, Code]


def follow_codes(rules: RuleSet, codes: Codes, reading: Telemetry, reach_ms: int = 0) -> tuple[Codes, list[Finding]]:
    """The codes after this reading, and a finding for each that is new or has become more urgent.

    ``reach_ms``: how far apart readings of a vehicle that reports slowly may be; 0: it does not.
    """
    ts = reading.ts_ms
    kept = {name: code for name, code in codes.items() if not _gone(name, code, reading, reach_ms or rules.max_gap_ms)}
    findings: list[tuple[str, Finding]] = []
    for name, level, subsystem in _reported(rules, reading):
        before = kept[name].level if name in kept else 0
        kept[name] = Code(min(before or level, level or before), ts)
        if level and (not before or level < before):
            findings.append((name, _finding(name, Priority(level), subsystem, ts)))
    if len(kept) > MAX_CODES:
        ranked = sorted(kept.items(), key=lambda item: (item[1].level or len(Priority) + 1, item[0]))
        kept = dict(ranked[:MAX_CODES])
    return kept, [finding for name, finding in findings if name in kept]


def _gone(name: str, code: Code, reading: Telemetry, max_gap_ms: int) -> bool:
    """Whether a report without it has come, and long enough after the last with it not to be a dropped-out reading.

    A reading without any codes is a report only if it says that the lamp is off: most readings carry none.
    """
    if "/" in name:
        reports = reading.red_stop_lamp is False or any(_is_report(fault) for fault in reading.j1939)
    else:
        reports = reading.mil_on is False or any(dtc.code != NOT_AVAILABLE for dtc in reading.dtcs)
    return reports and reading.ts_ms - code.at_ms > max_gap_ms


def _is_report(fault: J1939Fault) -> bool:
    return fault.spn not in UNASSIGNED_SPNS or (fault.spn, fault.fmi) in NO_FAULT


def _reported(rules: RuleSet, reading: Telemetry) -> Iterator[tuple[str, int, Subsystem]]:
    """Name, level (0: pending) and subsystem of every code that says anything."""
    for dtc in reading.dtcs:
        if dtc.code in (NO_CODE, NOT_AVAILABLE):
            continue
        if dtc.status is None or dtc.status & CONFIRMED_OR_LAMP:
            yield dtc.code, *_rating(rules, dtc, flashing=reading.mil_flashing is True)
        elif dtc.status & PENDING:
            yield dtc.code, 0, Subsystem.OTHER
    for fault in reading.j1939:
        if fault.spn in UNASSIGNED_SPNS:
            continue
        yield f"{fault.spn}/{fault.fmi}", *_severity(rules, fault, red=reading.red_stop_lamp is True)


def _rating(rules: RuleSet, dtc: Dtc, *, flashing: bool) -> tuple[int, Subsystem]:
    code = without_type(dtc.code)
    for rule in rules.codes:
        if rule.matches(code):
            return int(rule.flashing if flashing else rule.priority), rule.subsystem
    return int(Priority.SCHEDULED), Subsystem.OTHER


def _severity(rules: RuleSet, fault: J1939Fault, *, red: bool) -> tuple[int, Subsystem]:
    terms = rules.j1939
    spn = terms.spn.get(fault.spn)
    priority = terms.fmi.get(fault.fmi, terms.other_fmi)
    if spn is None:
        return int(terms.red_stop_lamp if red else priority), Subsystem.OTHER
    if spn.at_most is not None:
        priority = max(priority, spn.at_most)
    return int(terms.red_stop_lamp if red else priority), spn.subsystem


def _finding(name: str, priority: Priority, subsystem: Subsystem, ts_ms: int) -> Finding:
    kind, signal = ("j1939", "j1939") if "/" in name else ("dtc", "dtcs")
    return Finding(rule=f"{kind}:{name}", subsystem=subsystem, priority=priority, at_ms=ts_ms, signal=signal)
