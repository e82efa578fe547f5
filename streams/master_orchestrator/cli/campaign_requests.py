"""What `campaign open` and `close` ask of the engine, and how that is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from master_orchestrator.cli.context import Invocation, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from master_orchestrator.readers.campaigns import CampaignFold, Participation
    from master_orchestrator_schemas.messages import Campaign
    from master_orchestrator_schemas.vocabulary import Priority

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
CLOSES_PER_S = 20.0


@dataclass(frozen=True)
class CampaignPlan:
    """What `campaign open` is asked for: which work, for which vehicles, how fast and why.

    ``unnamed``: units built of the lots that the vehicle file does not name.
    """

    campaign: Campaign
    priority: Priority
    vehicles: Sequence[str]
    unnamed: int
    apart_s: float
    reason: str | None
    operator: str
    timeout: float


def read(call: Invocation) -> CampaignFold:
    """All campaigns, from the statuses."""
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.campaigns import read_campaigns

    kafka = call.reachable_kafka("Status")
    with reading("statuses") as progress:
        return read_campaigns(kafka, call.topology, progress)


def campaign_work(
    campaign_id: str, operation: str, title: str, given: dict[str, Any], parts: list[str] | None
) -> Campaign:
    """The campaign's work: what DIAGNOSIS knows of the operation, and what was said. Raises :class:`UsageError`."""
    import msgspec

    from master_orchestrator_agents.reference.diagnosis.knowledge import load_knowledge
    from master_orchestrator_schemas.messages import Campaign

    known = load_knowledge().operations.get(operation)
    fields = {} if known is None else known.model_dump(mode="json", exclude={"name"})
    fields |= {name: value for name, value in given.items() if value is not None}
    fields |= {"campaign_id": campaign_id, "title": title, "operation": operation}
    if parts:
        fields["parts"] = parts
    if not operation:
        raise UsageError("--operation is empty: name the work")
    try:
        return msgspec.convert(fields, Campaign, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"the campaign cannot be carried: {error}") from None


def apart_s(rate: str) -> float:
    """Seconds from one vehicle to the next. Raises :class:`UsageError`."""
    number, _, unit = rate.partition("/")
    try:
        per_unit = float(number)
    except ValueError:
        per_unit = 0.0
    if not 0 < per_unit <= 1_000_000 or (unit or "min") not in SECONDS:
        raise UsageError(f"--rate {rate!r} is not a rate: write 60/min, 1/s or 500/h")
    return SECONDS[unit or "min"] / per_unit


def open_all(call: Invocation, plan: CampaignPlan, vehicles: Sequence[str]) -> dict[str, Any]:
    """Ask for each, on record as one act about the campaign; what came of it, by kind."""
    from master_orchestrator.client.campaigns import ask_paced, campaign_request
    from master_orchestrator.ports import rejection_of
    from master_orchestrator_schemas.vocabulary import OperatorAction

    requests = (
        campaign_request(
            vehicle,
            OperatorAction.OPEN_CAMPAIGN,
            plan.campaign,
            operator=plan.operator,
            priority=plan.priority,
            reason=plan.reason,
        )
        for vehicle in vehicles
    )
    asked, rejected = 0, list[dict[str, str]]()
    with call.on_record("admin", "campaign", by=plan.operator):
        answers = ask_paced(call.kafka, call.topology, requests, apart_s=plan.apart_s, timeout=plan.timeout)
        for request, told in answers:
            asked += 1
            if (rejection := rejection_of(told)) is not None:
                rejected.append({"vehicle_id": request.vehicle_id, "rejection": rejection})
    return {"asked": asked, "rejected": rejected, "closed": asked < len(vehicles)}


def plan_text(value: dict[str, Any], plan: CampaignPlan) -> str:
    """What would be opened, or will be."""
    work = plan.campaign
    verb = "Will be" if value["acted"] else "Would be"
    lines = [
        f"{verb} opened: {work.campaign_id}, {work.operation} ({work.labour_hours:g} h, {work.skill}, {work.bay}), "
        f"{plan.priority.name}, for {value['to_open']} of {value['vehicles']} vehicles.",
    ]
    notes = {
        "taking_part": "Left out, since they take part already",
        "with_an_open_workflow": "With an open workflow, which the work joins or waits for",
        "never_seen": "Never heard of by this system, and asked about all the same",
        "units_without_a_vehicle": "Units that the vehicle file does not name, so that nobody is asked about them",
    }
    lines += [f"{text}: {value[name]}." for name, text in notes.items() if value[name]]
    if not value["acted"]:
        lines.append("Nothing was done: say --yes to do it.")
    return "\n".join(lines)


def outcome_text(outcome: dict[str, Any]) -> str:
    """What came of it."""
    if not outcome:
        return "Nothing to open."
    rejected = outcome["rejected"]
    lines = [f"opened: {outcome['asked'] - len(rejected)} of {outcome['asked']}."]
    lines += [f"Not {each['vehicle_id']}: {each['rejection']}" for each in rejected]
    if outcome["closed"]:
        lines.append("The campaign was closed meanwhile: the rest was not opened.")
    return "\n".join(lines)


def close_all(
    call: Invocation,
    campaign: str,
    taking_part: dict[str, Participation],
    *,
    reason: str,
    operator: str | None,
    timeout: float,
) -> list[dict[str, str]]:
    """Tell the vehicles, and those that a `campaign open` has asked for meanwhile; the rejections.

    ``taking_part`` takes these in.
    """
    from master_orchestrator.client.asking import ask_all, this_user
    from master_orchestrator.client.campaigns import LOOK_EVERY_S, campaign_request
    from master_orchestrator_schemas.messages import Campaign
    from master_orchestrator_schemas.vocabulary import OperatorAction

    by, work = operator or this_user(), Campaign(campaign_id=campaign)
    rejected, told = list[dict[str, str]](), set[str]()
    with call.on_record("admin", "campaign", by=by):
        while vehicles := [vehicle for vehicle in _told_of_close(taking_part) if vehicle not in told]:
            requests = (
                campaign_request(vehicle, OperatorAction.CLOSE_CAMPAIGN, work, operator=by, reason=reason)
                for vehicle in vehicles
            )
            answers = ask_all(call.kafka, call.topology, requests, per_second=CLOSES_PER_S, timeout=timeout)
            rejected += [
                {"vehicle_id": request.vehicle_id, "rejection": rejection}
                for request, rejection in answers
                if rejection is not None
            ]
            told.update(vehicles)
            time.sleep(2 * LOOK_EVERY_S)  # until a campaign open under way has seen that
            later = read(call).of(campaign)
            taking_part |= {vehicle: taken for vehicle, taken in later.items() if vehicle not in taking_part}
    return rejected


def _told_of_close(taking_part: dict[str, Participation]) -> list[str]:
    """The vehicles whose trail says that it is closed: those that wait or are under way, or else the last one."""
    from master_orchestrator.readers.campaigns import LIVE

    live = [vehicle for vehicle, taken in taking_part.items() if taken.part in LIVE]
    return live or list(taking_part)[-1:]
