"""All six agents in a process of its own, with metrics; each vehicle's name says how its workflow goes.

Arguments: the bootstrap servers, a file with the pickled topology, the port of the metrics.
"""

import pickle
import sys
from pathlib import Path

from master_orchestrator_agents import AgentSpec, PermanentError, RetryableError, Task, run_agents
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.results import RESULTS, CustomerEngagementResult, FeedbackResult, Result
from master_orchestrator_schemas.vocabulary import AgentType, Answer

LABELS = [{"rule": "coolant_boiling", "label": "CONFIRMED"}]
CAUSE_LABELS = [{"cause": "thermostat", "label": "CONFIRMED"}]


def handle(task: Task) -> Result:
    """What each agent answers: the defaults, unless the vehicle is one to fail."""
    if task.agent_type is AgentType.DIAGNOSIS and task.vehicle_id.startswith("error"):
        with task.access("read", "dtc_kb", rows=1):
            raise RetryableError("planted")
    if task.agent_type is AgentType.DIAGNOSIS and task.vehicle_id.startswith("reject"):
        raise PermanentError("planted")
    if task.agent_type is AgentType.CUSTOMER_ENGAGEMENT and task.vehicle_id.startswith("decline"):
        return CustomerEngagementResult(answer=Answer.DECLINE)
    if task.agent_type is AgentType.FEEDBACK:
        return FeedbackResult.model_validate({"labels": LABELS, "cause_labels": CAUSE_LABELS})
    return RESULTS[task.agent_type]()


def main(bootstrap_servers: str, topology: str, metrics_port: str) -> None:
    """Run them until SIGTERM."""
    run_agents(
        [AgentSpec(agent, handle) for agent in AgentType],
        KafkaSettings(bootstrap_servers=bootstrap_servers),
        pickle.loads(Path(topology).read_bytes()),  # noqa: S301  written by the test itself
        metrics_port=int(metrics_port),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
