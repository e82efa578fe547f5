"""``audit verify`` on a cluster, while engines may be running: partition by partition, so that memory stays bounded.

Statuses and table are read after the trail, and then what came to the trail meanwhile: neither is ahead of it.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from confluent_kafka import Message

from master_orchestrator.core.audit_chain import Violation
from master_orchestrator.core.intake import Intake
from master_orchestrator.core.policy import Policy
from master_orchestrator.readers.adding import added
from master_orchestrator.readers.audit_verdict import AuditVerdict, excused, of_replay
from master_orchestrator.readers.copies import keeps_senders_times
from master_orchestrator.readers.replay import Rules
from master_orchestrator.readers.replay_topics import PartitionReplay
from master_orchestrator.readers.replay_verdict import Untold
from master_orchestrator.readers.topics import OnProgress, TopicReader, partition_counts, partition_of, vehicle_of
from master_orchestrator.readers.verify import verify
from master_orchestrator.readers.verify_places import Astray, audit_at_home, checked_statuses, two_trails
from master_orchestrator.readers.verify_table import TableFacts, table_facts, verify_table
from master_orchestrator.readers.view import WorkflowsView
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import AuditRecord, Status
from master_orchestrator_schemas.topology import Topology

Trail = list[tuple[bytes, AuditRecord]]

NO_TABLE = (
    "the engine's table (its changelog) is not there or has no positions: what stands behind the trails is not known"
)


def verify_topics(
    kafka: KafkaSettings, topology: Topology, progress: OnProgress | None = None, workflow_id: str | None = None
) -> AuditVerdict:
    """The verdict on everything that is on the cluster now, or on one workflow and the vehicle it is of."""
    return _Verification(kafka, topology, workflow_id).run(progress)


class _Verification:
    """One run."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, workflow_id: str | None) -> None:
        self._kafka, self._topology, self._workflow = kafka, topology, workflow_id
        self._vehicle = None if workflow_id is None else vehicle_of(workflow_id)
        self._codec, self._policy = Codec(topology.limits), Policy.from_topology(topology)
        self._audit, self._status = topology.topic_of("AuditRecord"), topology.topic_of("Status")
        self._astray = Astray()
        self._counts = partition_counts(kafka)
        self._missing = [topic for topic in topology.input_topics if topic not in self._counts]
        self._senders_times = keeps_senders_times(
            kafka, [topic for topic in topology.input_topics if topic in self._counts]
        )

    def run(self, progress: OnProgress | None) -> AuditVerdict:
        """Every partition; one workflow has one, but records of its id may stand in others."""
        if self._audit not in self._counts:
            return AuditVerdict()
        count = self._topology.partitions
        home = None if self._vehicle is None else partition_of(self._vehicle, count)
        parts = [
            self._partition(n, share(progress, n, count)) if home in (None, n) else self._elsewhere(n)
            for n in range(count)
        ]
        beyond = tuple(Untold(None, 0, text) for text in self._unread_partitions())
        every = added([*parts, AuditVerdict(violations=tuple(self._two_trails()), untold=beyond)])
        whole = excused(every, senders_times=self._senders_times)
        return whole if self._workflow is None else _of_workflow(whole, self._workflow)

    def _unread_partitions(self) -> Iterator[str]:
        """Partitions that were added to topics of an engine that does not know of them."""
        due, topology = self._topology.partitions, self._topology
        for topic in (*topology.input_topics, self._audit, self._status, topology.changelog_topic):
            if (count := self._counts.get(topic, due)) != due:
                yield f"{topic} has {count} partitions, the topology says {due}: the others were not read"

    def _partition(self, number: int, progress: OnProgress | None) -> AuditVerdict:
        wrong: list[Violation] = []
        at_home = partial(self._at_home, wrong=wrong)
        with self._reader(self._audit, number) as audit:
            before = list(at_home(audit.catch_up()))
            statuses = self._statuses(number, wrong)
            facts = self._table(number)
            trail = [*before, *at_home(audit.catch_up())]
        records = [record for _, record in trail]
        known, later = records[: len(before)], records[len(before) :]
        plain = verify(known, later, statuses)
        wrong += [*plain.violations, *verify_table(facts, known, later)]
        checked = AuditVerdict(workflows=plain.workflows, records=plain.records, violations=tuple(wrong))
        doubted = {violation.workflow_id for violation in wrong}
        vouched = {name for ends in facts.vehicles.values() for name in ends.newest} - doubted
        return added([checked, self._replay(number, trail, facts, vouched, progress)])

    def _replay(
        self, number: int, trail: Trail, facts: TableFacts, vouched: set[str], progress: OnProgress | None
    ) -> AuditVerdict:
        untold = tuple(Untold(None, 0, text) for text in facts.unreadable)
        if self._missing:
            text = f"{', '.join(self._missing)} is not there: nothing was replayed"
            return AuditVerdict(untold=(*untold, *((Untold(None, len(trail), text),) if trail else ())))
        intake = Intake(self._topology, self._codec)
        readings = self._topology.topic_of("Telemetry")
        rules = Rules(self._policy, intake, self._codec, readings, facts.positions or {})
        replay = PartitionReplay(self._kafka, self._topology, rules, number, self._vehicle)
        replayed = of_replay(replay.run(trail, progress), vouched)
        if facts.positions is None and (trail or replayed.inputs):
            untold = (*untold, Untold(None, len(trail), NO_TABLE))
        return added([AuditVerdict(untold=untold), replayed])

    def _statuses(self, number: int, wrong: list[Violation]) -> dict[str, Status]:
        newest = WorkflowsView()
        if self._status not in self._counts:
            return {}
        with self._reader(self._status, number) as reader:
            for status in checked_statuses(reader.catch_up(), self._topology.partitions, self._codec, wrong):
                newest.apply(status)
        return {status.workflow_id: status for status in newest.all() if self._vehicle in (None, status.vehicle_id)}

    def _table(self, number: int) -> TableFacts:
        if self._topology.changelog_topic not in self._counts:
            return TableFacts()
        with self._reader(self._topology.changelog_topic, number) as reader:
            facts = table_facts(reader.catch_up(), self._topology.partitions)
        if self._vehicle is not None:
            facts.vehicles = {name: ends for name, ends in facts.vehicles.items() if name == self._vehicle}
        return facts

    def _elsewhere(self, number: int) -> AuditVerdict:
        """Of one workflow: what stands under its name in another partition."""
        wrong: list[Violation] = []
        with self._reader(self._audit, number) as audit:
            for _ in self._at_home(audit.catch_up(), wrong=wrong):
                pass
        return AuditVerdict(violations=tuple(wrong))

    def _at_home(self, messages: Iterable[Message], wrong: list[Violation]) -> Iterator[tuple[bytes, AuditRecord]]:
        if self._vehicle is not None:
            prefix = f"{self._vehicle}~".encode()
            messages = (message for message in messages if (message.key() or b"").startswith(prefix))
        return audit_at_home(messages, self._topology.partitions, self._codec, wrong, self._astray)

    def _two_trails(self) -> list[Violation]:
        """Against the vehicles' own partitions, which may have been read before."""
        homes = {partition_of(vehicle, self._topology.partitions) for vehicle in self._astray.vehicles()}
        at_home: Trail = []
        for number in homes:
            with self._reader(self._audit, number) as audit:
                records = audit_at_home(audit.catch_up(), self._topology.partitions, self._codec, [], Astray())
                at_home += [entry for entry in records if (entry[1].workflow_id, entry[1].seq) in self._astray.copies]
        return two_trails(self._astray, at_home)

    def _reader(self, topic: str, number: int) -> TopicReader:
        return TopicReader(self._kafka, [topic], [number])


def _of_workflow(verdict: AuditVerdict, workflow_id: str) -> AuditVerdict:
    """Only the violations of this workflow; the replay is the vehicle's, since its workflows rest on each other."""
    wrong = tuple(violation for violation in verdict.violations if violation.workflow_id == workflow_id)
    return AuditVerdict(
        workflows=min(1, verdict.workflows), records=verdict.records, vehicles=verdict.vehicles, inputs=verdict.inputs,
        replayed=verdict.replayed, violations=wrong, untold=verdict.untold,
    )  # fmt: skip


def share(progress: OnProgress | None, partition: int, partitions: int) -> OnProgress | None:
    """Progress on one partition as progress on the whole, in thousandths of partitions."""
    if progress is None:
        return None

    def passed(offsets: int, total: int) -> None:
        progress(1000 * partition + 1000 * offsets // max(1, total), 1000 * partitions)

    return passed
