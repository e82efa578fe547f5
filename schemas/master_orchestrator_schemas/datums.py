"""From message structs to what fastavro writes, and the checks that Avro's types do not make.

Structs become plain dicts; the payload of a command and the result of a reply say which branch of their union they are.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict

from master_orchestrator_schemas.avro_schemas import NAMESPACE
from master_orchestrator_schemas.messages import AuditRecord, Command, Reply, Status, Telemetry
from master_orchestrator_schemas.results import MAX_EXTRAS, RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.vocabulary import AgentType

Datum = dict[str, Any]

TASK_KEYS: Mapping[AgentType, frozenset[str]] = {agent: frozenset(model.model_fields) for agent, model in TASKS.items()}
RESULT_KEYS: Mapping[AgentType, frozenset[str]] = {
    agent: frozenset(model.model_fields) | {"extras"} for agent, model in RESULTS.items()
}
_TASK_BRANCH = {agent: f"{NAMESPACE}.{model.__name__}" for agent, model in TASKS.items()}
_RESULT_BRANCH = {agent: f"{NAMESPACE}.{model.__name__}" for agent, model in RESULTS.items()}


def telemetry_datum(reading: Telemetry) -> Datum:
    """The dict of a reading."""
    datum = asdict(reading)
    datum["dtcs"] = [asdict(dtc) for dtc in reading.dtcs]
    datum["j1939"] = [asdict(fault) for fault in reading.j1939]
    return datum


def command_datum(command: Command) -> Datum:
    """The dict of a command. Raises ``ValueError`` for keys its agent's task does not have."""
    datum = asdict(command)
    datum["payload"] = _branch(_TASK_BRANCH, TASK_KEYS, command.agent, command.payload)
    return datum


def reply_datum(reply: Reply) -> Datum:
    """The dict of a reply. Raises ``ValueError`` for keys its agent's result does not have."""
    datum = asdict(reply)
    if reply.result is not None:
        datum["result"] = _branch(_RESULT_BRANCH, RESULT_KEYS, reply.agent, reply.result)
    if reply.failure is not None:
        datum["failure"] = asdict(reply.failure)
    return datum


def audit_datum(record: AuditRecord) -> Datum:
    """The dict of an audit record."""
    datum = asdict(record)
    datum["cause"] = asdict(record.cause)
    return datum


def status_datum(status: Status) -> Datum:
    """The dict of a status."""
    datum = asdict(status)
    datum["history"] = [asdict(transition) for transition in status.history]
    return datum


def _branch(
    names: Mapping[AgentType, str], keys: Mapping[AgentType, frozenset[str]], agent: AgentType, value: Datum
) -> tuple[str, Datum]:
    if not value.keys() <= keys[agent]:
        unknown = ", ".join(sorted(value.keys() - keys[agent]))
        raise ValueError(f"{names[agent]} has no {unknown}; a result's own keys go through Result.to_wire()")
    return names[agent], value


DATUM_OF: Mapping[type[msgspec.Struct], Callable[[Any], Datum]] = {
    Telemetry: telemetry_datum,
    Command: command_datum,
    Reply: reply_datum,
    AuditRecord: audit_datum,
    Status: status_datum,
}
"""Message class -> its dict, where ``msgspec.structs.asdict`` alone does not do."""


def check_command(command: Command) -> None:
    """Raise ``ValueError`` unless the payload is of the command's agent."""
    if command.payload.keys() != TASK_KEYS[command.agent]:
        raise ValueError(f"the payload is not a task of {command.agent}")


def check_reply(reply: Reply) -> None:
    """Raise ``ValueError`` unless there is either a failure or a result of the reply's agent, with readable extras."""
    if (reply.result is None) == (reply.failure is None):
        raise ValueError("a reply has either a result or a failure")
    if reply.result is None:
        return
    if reply.result.keys() != RESULT_KEYS[reply.agent]:
        raise ValueError(f"the result is not one of {reply.agent}")
    if len(reply.result["extras"]) > MAX_EXTRAS:
        raise ValueError(f"more than {MAX_EXTRAS} extras")
    for name, text in reply.result["extras"].items():
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"extras.{name} is not JSON text") from error


CHECK_OF: Mapping[type[msgspec.Struct], Callable[[Any], None]] = {Command: check_command, Reply: check_reply}
"""Message class -> what has to hold beyond the types."""
