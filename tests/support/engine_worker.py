"""Runs one engine worker for the tests, with the very topology object of the test (see the fixture ``engines``)."""

import argparse
import logging
import pickle
import sys
from pathlib import Path

from master_orchestrator.shell.worker import run_engine
from master_orchestrator_schemas.kafka import KafkaSettings


def main() -> int:
    arguments = argparse.ArgumentParser()
    for name in ("--bootstrap", "--topology", "--data-dir", "--worker"):
        arguments.add_argument(name, required=True)
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO)
    return run_engine(
        kafka=KafkaSettings(bootstrap_servers=given.bootstrap),
        topology=pickle.loads(Path(given.topology).read_bytes()),  # noqa: S301  written by the test itself
        data_dir=Path(given.data_dir),
        worker=given.worker,
        metrics_port=None,
    )


if __name__ == "__main__":
    sys.exit(main())
