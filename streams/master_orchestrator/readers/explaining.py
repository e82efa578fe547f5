"""Why an actor stands where it stands, in sentences. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec

from master_orchestrator.behaviour.findings import BehaviourFinding, Rule
from master_orchestrator.behaviour.risk import band_of, score
from master_orchestrator_schemas.headers import rfc3339
from master_orchestrator_schemas.messages import ActorRecord, EntityStatus, OpenFinding
from master_orchestrator_schemas.wording import amount

DONE = ("control_set", "control_released", "acknowledged", "window_declared", "request_refused")
"""Events of a trail that somebody did."""


def as_of(status: EntityStatus, now_ms: int) -> EntityStatus:
    """The status with its score and band as they have faded since it was written."""
    value = score([_finding(each) for each in status.findings], now_ms)
    return msgspec.structs.replace(status, score=value, band=band_of(value).value)


def explanation_value(status: EntityStatus, trail: Sequence[ActorRecord], now_ms: int) -> dict[str, Any]:
    """The explanation for programs: the status, what each finding adds to the score, its sessions, what was done."""
    status = as_of(status, now_ms)
    return {
        "actor": status.actor,
        "score": status.score,
        "band": status.band,
        "level": status.level.value,
        "control_until": None if status.control_until_ms is None else rfc3339(status.control_until_ms),
        "sessions": status.sessions,
        "findings": [
            {
                **msgspec.to_builtins(each),
                "adds": _adds(status.findings, each, now_ms),
            }
            for each in reversed(status.findings)
        ],
        "done": [_done(record) for record in trail if record.event in DONE],
    }


def explanation_text(value: dict[str, Any]) -> str:
    """The same in sentences, with the commands that follow from it."""
    actor = value["actor"]
    held = (
        ""
        if value["level"] == "OBSERVE"
        else f", held to {value['level']} until {value['control_until'] or 'released'}"
    )
    sessions = amount(value["sessions"], "session")
    lines = [f"{actor}: risk {value['score']:g}, band {value['band']}{held}; {sessions} on record."]
    if not value["findings"]:
        lines.append("No finding is open.")
    for finding in value["findings"]:
        lines += ["", *_finding_lines(finding)]
    if value["done"]:
        lines += ["", "What was done:", *(f"  {done['at']} {done['by']}: {done['what']}" for done in value["done"])]
    if value["level"] != "OBSERVE":
        lines += ["", f"To end the control: ueba release {actor} --reason …"]
    return "\n".join(lines)


def _finding_lines(finding: dict[str, Any]) -> list[str]:
    name = finding["finding_id"]
    verdict = f", acknowledged as {finding['verdict']}" if finding["verdict"] else ""
    first, newest = rfc3339(finding["first_at_ms"]), rfc3339(finding["newest_at_ms"])
    lines = [
        f"{name}: rule {finding['rule']}, severity {finding['severity']:g}, "
        f"adds {finding['adds']:g} to the score{verdict}",
        f"  {finding['explanation']}",
        f"  {amount(finding['count'], 'act')} from {first} to {newest}",
    ]
    for each in finding["heaviest"]:
        workflow = each["workflow_id"] or "none"
        lines.append(
            f"  session {each['session']} by {each['instance']}: {amount(each['acts'], 'act')}; workflow {workflow}"
        )
    workflows = {each["workflow_id"] for each in finding["heaviest"] if each["workflow_id"]}
    if not finding["verdict"] and finding["rule"] != Rule.RISK:
        lines.append(f"  To close it: ueba ack {name} --benign --reason … (or --confirmed)")
    lines += [f"  To look at it: status {workflow}" for workflow in sorted(workflows)]
    return lines


def _adds(findings: Sequence[OpenFinding], one: OpenFinding, now_ms: int) -> float:
    every = [_finding(each) for each in findings]
    others = [_finding(each) for each in findings if each is not one]
    return round(score(every, now_ms) - score(others, now_ms), 1)


def _finding(shown: OpenFinding) -> BehaviourFinding:
    return BehaviourFinding(
        time_ms=shown.first_at_ms,
        agent="",
        rule=Rule(shown.rule),
        severity=shown.severity,
        action=shown.action,
        resource=shown.resource,
        entity="",
        instance="",
        explanation="",
        last_ms=shown.newest_at_ms,
        verdict=shown.verdict,
    )


def _done(record: ActorRecord) -> dict[str, str]:
    details = msgspec.json.decode(record.details)
    about = f" of {record.finding_id}" if record.finding_id else ""
    how = details.get("level") or details.get("verdict") or details.get("why") or ""
    words = [
        record.event.replace("_", " ") + about,
        str(how),
        f"({details['reason']})" if details.get("reason") else "",
    ]
    return {"at": rfc3339(record.at_ms), "by": record.by, "what": " ".join(filter(None, words))}
