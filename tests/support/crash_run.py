"""One system on which a worker dies again and again, each time at another point, and must make everything good."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from master_orchestrator.readers.verify_topics import verify_topics
from support.crash_engine import engine_life
from support.crash_hooks import CrashEvidence, CrashPlan
from support.crash_points import Crash
from support.crash_process import DIES_IN_S, Life
from support.crash_witness import Witness, await_leaders
from support.engine_system import EngineSystem, ended

VEHICLES = 16
"""A batch: on four partitions, at least four of them on one."""
BATCHES = 10
BATCH_S = 8.0
"""How long a batch may take to come to the point; Kafka may cut it so that no step has enough of it: then another."""


class CrashRun:
    """The engines of one system; made by :func:`crash_run`, which ends them."""

    def __init__(self, system: EngineSystem, witness: Witness) -> None:
        self.system, self.witness = system, witness
        self.lives: list[Life] = []
        self.workflows = 0

    def tables(self, worker: str = "w1") -> Path:
        """The worker's RocksDB folder."""
        return self.system.folder / worker

    def start(self, plan: CrashPlan | None = None, worker: str = "w1") -> Life:
        """Start a worker (again)."""
        system = self.system
        life = Life(engine_life, system.kafka, system.topology, system.folder, worker, plan=plan)
        self.lives.append(life)
        return life

    def plan(self, case: Crash, vehicles: str) -> CrashPlan:
        """To die at ``case`` in a step with such vehicles."""
        return CrashPlan(case=case, vehicles=vehicles, evidence=self.system.folder / "evidence.json")

    def send(self, name: str) -> None:
        """A batch of readings, each of which opens a workflow."""
        self.system.request_checks(range(self.workflows, self.workflows + VEHICLES), name)
        self.workflows += VEHICLES

    def crash(self, case: Crash, made_good: Callable[[], object]) -> CrashEvidence:
        """Start a worker, wait until it has made the former crash good, and let it die at ``case``."""
        name = f"v{self.workflows}"
        life = self.start(self.plan(case, f"{name}-"))
        made_good()
        for _ in range(BATCHES):
            self.send(name)
            if life.died_as_planned(BATCH_S):
                return life.evidence()
        raise AssertionError(f"{case}: the worker never came there")

    def crash_while_starting(self, case: Crash, vehicles: str = "") -> CrashEvidence:
        """Start a worker that dies in its take-over; where it asks, with an outbox about such vehicles."""
        life = self.start(self.plan(case, vehicles))
        assert life.died_as_planned(DIES_IN_S), f"{case}: the worker never came there"
        return life.evidence()

    def all_complete(self) -> None:
        """Wait until every workflow is."""
        self.system.status.until(ended(self.workflows))

    def assert_all_good(self) -> None:
        """Every workflow is complete, once; trails replay to the same bytes; no command has come in two versions."""
        system = self.system
        system.assert_whole(self.workflows)
        verdict = verify_topics(system.kafka, system.topology)
        assert ("whole", (), self.workflows) == (verdict.outcome, verdict.violations, verdict.vehicles)
        self.witness.look()
        assert {1} == {len(set(values)) for values in self.witness.commands.values()}


@contextmanager
def crash_run(system: EngineSystem) -> Iterator[CrashRun]:
    """A run whose processes end with the test."""
    await_leaders(system)
    with ExitStack() as stack:
        run = CrashRun(system, stack.enter_context(Witness(system)))
        try:
            yield run
        finally:
            for life in run.lives:
                life.end()
