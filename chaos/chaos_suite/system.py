"""The system under test: three brokers, engines, ueba workers, runners, workshops: processes that faults may harm."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from chaos_suite.brokers import NAMES, Brokers
from chaos_suite.disk import Disk
from chaos_suite.members import Member
from chaos_suite.network import Network
from chaos_suite.overrides import chaos_topology
from chaos_suite.raw_admin import NoAnswerError, owned_partitions
from chaos_suite.supervision import Supervision
from chaos_suite.workers import DYING, ENGINES, JUDGES, Workers
from master_orchestrator.cluster.provision import provision
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.topology.apps import AppNames
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.vocabulary import AgentType

VISITOR = "engine-3"
"""The worker that joins and leaves; it runs only while a fault has it run."""


class ChaosSystem:
    """Everything under ``folder``; a context manager that starts it all and stops it all.

    Made before it is started, so that one can ask what will be there. ``seed`` is the workshops'.
    """

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.folder = folder.absolute()
        (self.folder / "logs").mkdir(parents=True)
        own = self.folder / "topology.yaml"
        own.write_text(chaos_topology(default_path()), encoding="utf-8")
        self.topology: Topology = load_topology(own)
        self.network = Network()
        self.brokers = Brokers(self.folder, self.network)
        self.kafka = KafkaSettings(bootstrap_servers=self.brokers.bootstrap_servers)
        workers = Workers(self.folder, self.brokers.bootstrap_servers, self.network, seed)
        self.engines = {name: workers.engine(name) for name in ENGINES}
        self.judges = {name: workers.judge(name) for name in JUDGES}
        self.workshops = workers.workshops()
        self.runners = {name: runner for kind in AgentType for name, runner in workers.runners(kind).items()}
        self.disks = {name: Disk(self.folder / path, self.folder / "copies" / name) for name, path in self._tables()}
        self._supervision = Supervision(self.members(), self.folder / "deaths.jsonl")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start brokers, topics and all the others. Call it in the main thread: some members die with the thread."""
        self.network.lay_out((*NAMES, *ENGINES))
        self._supervision.start()
        self.brokers.start()
        provision(self.brokers.admin, self.topology)
        for worker in self._workers():
            if worker.name != VISITOR:
                worker.want()
        for worker in self._workers():
            if worker.name != VISITOR:
                worker.await_running()

    def stop_workers(self) -> None:
        """Stop those who do the work for good; brokers and ueba workers go on."""
        _stop([worker for worker in self._workers() if worker.name not in self.judges])

    def stop_judges(self) -> None:
        """Stop the ueba workers for good."""
        _stop([*self.judges.values()])

    def stop(self) -> None:
        """Stop everything."""
        self.stop_workers()
        self.stop_judges()
        self.brokers.stop()
        self._supervision.stop()

    def members(self) -> list[Member]:
        """All that the suite keeps running, or may run."""
        return [*self.brokers.members.values(), *self._workers()]

    def healthy(self) -> bool:
        """Whether all who should run do, all replicas are in sync, and every input partition of both apps is owned.

        How far an app is behind is not asked here: see health.py.
        """
        running = all(member.as_it_should for member in self.members()) and self.brokers.in_sync()
        return running and all(self.owned(app) for app in self.topology.apps)

    def owned(self, app: AppNames) -> bool:
        """Whether the group of the app's workers is settled, and every input partition belongs to one of them."""
        inputs = {(topic, n) for topic in app.inputs for n in range(self.topology.partitions)}
        try:
            return inputs <= owned_partitions(self.kafka.bootstrap_servers, app.app_id)
        except NoAnswerError:
            return False

    @property
    def deaths_not_injected(self) -> int:
        """How often a member ended that no fault had asked to."""
        return self._supervision.deaths_not_injected

    def engine_folders(self) -> dict[str, Path]:
        """Where each engine keeps its tables, relative to the run's folder."""
        return {name: path for name, path in self._tables() if name in self.engines}

    @property
    def dying_file(self) -> Path:
        """Where a handler is ordered to die (dying.py)."""
        return self.folder / DYING

    def agents_folder(self) -> Path:
        """Where the agents keep their books, relative to the run's folder."""
        return Path("data", "agents")

    def _tables(self) -> Iterable[tuple[str, Path]]:
        engines = [(name, Path("data", "engine", name)) for name in ENGINES]
        return [*engines, *((name, Path("data", "ueba", name)) for name in JUDGES)]

    def _workers(self) -> list[Member]:
        return [*self.engines.values(), *self.judges.values(), *self.runners.values(), self.workshops]


def _stop(workers: Sequence[Member]) -> None:
    for worker in workers:
        worker.dismiss()
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(Member.terminate, workers))
