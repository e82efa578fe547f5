"""Runs one engine worker for the tests, with the very topology object of the test (see the fixture ``engines``)."""

import argparse
import pickle
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import VehicleState
from master_orchestrator.core.step import step
from master_orchestrator.log_setup import configure_logging
from master_orchestrator.settings import Settings
from master_orchestrator.shell import health, vehicle_job
from master_orchestrator.shell.clients import PartitionProducer
from master_orchestrator.shell.records import Record
from master_orchestrator.shell.store import PartitionStore
from master_orchestrator.shell.takeover import TakeOver, TakeOverOutcome, Wipe
from master_orchestrator.shell.worker import run_engine
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.metric_kinds import Process


def main() -> int:
    arguments = argparse.ArgumentParser()
    for name in ("--bootstrap", "--topology", "--data-dir", "--worker"):
        arguments.add_argument(name, required=True)
    arguments.add_argument("--slow-takeover", type=float, default=0.0, help="seconds that each take-over takes longer")
    arguments.add_argument("--core-fails-for", help="a vehicle at whose records the core raises")
    arguments.add_argument("--hang-at-commit-of", metavar="VEHICLE", help="no transaction with this vehicle ends")
    arguments.add_argument("--stuck-after", type=float, help="seconds after which what stands still is not alive")
    arguments.add_argument("--metrics-port", type=int)
    arguments.add_argument("--app", choices=["engine", "ueba"], default="engine")
    given = arguments.parse_args()
    if given.slow_takeover:
        slow_down(given.slow_takeover)
    if given.core_fails_for:
        plant_fault(given.core_fails_for)
    if given.hang_at_commit_of:
        plant_hang(given.hang_at_commit_of.encode())
    if given.stuck_after:
        vars(health)["STUCK_S"] = given.stuck_after  # this process is the test's own
    configure_logging(Settings(), program="engine")
    return run_engine(
        process=Process[given.app.upper()],
        kafka=KafkaSettings(bootstrap_servers=given.bootstrap),
        topology=pickle.loads(Path(given.topology).read_bytes()),  # noqa: S301  written by the test itself
        data_dir=Path(given.data_dir),
        worker=given.worker,
        metrics_port=given.metrics_port,
    )


def slow_down(seconds: float) -> None:
    """Let each take-over last longer, as one with a long changelog does."""
    run = TakeOver.run

    def slowly(self: TakeOver, stores: dict[int, PartitionStore], wipe: Wipe) -> TakeOverOutcome:
        taken = run(self, stores, wipe)
        time.sleep(seconds)
        return taken

    TakeOver.run = slowly  # type: ignore[method-assign]  # this process is the test's own


def plant_fault(vehicle_id: str) -> None:
    """Let the core fail at every record of a vehicle."""

    def failing(policy: Policy, vehicle: str, state: VehicleState | None, given: Input) -> Outcome:
        if vehicle == vehicle_id:
            raise ZeroDivisionError("planted")
        return step(policy, vehicle, state, given)

    vars(vehicle_job)["step"] = failing  # this process is the test's own


def plant_hang(vehicle: bytes) -> None:
    """Let every transaction hang that has something of this vehicle."""
    commit = PartitionProducer.commit

    def hanging(self: PartitionProducer, records: Iterable[Record], last: Record) -> int:
        batch = list(records)
        if any(record.key == vehicle for record in batch):
            threading.Event().wait()
        return commit(self, batch, last)

    PartitionProducer.commit = hanging  # type: ignore[method-assign]  # this process is the test's own


if __name__ == "__main__":
    sys.exit(main())
