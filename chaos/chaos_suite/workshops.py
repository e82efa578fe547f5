"""``python -m chaos_suite.workshops``: the simulated workshops of a run. Anything that breaks them ends the program.

Kafka is where ``KAFKA_*`` says, the topology is that of ``MASTER_ORCHESTRATOR_TOPOLOGY``.
"""

import argparse
import signal
import sys

from confluent_kafka import KafkaException

from master_orchestrator_agents.errors import RunnerError
from master_orchestrator_agents.simulated.feed import WorkshopFeed
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import load_topology

MAX_WAIT_S = 1.5
"""No appointment is further away; a repair takes as long again at most."""


def main() -> int:
    """0 after SIGTERM, 1 if the cluster cannot be worked with: to be started again."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=0, help="gives each appointment its fate")
    given = arguments.parse_args()
    feed = WorkshopFeed(KafkaSettings(), load_topology(), seed=given.seed, max_wait_s=MAX_WAIT_S)
    signal.signal(signal.SIGTERM, lambda *_: feed.stop())
    try:
        feed.run()
    except (RunnerError, KafkaException) as error:
        print(f"the workshops end: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
