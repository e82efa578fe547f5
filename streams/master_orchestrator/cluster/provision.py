"""Bring a cluster's topics to what the topology says: create what is missing, refuse what must not be changed.

Partition count, cleanup policy and timestamp type are never altered: the first would send vehicles to other
partitions, the second can delete history, the third is the engine's clock. Retention and size limits follow the
topology. Replication, and the in-sync minimum that belongs to it, are set at creation only: moving replicas is the
work of Kafka's own tools. A changelog that is lost is not made again: vehicles would count their workflows from the
first again, under ids that the audit trail has.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
    TopicMetadata,
)

from master_orchestrator.cluster.errors import ProvisionError
from master_orchestrator.readers.topics import listed_offsets
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import TopicPlan, Topology

REQUEST_TIMEOUT_S = 30.0
MAX_REPLICAS = 3
REFUSED_SETTINGS = ("cleanup.policy", "message.timestamp.type")
SET_AT_CREATION = ("min.insync.replicas",)

T = TypeVar("T")
TopicChange = Literal["created", "updated", "unchanged"]
Configs = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class TopicOutcome:
    """What was done to one topic; `changes` are the settings altered, as `key=value`."""

    topic: str
    action: TopicChange
    partitions: int
    changes: tuple[str, ...] = ()


def provision(admin: AdminClient, topology: Topology, replication: int | None = None) -> tuple[TopicOutcome, ...]:
    """Create and update the topology's topics; return what was done, topic by topic, once all have leaders.

    `replication` defaults to the number of live brokers, at most 3. Safe to run again and side by side. Raises
    ProvisionError before anything is changed if an existing topic cannot become what the topology says.
    """
    present = admin.list_topics(timeout=REQUEST_TIMEOUT_S)
    plans = topology.topic_plans(replication or min(MAX_REPLICAS, len(present.brokers)))
    existing = [plan for plan in plans if plan.name in present.topics]
    configs = _describe(admin, [plan.name for plan in existing])
    _refuse(problem for plan in existing for problem in problems(plan, present.topics[plan.name], configs[plan.name]))
    _refuse_lost_changelog(admin, topology, present.topics)
    missing = [plan for plan in plans if plan.name not in present.topics]
    if not _create(admin, missing):
        return provision(admin, topology, replication)  # someone else created some of them: look again
    changes = {plan.name: differences(plan, configs[plan.name]) for plan in existing}
    _alter(admin, {name: changed for name, changed in changes.items() if changed})
    await_leaders(admin, [plan.name for plan in plans])
    return tuple(_outcome(plan, changes.get(plan.name)) for plan in plans)


def problems(plan: TopicPlan, topic: TopicMetadata, config: Mapping[str, str]) -> Iterable[str]:
    """What keeps an existing topic from becoming what `plan` says, and what to do about each."""
    partitions = len(topic.partitions)
    if partitions > plan.partitions:
        yield (
            f"Topic {plan.name} has {partitions} partitions, the topology says {plan.partitions}: records in the "
            f"others are not read. Stop everything, set partitions to {partitions} and run 'provision --repartition', "
            f"which moves the vehicles (docs/operations.md)."
        )
    elif partitions < plan.partitions:
        yield (
            f"Topic {plan.name} has {partitions} partitions, the topology says {plan.partitions}: stop everything and "
            f"run 'provision --repartition', which moves the vehicles (docs/operations.md), or set partitions to "
            f"{partitions}."
        )
    for key in REFUSED_SETTINGS:
        setting = plan.config.get(key)
        if setting is not None and config.get(key) != setting:
            yield (
                f"Topic {plan.name} has {key}={config.get(key)}, the topology says {setting}: this is not changed "
                f"on its own. If no record in it is needed, delete the topic and provision again; else alter it "
                f"with kafka-configs.sh."
            )


def changed_topics(admin: AdminClient, topology: Topology) -> tuple[str, ...]:
    """What is wrong with the topics of a running system."""
    present = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    plans = [plan for plan in topology.topic_plans() if plan.name not in topology.assignor_topics]
    configs = _describe(admin, [plan.name for plan in plans if plan.name in present])
    gone = [f"Topic {plan.name} is not there: run 'provision'" for plan in plans if plan.name not in present]
    there = (plan for plan in plans if plan.name in configs)
    return (*gone, *(text for plan in there for text in problems(plan, present[plan.name], configs[plan.name])))


def differences(plan: TopicPlan, config: Mapping[str, str]) -> dict[str, str]:
    """The settings of `plan` that an existing topic may safely be given, where they differ."""
    kept = (*REFUSED_SETTINGS, *SET_AT_CREATION)
    return {key: value for key, value in plan.config.items() if key not in kept and config.get(key) != value}


def await_leaders(admin: AdminClient, names: Sequence[str], timeout_s: float = REQUEST_TIMEOUT_S) -> None:
    """Return once every partition of `names` has a leader; ProvisionError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while leaderless := _leaderless(admin, names):
        if time.monotonic() > deadline:
            raise ProvisionError(f"Topic {leaderless[0]} has no leader after {timeout_s:g} s: are all brokers up?")
        time.sleep(0.02)


def _leaderless(admin: AdminClient, names: Iterable[str]) -> list[str]:
    topics = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    return [
        name
        for name in names
        if name not in topics
        or not topics[name].partitions
        or any(p.leader < 0 for p in topics[name].partitions.values())
    ]


def _refuse(problems: Iterable[str]) -> None:
    wrong = list(problems)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ProvisionError(wrong[0] + more)


def _refuse_lost_changelog(admin: AdminClient, topology: Topology, present: Mapping[str, TopicMetadata]) -> None:
    """A partition's audit records and its changelog's are written together: there are none of one alone."""
    audit, changelog = topology.topic_of("AuditRecord"), topology.changelog_topic
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # confluent-kafka leaves this one out
    there = [topic for topic in (audit, changelog) if topic in present]
    partitions = [Partition(topic, number) for topic in there for number in present[topic].partitions]
    ends = listed_offsets(admin, latest, partitions)
    trails = [number for topic, number in partitions if topic == audit and ends[Partition(audit, number)]]
    lost = [number for number in trails if not ends.get(Partition(changelog, number))]
    if lost:
        raise ProvisionError(
            f"{changelog} is {'empty' if changelog in present else 'not there'}, but {audit} has records (partitions "
            f"{', '.join(map(str, lost))}): the vehicles' states are lost, and with an empty changelog the ids of "
            f"workflows would recur. Stop everything and restore the brokers' backup, or export the trail, delete all "
            f"topics of the system and provision again (docs/operations.md, 'When the changelog is lost')."
        )


def _describe(admin: AdminClient, names: Sequence[str]) -> Configs:
    if not names:
        return {}
    futures = admin.describe_configs(
        [ConfigResource(ResourceType.TOPIC, name) for name in names], request_timeout=REQUEST_TIMEOUT_S
    )
    return {
        resource.name: {key: entry.value for key, entry in _done(future, resource.name).items()}
        for resource, future in futures.items()
    }


def _create(admin: AdminClient, plans: Sequence[TopicPlan]) -> bool:
    """Create topics; False if another run created one of them meanwhile."""
    if not plans:
        return True
    new = [NewTopic(p.name, p.partitions, p.replication, config=dict(p.config)) for p in plans]
    alone = True
    for name, future in admin.create_topics(new, request_timeout=REQUEST_TIMEOUT_S).items():
        failure = future.exception()
        if isinstance(failure, KafkaException) and failure.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            alone = False
        else:
            _done(future, name)
    return alone


def _alter(admin: AdminClient, changes: Configs) -> None:
    if not changes:
        return
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in changed.items()
            ],
        )
        for name, changed in changes.items()
    ]
    for resource, future in admin.incremental_alter_configs(resources, request_timeout=REQUEST_TIMEOUT_S).items():
        _done(future, resource.name)


def _done(future: Future[T], topic: str) -> T:
    try:
        return future.result()
    except KafkaException as error:
        raise ProvisionError(f"Kafka refused topic {topic}: {error.args[0].str()}") from error


def _outcome(plan: TopicPlan, changed: Mapping[str, str] | None) -> TopicOutcome:
    action: TopicChange = "created" if changed is None else "updated" if changed else "unchanged"
    return TopicOutcome(plan.name, action, plan.partitions, tuple(f"{k}={v}" for k, v in (changed or {}).items()))
