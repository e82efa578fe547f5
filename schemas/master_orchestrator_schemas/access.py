"""The rights that each role needs on Kafka, as ``kafka-acls`` lines: ``python -m master_orchestrator_schemas.access``.

Who writes and reads which topic is the topology's (``producers``, ``consumers``). What the product's own programs also
need stands here, by role. A principal has the name of its role. Writing and reading imply describing.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from master_orchestrator_schemas.topology import Topology, load_topology
from master_orchestrator_schemas.topology.apps import AppNames
from master_orchestrator_schemas.vocabulary import AgentType

READERS = "master-orchestrator-readers"
"""The group of all commands that read topics; they commit nothing."""
SENDERS = ("gateways", "workshops", "messengers", "operators")
"""Those who may read ``sender.feedback``."""
KAFKA = "127.0.0.1:9092"


class Grant(NamedTuple):
    """Operations on resources of a kind (``topic``, ``group``, ``transactional-id``); ``prefixed``: names begin so."""

    operations: tuple[str, ...]
    kind: str
    names: tuple[str, ...]
    prefixed: bool = False

    def options(self) -> str:
        """As options of ``kafka-acls``."""
        operations = [f"--operation {operation}" for operation in self.operations]
        named = [f"--{self.kind} {name}" for name in self.names]
        return " ".join([*operations, *named, *(["--resource-pattern-type prefixed"] if self.prefixed else [])])


def grants(topology: Topology, role: str) -> list[Grant]:
    """The rights of one role; it needs no others."""
    given = [_topics("Read", _of(topology, role, "consumers")), _topics("Write", _of(topology, role, "producers"))]
    return [grant for grant in (*given, *ROLES[role](topology)) if grant.names]


def lines(topology: Topology) -> Iterator[str]:
    """A shell script that allows every role what it needs."""
    yield f'acl="kafka-acls --bootstrap-server {KAFKA} --add --allow-principal"'
    for role in ROLES:
        for grant in grants(topology, role):
            yield f"$acl User:{role} {grant.options()}"


def _of(topology: Topology, role: str, side: str) -> Iterator[str]:
    names = {role, "senders"} if role in SENDERS else {role}
    return (name for name, terms in topology.topics.items() if names & set(getattr(terms, side)))


def _sender(role: str) -> Callable[[Topology], list[Grant]]:
    return lambda _topology: [Grant(("Read",), "group", (f"{role}-",), prefixed=True)]


def _operators(topology: Topology) -> list[Grant]:
    read = [topology.topic_of("AuditRecord"), topology.dead_letter_topic, topology.changelog_topic]
    return [_topics("Read", read), *_every("Describe", topology), _groups("Read", [READERS])]


def _engine(topology: Topology) -> list[Grant]:
    return [_commands("Write", topology), *_app(topology, topology.engine_app)]


def _ueba(topology: Topology) -> list[Grant]:
    return _app(topology, topology.ueba_app)


def _app(topology: Topology, app: AppNames) -> list[Grant]:
    return [
        _topics("Read Write", [app.changelog_topic]),
        *_every("Describe DescribeConfigs", topology),
        _groups("Read", [app.app_id, f"{app.app_id}-restore"]),
        _transactions(f"{app.app_id}-{number}" for number in range(topology.partitions)),
    ]


def _agents(topology: Topology) -> list[Grant]:
    groups = map(topology.agent_group, AgentType)
    return [_commands("Read", topology), *_every("Describe", topology), _groups("Read", groups)]


def _auditors(topology: Topology) -> list[Grant]:
    changelogs = [app.changelog_topic for app in topology.apps]
    replayed = [*topology.input_topics, *topology.ueba_input_topics, topology.topic_of("Status"), *changelogs]
    every = _every("Describe DescribeConfigs", topology)
    return [_topics("Read", replayed), *every, _groups("Read", [READERS])]


def _on_call(topology: Topology) -> list[Grant]:
    return [
        _topics("Read", [topology.topic_of("AuditRecord"), topology.topic_of("Status")]),
        _topics("Write", [topology.dead_letter_topic, *topology.input_topics]),
        _commands("Write", topology),
        *_every("Describe", topology),
        _groups("Read", [READERS]),
        _transactions([f"{topology.app_id}-dead-letters"]),
    ]


def _administrators(topology: Topology) -> list[Grant]:
    moved = [topology.topic_of("AuditRecord"), topology.topic_of("Status"), topology.changelog_topic]
    return [
        *_every("Create Alter AlterConfigs Describe DescribeConfigs", topology),
        _topics("Read", [*topology.input_topics, topology.topic_of("Activity")]),
        _topics("Read Write", moved),
        _groups("Read", [READERS]),
        _groups("Describe", [topology.app_id, *map(topology.agent_group, AgentType)]),
        _transactions([f"{topology.app_id}-repartition"]),
    ]


ROLES: Mapping[str, Callable[[Topology], list[Grant]]] = {
    "gateways": _sender("gateways"),
    "workshops": _sender("workshops"),
    "messengers": _sender("messengers"),
    "operators": _operators,
    "engine": _engine,
    "agents": _agents,
    "ueba": _ueba,
    "auditors": _auditors,
    "on-call": _on_call,
    "administrators": _administrators,
}
"""Role -> what it needs in addition to the topics that the topology says it writes and reads."""


def _topics(operations: str, names: Iterable[str]) -> Grant:
    return Grant(tuple(operations.split()), "topic", tuple(names))


def _commands(operations: str, topology: Topology) -> Grant:
    starts = dict.fromkeys(f"{name.rpartition('.')[0]}." for name in topology.command_topics)
    return Grant(tuple(operations.split()), "topic", tuple(starts), prefixed=True)


def _every(operations: str, topology: Topology) -> tuple[Grant, Grant]:
    changelogs = [app.changelog_topic for app in topology.apps]
    named = (*topology.topics, *changelogs, *sorted(topology.assignor_topics))
    return _topics(operations, named), _commands(operations, topology)


def _groups(operations: str, names: Iterable[str]) -> Grant:
    return Grant(tuple(operations.split()), "group", tuple(names))


def _transactions(names: Iterable[str]) -> Grant:
    return Grant(("Write",), "transactional-id", tuple(names))


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines(load_topology()))
