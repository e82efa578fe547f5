"""The rights of each role: those of the topology and of the code, and what docs/access.md says."""

import re

import pytest

from master_orchestrator.readers import topics
from master_orchestrator_schemas.access import READERS, ROLES, SENDERS, grants, lines
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.loader import default_path

ROOT = default_path().parent
PAGE = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
CODE = [path for folder in ("streams", "agents") for path in (ROOT / folder).rglob("*.py")]
COMMANDS = "agent.<type>.*"


def named(topology: Topology, role: str, operation: str, kind: str) -> list[str]:
    """What a role may do this to; the command topics as one."""
    names: list[str] = []
    for grant in grants(topology, role):
        if grant.kind != kind or operation not in grant.operations:
            continue
        if grant.prefixed:
            names += [COMMANDS] if kind == "topic" else [f"{name}*" for name in grant.names]
        else:
            names += grant.names
    return list(dict.fromkeys(names))


def row(topology: Topology, role: str) -> str:
    """A role's line in the table of the page."""
    changelogs = {app.changelog_topic for app in topology.apps}
    every = {*topology.topics, *changelogs, *topology.assignor_topics, COMMANDS}

    def cell(operation: str, kind: str = "topic") -> str:
        names = named(topology, role, operation, kind)
        return "all" if every == {*names} else ", ".join(f"`{name}`" for name in names) or "none"

    settings = " and their settings" if cell("DescribeConfigs") == "all" else ""
    cells = [cell("Read"), cell("Write"), cell("Describe") + settings, cell("Read", "group")]
    return f"| {role} | {' | '.join([*cells, cell('Write', 'transactional-id')])} |"


def test_the_table_is_that_of_the_topology(topology: Topology) -> None:
    table = PAGE.split("<!-- roles:")[1].split("<!-- end of roles -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| role")]

    assert [row(topology, role) for role in ROLES] == rows


def test_the_lines_shown_are_among_those_printed(topology: Topology) -> None:
    (block,) = re.findall(r"```sh\n(acl=.*?)```", PAGE, re.DOTALL)

    assert set(block.splitlines()) <= set(lines(topology))


@pytest.mark.parametrize("side", ["producers", "consumers"])
def test_each_name_in_the_topology_is_a_role_with_the_right(topology: Topology, side: str) -> None:
    operation = {"producers": "Write", "consumers": "Read"}[side]
    for topic, terms in topology.topics.items():
        for one in getattr(terms, side):
            for role in SENDERS if one == "senders" else [one]:
                assert topic in named(topology, role, operation, "topic"), (role, topic)


def test_nobody_else_writes_what_the_engine_alone_writes(topology: Topology) -> None:
    for schema in ("AuditRecord", "Status", "Alert", "SenderFeedback"):
        topic = topology.topic_of(schema)
        writers = {role for role in ROLES if topic in named(topology, role, "Write", "topic")}
        assert writers <= {"engine", "administrators"} | ({"ueba"} if schema == "Alert" else set())


def test_every_transactional_id_of_the_code_is_granted(topology: Topology) -> None:
    written = {
        suffix
        for path in CODE
        for suffix in re.findall(r'"transactional\.id": f"\{(?:topology|app)\.app_id\}-(.+?)"', path.read_text())
    }
    given = {
        name.removeprefix(f"{topology.app_id}-")
        for role in ROLES
        for name in named(topology, role, "Write", "transactional-id")
    }

    assert {"{partition}", "dead-letters", "repartition"} == written
    numbers = [str(number) for number in range(topology.partitions)]
    assert {*numbers, *(f"ueba-{number}" for number in numbers), "dead-letters", "repartition"} == given


def test_the_readers_group_is_that_of_the_commands() -> None:
    assert topics.GROUP == READERS


def test_another_system_s_lines_have_its_names(topology: Topology) -> None:
    own = topology.with_prefix("t1-")

    assert any("--topic t1-vehicle.telemetry" in line for line in lines(own))
    assert not any(re.search(r" (vehicle\.telemetry|master-orchestrator-0)\b", line) for line in lines(own))
