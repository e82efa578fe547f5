"""Four handlers, three vehicles, and the story of what happened to them.

In memory, in a second or two:         python examples/orchestrator_integration_example.py
On a Kafka with an engine running:     python examples/orchestrator_integration_example.py --bootstrap-servers HOST:PORT
"""

import argparse
from collections.abc import Mapping
from typing import Any

from master_orchestrator import AgentType, MasterOrchestrator, Priority, RetryableError

READINGS: Mapping[str, Mapping[str, object]] = {
    "truck-7": {"engine_temp": 121.0, "rpm": 2_150, "battery_voltage": 13.7},
    "van-3": {"brake_failure": True, "speed": 48.0},
    "car-12": {"engine_temp": 91.0, "rpm": 1_800, "battery_voltage": 14.1, "mileage": 48_211},
}


def analyse(task: Mapping[str, Any]) -> dict[str, Any]:
    """Confirms what triage found; a vehicle without findings has nothing wrong with it."""
    return {
        "anomalies": [
            {"description": finding["rule"], "subsystem": finding["subsystem"], "severity": 0.8, "confidence": 0.9}
            for finding in task["findings"]
        ]
    }


def diagnose(task: Mapping[str, Any]) -> dict[str, Any]:
    """Is not there at the first try: the orchestrator waits two seconds and asks again."""
    if task["attempt"] == 0 and task["vehicle_id"] == "van-3":
        raise RetryableError("the knowledge base is being reloaded")
    subsystem = task["anomalies"][0]["subsystem"]
    return {"causes": [f"{subsystem} fault"], "severity": 0.9, "probability": 0.9, "safe_to_drive": False}


async def engage(task: Mapping[str, Any]) -> dict[str, Any]:
    """Asks the owner, who agrees. Handlers may be plain or async."""
    return {"answer": "ACCEPT", "channel": "call" if task["priority"] is Priority.URGENT else "push"}


def schedule(task: Mapping[str, Any]) -> dict[str, Any]:
    """Books a bay at once. Keys of one's own are kept."""
    return {"appointment_id": f"A-{task['vehicle_id']}", "workshop_id": "north", "coffee": "on the house"}


def thank(task: Mapping[str, Any]) -> dict[str, Any]:
    """Asks how it went."""
    return {"csat": 5, "text": f"thank you for {task['appointment_id']}"}


def count(task: Mapping[str, Any]) -> dict[str, Any]:
    """Counts the repair against production."""
    return {"component": task["confirmed_cause"], "claims": 1}


def main() -> None:
    """Hand in a reading per vehicle, wait for the ends, tell what happened."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bootstrap-servers", help="Kafka's host:port,…; in memory without")
    servers = arguments.parse_args().bootstrap_servers

    orchestrator = MasterOrchestrator(max_workers=10, bootstrap_servers=servers)
    orchestrator.register_agent(AgentType.DATA_ANALYSIS, analyse)
    orchestrator.register_agent(AgentType.DIAGNOSIS, diagnose)
    orchestrator.register_agent(AgentType.CUSTOMER_ENGAGEMENT, engage)
    orchestrator.register_agent(AgentType.SCHEDULING, schedule)
    if servers is not None:  # in memory these two may be left out; a cluster's engines wait until they are served
        orchestrator.register_agent(AgentType.FEEDBACK, thank)
        orchestrator.register_agent(AgentType.MANUFACTURING_QUALITY, count)
    with orchestrator:
        workflows = [orchestrator.receive_vehicle_telemetry(vehicle, READINGS[vehicle]) for vehicle in READINGS]
        for workflow_id in workflows:
            tell(orchestrator, workflow_id)
        for name, value in orchestrator.get_statistics().items():
            print(f"{name:>24}: {value}")


def tell(orchestrator: MasterOrchestrator, workflow_id: str) -> None:
    """One workflow's story."""
    status = orchestrator.wait_until_ended(workflow_id)
    print(f"{workflow_id} of {status['vehicle_id']}, {status['priority'].name}: {status['attempts']} agent tasks")
    for line in status["history"]:
        print(f"    {line['at'][11:23]}  {line['state']:<20} {line['reason'] or ''}")
    for record in orchestrator.get_audit_trail(workflow_id):
        if record["event"] == "step_skipped":
            print(f"    skipped: {record['details']}")


if __name__ == "__main__":
    main()
