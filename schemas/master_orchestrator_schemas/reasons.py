"""Every reason for which an input is refused or rejected: what it means, and what to do about it.

The same texts stand in ``docs/contracts.md``, on ``sender.feedback`` and in the command line's answers.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class ReasonText(NamedTuple):
    """What a code means and what its receiver can do, each a line without a full stop."""

    meaning: str
    remedy: str


SEE_MESSAGE = "see what the dead letter's message says"

INTAKE_REASONS: Mapping[str, ReasonText] = MappingProxyType(
    {
        "empty": ReasonText("the record has no value", "send a message; an input has no tombstones"),
        "undecodable": ReasonText(
            "the value is neither a JSON object nor Avro in single-object encoding, or it is cut off",
            "the message says what it looks like; send one JSON object per record, in UTF-8",
        ),
        "oversized": ReasonText("the value is larger than limits.max_record", "send less, or split it over records"),
        "unknown_schema": ReasonText(
            "the first ten bytes name no schema of this topic's message",
            "write with a schema of the avro folder; check the topic",
        ),
        "invalid": ReasonText(
            "a field that the message needs is missing, or its value is outside what is allowed",
            "the message names the field; correct it and send the record again",
        ),
        "too_deep": ReasonText("the JSON is nested deeper than limits.max_depth", "send it flat"),
        "not_finite": ReasonText("a number in an Avro record is NaN or infinite", "leave the field out"),
        "json_not_allowed": ReasonText("JSON is not read on this topic", "write Avro"),
        "key_mismatch": ReasonText(
            "the record's key is not the message's vehicle_id", "set the key to the vehicle_id, in UTF-8 bytes"
        ),
        "wrong_partition": ReasonText(
            "the record is in another partition than its vehicle's",
            "set the producer's partitioner to murmur2; the table of clients has the line",
        ),
        "invalid_timestamp": ReasonText(
            "the record's own timestamp is not a time from 1970 to 9999",
            "run provision: the topic's timestamps have to be the broker's (LogAppendTime)",
        ),
    }
)
"""Of records that are refused before the core sees them."""

CORE_REASONS: Mapping[str, ReasonText] = MappingProxyType(
    {
        "wrong_vehicle": ReasonText(
            "the message's vehicle_id is not the vehicle it was given to",
            "set the key to the vehicle_id, in UTF-8 bytes",
        ),
        "future_timestamp": ReasonText(
            "the reading's or report's time is further ahead of the broker's clock than episodes.max_future",
            "the message names the likely cause: another unit, local time, a wrong clock",
        ),
        "timestamp_before_2000": ReasonText(
            "the reading's or report's time is before the year 2000",
            "the message names the likely cause: seconds for milliseconds, a day number, a clock that was never set",
        ),
        "clock_behind": ReasonText(
            "readings are out of their vehicle's time, behind or ahead of it; the message says how many were dropped",
            SEE_MESSAGE,
        ),
        "too_many_readings": ReasonText(
            "the vehicle has sent more readings within a second of its clock than vehicle.readings_per_second",
            "see that the time is in milliseconds and differs between readings; send less often",
        ),
        "too_many_checks": ReasonText(
            "the vehicle's sender has asked for more checks within an hour than vehicle.checks_per_hour",
            "ask for checks (check_requested) only where somebody waits for one",
        ),
        "campaign_missing": ReasonText(
            "OPEN_CAMPAIGN came without a campaign or its operation, or CLOSE_CAMPAIGN without a campaign",
            "send the campaign with its campaign_id and operation",
        ),
        "unknown_campaign": ReasonText(
            "the vehicle takes no part in this campaign", "see the campaign's vehicles with campaign show"
        ),
        "unknown_workflow": ReasonText(
            "the vehicle never had this workflow", "take the workflow_id from the status or the command"
        ),
        "superseded_workflow": ReasonText(
            "the workflow has ended and a newer one has replaced it", "use the vehicle's newest workflow"
        ),
    }
)
"""Of inputs that the core rejects where no workflow could record it."""

DEAD_LETTER_REASONS: Mapping[str, ReasonText] = MappingProxyType(
    {
        **INTAKE_REASONS,
        **CORE_REASONS,
        "unprocessable": ReasonText(
            "the engine failed at the record",
            "fix the engine, whose log has the traceback, then redrive the letter",
        ),
        "retries_exhausted": ReasonText(
            "a command failed in every try", "fix the agent, whose replies say what failed, then redrive the workflow"
        ),
    }
)
"""Of records that stand in ``dead.letters``."""

REJECTION_REASONS: Mapping[str, ReasonText] = MappingProxyType(
    {
        "duplicate_event": ReasonText(
            "this event_id was reported before", "nothing; a new event needs an id of its own"
        ),
        "illegal_event": ReasonText(
            "the workflow's state has no use for this event", "see its status; report what has happened since"
        ),
        "illegal_request": ReasonText(
            "the workflow's state does not allow this", "see its status: only open ones are cancelled, FAILED redriven"
        ),
        "start_missing": ReasonText(
            "MOVED came without the new start, or with an end before it", "send start_ms and end_ms"
        ),
        "priority_missing": ReasonText("SET_PRIORITY came without a priority", "say which one"),
        "same_priority": ReasonText("the workflow has this priority already", "nothing"),
        "duplicate_campaign": ReasonText(
            "the vehicle takes part in this campaign already", "nothing; a vehicle takes part in a campaign once"
        ),
        "too_many_campaigns": ReasonText(
            "as many campaigns as a workflow can hold wait for this vehicle", "open it again when they are done"
        ),
        "superseded_workflow": CORE_REASONS["superseded_workflow"],
        "stale_reply": ReasonText(
            "the command was answered, timed out or overtaken before", "nothing; answer within deadline_ms"
        ),
        "unknown_command": ReasonText("the engine never issued this command", "copy command_id from the command"),
        "nothing_to_rate": ReasonText(
            "the workflow has no completed repair, or the answer no csat", "rate a serviced workflow from 1 to 5"
        ),
        "late_answer": ReasonText(
            "the conversation that it belongs to is over", "nothing; report an answer when it is given"
        ),
        "duplicate_answer": ReasonText(
            "this answer_id was reported before", "nothing; a new answer needs an id of its own"
        ),
        "unknown_contact": ReasonText(
            "the workflow has no such contact", "copy contact_id from the command that was answered"
        ),
        "unknown_offer": ReasonText(
            "the owner was not shown an offer of this number", "report the number that the message had, from 1"
        ),
        "wrong_agent": ReasonText("another agent was asked", "answer with the agent of the command"),
    }
)
"""Of inputs that a workflow recorded as rejected in its audit trail."""

REASONS: Mapping[str, ReasonText] = MappingProxyType({**REJECTION_REASONS, **DEAD_LETTER_REASONS})
"""All of them."""


def remedy_for(code: str) -> str:
    """What to do about a code; a code of another program has none of its own."""
    reason = REASONS.get(code)
    return reason.remedy if reason else SEE_MESSAGE
