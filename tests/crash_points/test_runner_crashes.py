"""An agent runner killed at every crash point: no command is lost, and none is committed without its reply."""

from collections import Counter
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from support.crash_hooks import CrashEvidence, CrashPlan
from support.crash_points import Crash, CrashPoint, Part, cases
from support.crash_process import DIES_IN_S, Life
from support.crash_run import VEHICLES, CrashRun
from support.crash_runner import AGENT, runner_life
from support.topics import CODEC

from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.kafka import consumer_config, place_of
from master_orchestrator_schemas.messages import Command, Reply
from master_orchestrator_schemas.places import Partition, Place
from master_orchestrator_schemas.results import RESULTS, Result
from master_orchestrator_schemas.vocabulary import AgentType, Lane

pytestmark = pytest.mark.kafka


class Desk:
    """What lies before the agent and what it has answered, seen from outside."""

    def __init__(self, run: CrashRun) -> None:
        system = run.system
        self._run, every = run, range(system.topology.partitions)
        topics = [system.topology.command_topic(AGENT, lane) for lane in Lane]
        self._commands = TopicReader(system.kafka, topics, every)
        self._replies = TopicReader(system.kafka, [system.topology.topic_of("Reply")], every)
        self._group = Consumer(consumer_config(system.kafka, f"{system.topology.app_id}-agent-data-analysis"))
        self._lanes = [TopicPartition(topic, number) for topic in topics for number in every]
        self.places: dict[str, Place] = {}
        """Command id -> where it stands."""
        self.replies: Counter[str] = Counter()
        """Command id -> how often it was answered."""

    def close(self) -> None:
        for reader in (self._commands, self._replies, self._group):
            reader.close()

    def look(self) -> None:
        for message in self._commands.catch_up():
            self.places[CODEC.decode(message.value() or b"", Command).command_id] = _place(message)
        self.replies.update(CODEC.decode(m.value() or b"", Reply).command_id for m in self._replies.catch_up())

    def committed(self, command_id: str) -> bool:
        """Whether the group has committed past the command."""
        place = self.places[command_id]
        return place.offset < self._marks()[place.topic_partition]

    def all_answered(self) -> None:
        """Wait until every command so far is."""
        self._run.witness.until(lambda: len(self._answered()) >= self._run.workflows)

    def assert_left(self, case: Crash, evidence: CrashEvidence) -> None:
        """Kafka is as ``case`` says."""
        (hit,) = evidence.commands
        self.look()
        marks = self._marks()
        committed = {command for command, place in self.places.items() if place.offset < marks[place.topic_partition]}
        assert committed <= self.replies.keys(), "committed, and nobody has answered"
        assert (case.point in {CrashPoint.AFTER_REPLY, CrashPoint.AFTER_OFFSETS}) == (hit in self.replies)
        assert (case.point is CrashPoint.AFTER_OFFSETS) == (hit in committed)

    def _answered(self) -> set[str]:
        self.look()
        return self.places.keys() & self.replies.keys()

    def _marks(self) -> dict[Partition, int]:
        committed = self._group.committed(self._lanes, timeout=30)
        return {Partition(each.topic, each.partition): each.offset for each in committed}


@pytest.fixture
def desk(run: CrashRun) -> Iterator[Desk]:
    desk = Desk(run)
    yield desk
    desk.close()


def test_a_runner_that_died_anywhere_loses_no_command(run: CrashRun, desk: Desk) -> None:
    run.start()
    hits: dict[Crash, str] = {}
    with run.system.echo_agents(_all_others):
        for case in cases(Part.RUNNER):
            evidence = _crash(run, desk, case)
            desk.assert_left(case, evidence)
            (hits[case],) = evidence.commands
        _runner(run, None)
        desk.all_answered()
        run.assert_all_good()
    desk.look()
    repeated = {case for case, command in hits.items() if desk.replies[command] > 1}
    assert {case for case in hits if case.point is CrashPoint.AFTER_REPLY} == repeated


def _crash(run: CrashRun, desk: Desk, case: Crash) -> CrashEvidence:
    name = f"v{run.workflows}"
    life = _runner(run, run.plan(case, f"{name}-"))
    desk.all_answered()
    run.send(name)
    assert life.died_as_planned(DIES_IN_S), f"{case}: the runner never came there"
    return life.evidence()


def _runner(run: CrashRun, plan: CrashPlan | None) -> Life:
    system = run.system
    life = Life(runner_life, system.kafka, system.topology, system.folder, VEHICLES, plan=plan)
    run.lives.append(life)
    return life


def _all_others(agent: AgentType) -> Result | None:
    return None if agent is AGENT else RESULTS[agent]()


def _place(message: Message) -> Place:
    place = place_of(message)
    assert place is not None
    return place
