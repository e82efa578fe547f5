"""Reading a reply: who sent it, and what its result says."""

from typing import Any

from master_orchestrator.core.audit_chain import details_json
from master_orchestrator.core.policy import Policy
from master_orchestrator_schemas.messages import Reply
from master_orchestrator_schemas.results import RESULTS, Result


def actor_of(reply: Reply) -> str:
    """Who sent a reply, for the audit trail."""
    return f"agent:{reply.agent.value}@{reply.worker}"


def read_result(policy: Policy, reply: Reply) -> Result | str:
    """The typed result, or why there is none: neither result nor failure, both, or not what the agent has to answer.

    A result that the audit record, which has it in full, has no room for is none either: as JSON it can be six times
    as long as it came.
    """
    if reply.result is None or reply.failure is not None:
        return "a reply has either a result or a failure"
    size = len(details_json(result_details(reply)).encode())
    if size > policy.max_details_bytes:
        return f"the result takes {size} bytes as JSON, {policy.max_details_bytes} are allowed; shorten it"
    try:
        return RESULTS[reply.agent].from_wire(reply.result)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # from_wire reads JSON texts of any kind
        return f"{type(error).__name__}: {error}"[:500]


def result_details(reply: Reply) -> dict[str, Any]:
    """What a reply says in full, for the audit trail; the state keeps only what later steps need."""
    return {"answered": reply.command_id, "handled_in_ms": reply.handled_in_ms, "result": reply.result}
