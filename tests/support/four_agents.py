"""The usual set-up with four handlers, and readings for it."""

from collections.abc import Mapping
from typing import Any

from master_orchestrator_agents import Handler, Task
from master_orchestrator_schemas.vocabulary import AgentType

HOT: Mapping[str, object] = {"engine_temp": 121.0, "rpm": 2_100.0, "battery_voltage": 13.8, "cabin_noise_db": 61}


def analyse(task: Task) -> dict[str, Any]:
    """Confirms what triage found."""
    return {"anomalies": [finding["rule"] for finding in task["findings"]] or ["asked for"]}


def diagnose(task: Task) -> dict[str, Any]:
    """Sees a serious fault."""
    return {"causes": ["water pump"], "severity": 0.9, "probability": 0.95, "safe_to_drive": False}


async def engage(task: Task) -> dict[str, Any]:
    """The owner agrees."""
    return {"answer": "ACCEPT", "channel": "push"}


def schedule(task: Task) -> dict[str, Any]:
    """Books at once; no operations, so the work takes no time."""
    return {"appointment_id": f"A-{task.vehicle_id}", "loaner": "compact"}


def four_agents(**other: Handler) -> dict[AgentType, Handler]:
    """The four, each of them replaceable: ``four_agents(DIAGNOSIS=mine)``."""
    handlers: dict[AgentType, Handler] = {
        AgentType.DATA_ANALYSIS: analyse,
        AgentType.DIAGNOSIS: diagnose,
        AgentType.CUSTOMER_ENGAGEMENT: engage,
        AgentType.SCHEDULING: schedule,
    }
    return handlers | {AgentType(name): handler for name, handler in other.items()}
