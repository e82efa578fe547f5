"""What actors did, and what was found of it, as events of the Open Cybersecurity Schema Framework 1.9. Pure.

An act becomes an API Activity (6003), with the profile ``ai_operation`` where an agent did it; a finding a Detection
Finding (2004): created, updated while it grows, closed by an operator's verdict. https://schema.ocsf.io
"""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import msgspec

from master_orchestrator.behaviour.findings import ALERT_SEVERITY
from master_orchestrator.behaviour.risk import BAND_STARTS
from master_orchestrator_schemas.messages import Activity, ActorRecord, SessionAct
from master_orchestrator_schemas.vocabulary import ActError, Action, ActorKind, ActOutcome, Phase, Verdict

OCSF_VERSION = "1.9.0"
API_ACTIVITY, DETECTION_FINDING = 6003, 2004
OTHER = 99

OcsfEvent = dict[str, Any]

_PRODUCT = {
    "name": "Master Orchestrator",
    "vendor_name": "Master Orchestrator",
    "version": version("master-orchestrator"),
}
_ACTIVITIES = {Action.READ: (2, "Read"), Action.WRITE: (3, "Update"), Action.DELETE: (4, "Delete")}
_HANDLED = (OTHER, "Handle")
"""A session in which nothing was done that is on record."""
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_FINDING_EVENTS = {"finding_raised": _CREATE, "finding_grown": _UPDATE, "acknowledged": _CLOSE}
_NEW, _IN_PROGRESS, _SUPPRESSED = (1, "New"), (2, "In Progress"), (3, "Suppressed")
_LEVELS = ("Informational", "Low", "Medium", "High", "Critical")
"""Of a risk, from 0 on; of a severity, from 1 on."""
_NATIVE_AGENT = (1, "Native")
_BEHAVIOURAL = (2, "Behavioral")
_ADMIN, _USER = (2, "Admin"), (1, "User")
_CHARTER_DOCUMENT = (OTHER, "Charter")
_TARGET = (1, "Target")


def activity_events(activity: Activity, at_ms: int) -> Iterator[OcsfEvent]:
    """One event per kind of act; one for a session without any. ``at_ms``: the broker's time.

    What is written ahead of an act, and records that only say that a process lives, are not events of their own.
    """
    if activity.phase is Phase.BEFORE or (activity.session is None and not activity.acts):
        return
    if not activity.acts:
        yield _act_event(activity, None, at_ms, 0)
    for number, act in enumerate(activity.acts):
        yield _act_event(activity, act, at_ms, number)


class ToldFinding(msgspec.Struct, frozen=True):
    """What a record of the trail tells of a finding (``trail.finding_details``). The judge leaves nothing out."""

    rule: str = "unknown"
    severity: float = 0.0
    action: str = "unknown"
    resource: str = "unknown"
    entity: str = ""
    explanation: str = ""
    acts: int = 1
    first_ms: int | None = None
    newest_ms: int | None = None
    sessions: list[tuple[str, str, str, int]] = []


class FindingEvents:
    """The findings of a trail as events; a verdict's event tells what the finding was last."""

    def __init__(self) -> None:
        self._told: dict[str, ToldFinding] = {}

    def of(self, record: ActorRecord) -> OcsfEvent | None:
        """The event of one record; None where it is not about a finding."""
        activity = _FINDING_EVENTS.get(record.event)
        if activity is None or record.finding_id is None:
            return None
        if activity is _CLOSE:
            finding = self._told.get(record.finding_id)
            return None if finding is None else _finding_event(record, finding, activity, _closed(record))
        finding = self._told[record.finding_id] = _told(record)
        return _finding_event(record, finding, activity, _named("status", _NEW))


def _told(record: ActorRecord) -> ToldFinding:
    try:
        return msgspec.json.decode(record.details, type=ToldFinding)
    except msgspec.MsgspecError:
        return ToldFinding(explanation=record.details)


def _closed(record: ActorRecord) -> OcsfEvent:
    details = msgspec.json.decode(record.details)
    benign = details.get("verdict") == Verdict.BENIGN
    return {**_named("status", _SUPPRESSED if benign else _IN_PROGRESS), "status_detail": details.get("reason")}


def _act_event(activity: Activity, act: SessionAct | None, at_ms: int, number: int) -> OcsfEvent:
    kind = _HANDLED if act is None else _ACTIVITIES.get(act.action, (OTHER, act.action.capitalize()))
    outcome = activity.outcome if act is None else act.outcome
    failed = outcome is not ActOutcome.SUCCESS
    resource = "agent_command" if act is None else act.resource
    operation = f"{kind[1].lower() if act is None else act.action.lower()} {resource}"
    entity = activity.entity if act is None else act.entity or activity.entity
    severity = 1 + (outcome is ActOutcome.FAILURE) + 2 * (outcome is ActOutcome.DENIED)
    return _without_none(
        {
            **_class(API_ACTIVITY, "API Activity", 6, "Application Activity", kind),
            **_named("severity", (severity, _LEVELS[severity - 1])),
            **_named("status", (2, "Failure") if failed else (1, "Success")),
            "status_detail": None if act is None else _why(act),
            "time": activity.at_ms,
            "message": f"{activity.actor}: {operation} ({outcome.lower()})",
            "metadata": _metadata(
                f"{activity.activity_id}#{number}", at_ms, correlation=activity.session, sequence=activity.seq,
                profiles=["ai_operation"] if activity.kind is ActorKind.AGENT else None,
            ),
            "actor": _actor(activity.actor, activity.kind, activity.session),
            "ai_agent": _agent(activity) if activity.kind is ActorKind.AGENT else None,
            "api": {"operation": operation, "request": {"uid": activity.session or activity.activity_id}},
            "src_endpoint": {"instance_uid": activity.instance},
            "resources": _resources(resource, entity),
            **(_aggregated(activity, act) if act is not None and act.count > 1 else {}),
            "unmapped": _without_none(
                {
                    "workflow_id": activity.workflow_id,
                    "rows": None if act is None else act.rows,
                    "max_rows": None if act is None else act.max_rows,
                    "priority": None if activity.priority is None else activity.priority.name,
                    "override": None if act is None else act.override,
                }
            ),
        }
    )  # fmt: skip


def _why(act: SessionAct) -> str | None:
    if act.denied_by is not None:
        return f"denied by the check of {act.denied_by.lower()}"
    return None if act.error is ActError.NONE else act.error.value


def _aggregated(activity: Activity, act: SessionAct) -> OcsfEvent:
    begin = activity.at_ms - activity.took_ms
    return {
        "count": act.count, "time": begin, "start_time": begin, "end_time": activity.at_ms,
        "duration": activity.took_ms,
    }  # fmt: skip


def _finding_event(
    record: ActorRecord, finding: ToldFinding, activity: tuple[int, str], status: OcsfEvent
) -> OcsfEvent:
    kind = ActorKind(record.actor.partition(":")[0])
    severity = _level(finding.severity)
    pair = f"{finding.action} of {finding.resource}"
    risk = _level(record.score)
    first_ms, newest_ms = finding.first_ms or record.at_ms, finding.newest_ms or record.at_ms
    return _without_none(
        {
            **_class(DETECTION_FINDING, "Detection Finding", 2, "Findings", activity),
            **_named("severity", (severity + 1, _LEVELS[severity])),
            **status,
            "time": first_ms,
            "start_time": first_ms,
            "end_time": newest_ms,
            "message": finding.explanation,
            "is_alert": finding.severity >= ALERT_SEVERITY and activity is not _CLOSE,
            "metadata": _metadata(
                f"{record.actor}/{record.seq}", record.at_ms, correlation=record.finding_id, sequence=record.seq,
                profiles=None,
            ),
            "finding_info": {
                "uid": record.finding_id,
                "title": f"{finding.rule}: {pair} by {record.actor}",
                "desc": finding.explanation,
                "created_time": first_ms,
                "first_seen_time": first_ms,
                "last_seen_time": newest_ms,
                "modified_time": record.at_ms,
                "analytic": {"name": finding.rule, **_named("type", _BEHAVIOURAL)},
            },
            "anomaly_analyses": [
                {
                    "analysis_targets": [{"name": record.actor, "type": kind.value}],
                    "anomalies": [
                        {
                            "observation_parameter": pair,
                            "observation_type": finding.rule,
                            "observations": [{"value": finding.explanation, "count": finding.acts}],
                        }
                    ],
                }
            ],
            "risk_score": round(record.score),
            **_named("risk_level", (risk, _LEVELS[risk])),
            "resources": _resources(finding.resource, finding.entity or None),
            "evidences": [_evidence(record.actor, kind, *each) for each in finding.sessions] or None,
        }
    )  # fmt: skip


def _evidence(actor: str, kind: ActorKind, session: str, workflow: str, instance: str, acts: int) -> OcsfEvent:  # noqa: PLR0917  a row of the trail
    agent = {"uid": actor, "name": actor.partition(":")[2], "instance_uid": instance}
    return _without_none(
        {
            "uid": session,
            "actor": _actor(actor, kind, session),
            "ai_agent": agent if kind is ActorKind.AGENT else None,
            "data": {"workflow_id": workflow, "instance": instance, "acts": acts},
        }
    )


def _level(value: float) -> int:
    """0 informational to 4 critical, by the starts of the bands."""
    starts = sorted(start for start, _ in BAND_STARTS)
    return sum(value >= start for start in starts) - 1


def _class(uid: int, name: str, category: int, category_name: str, activity: tuple[int, str]) -> OcsfEvent:
    return {
        "class_uid": uid, "class_name": name, "category_uid": category, "category_name": category_name,
        "activity_id": activity[0], "activity_name": activity[1], "type_uid": 100 * uid + activity[0],
        "type_name": f"{name}: {activity[1]}",
    }  # fmt: skip


def _metadata(
    uid: str, logged_ms: int, *, correlation: str | None, sequence: int, profiles: list[str] | None
) -> OcsfEvent:
    return _without_none(
        {
            "version": OCSF_VERSION, "product": _PRODUCT, "uid": uid, "correlation_uid": correlation,
            "sequence": sequence, "logged_time": logged_ms, "profiles": profiles,
        }
    )  # fmt: skip


def _actor(actor: str, kind: ActorKind, session: str | None) -> OcsfEvent:
    who: OcsfEvent = {"app_name": actor.partition(":")[2] or actor, "app_uid": actor}
    if kind in {ActorKind.OPERATOR, ActorKind.CLIENT, ActorKind.WORKSHOP}:
        name = _ADMIN if kind is ActorKind.OPERATOR else _USER
        who = {"user": {"name": actor.partition(":")[2], "uid": actor, **_named("type", name)}}
    return {**who, "session": {"uid": session}} if session else who


def _agent(activity: Activity) -> OcsfEvent:
    charter = {
        "name": activity.actor,
        **_named("type", _CHARTER_DOCUMENT),
        "hashes": [{"algorithm_id": OTHER, "algorithm": "SHA-256, 12 digits", "value": activity.charter}],
    }
    return _without_none(
        {
            "uid": activity.actor, "name": activity.actor.partition(":")[2], "instance_uid": activity.instance,
            **_named("type", _NATIVE_AGENT), "version": activity.version,
            "charter": charter if activity.charter else None,
        }
    )  # fmt: skip


def _resources(resource: str, entity: str | None) -> list[OcsfEvent]:
    named = [{"name": resource, **_named("role", _TARGET)}]
    return named if entity is None else [*named, {"uid": entity, **_named("role", (3, "Affected"))}]


def _named(attribute: str, value: tuple[int, str]) -> OcsfEvent:
    return {f"{attribute}_id": value[0], attribute: value[1]}


def _without_none(given: OcsfEvent) -> OcsfEvent:
    return {name: value for name, value in given.items() if value is not None}
