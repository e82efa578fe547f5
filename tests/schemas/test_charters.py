"""The sections ``resources``, ``charters`` and ``ueba`` of topology.yaml: what is read, and what a mistake says."""

import re

import pytest

from master_orchestrator_schemas.topology import Topology, TopologyError, parse_topology
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.vocabulary import Action, AgentType

SHIPPED = default_path().read_text(encoding="utf-8")
TEXT = re.sub(r"^charters:.*?(?=^triage:)", "", SHIPPED, flags=re.MULTILINE | re.DOTALL)
CHARTERS = """
charters:
  SCHEDULING:
    - {may: read, of: center_capacity, rows: 500}
    - {may: [write, delete], of: appointment, scope: own_vehicle, per_command: 4}
  "operator:*":
    - {may: admin, of: workflow, per_hour: 200}
  "operator:ada":
    - {may: read, of: audit_log}
ueba: {enforce: deny, observed: [SCHEDULING], respond: throttle}
"""


def parsed(charters: str) -> Topology:
    return parse_topology(TEXT + charters, source="mine.yaml")


def test_lines_are_read_with_one_or_more_actions_and_resources() -> None:
    first, second = parsed(CHARTERS).charters["SCHEDULING"]
    assert ((Action.READ, "center_capacity"),) == first.pairs
    assert ((Action.WRITE, "appointment"), (Action.DELETE, "appointment")) == second.pairs
    assert ("any", 500, None) == (first.scope, first.rows, first.per_command)
    assert ("own_vehicle", None, 4) == (second.scope, second.rows, second.per_command)


def test_an_actor_has_its_own_charter_or_that_of_its_kind_or_none() -> None:
    topology = parsed(CHARTERS)
    assert topology.charters["SCHEDULING"] == topology.charter_of("agent:SCHEDULING")
    assert topology.charters["operator:ada"] == topology.charter_of("operator:ada")
    assert topology.charters["operator:*"] == topology.charter_of("operator:bob")
    assert topology.charter_of("agent:DIAGNOSIS") is None
    assert topology.charter_of("client:portal") is None


def test_without_the_sections_breaches_are_denied_and_answered() -> None:
    topology = parsed("")
    assert ({}, "deny", (), "block") == (
        dict(topology.charters),
        topology.ueba.enforce,
        topology.ueba.observed,
        topology.ueba.respond,
    )


def test_every_agent_that_comes_along_has_a_charter() -> None:
    topology = parse_topology(SHIPPED)
    assert set(AgentType) <= topology.charters.keys()
    assert ("deny", "block") == (topology.ueba.enforce, topology.ueba.respond)


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ("of: center_capacity", "of: center_capacities", "charters.SCHEDULING.0.of", "write center_capacity$"),
        ("of: center_capacity", "of: x", "charters.SCHEDULING.0.of", "add it there, or write one of agent_control, "),
        ("of: center_capacity", "of: []", "charters.SCHEDULING.0.of", "has 0 entries; write 1 at least"),
        ("of: center_capacity", "of: [center_capacity, 7]", "charters.SCHEDULING.0.of.1", "is 7; write a text"),
        ("may: read", "may: reed", "charters.SCHEDULING.0.may", "'reed' is not an action; write one of read, write"),
        ("may: read", "may: []", "charters.SCHEDULING.0.may", "not an action or a list"),
        ("may: read", "may: [[read]]", "charters.SCHEDULING.0.may", "is not an action"),
        ("rows: 500", "rows: 0", "charters.SCHEDULING.0.rows", "greater than or equal to 1"),
        ("rows: 500", "row: 500", "charters.SCHEDULING.0.row", "unknown key; write rows"),
        ("per_command: 4", "per_command: 0", "charters.SCHEDULING.1.per_command", "greater than or equal to 1"),
        ("rows: 500", "whatever: 500", "charters.SCHEDULING.0.whatever", "known are may, of, scope, rows"),
        ("[SCHEDULING]", "SCHEDULING", "ueba.observed", "is 'SCHEDULING'; write a list"),
        ("scope: own_vehicle", "scope: mine", "charters.SCHEDULING.1.scope", "'own_vehicle' or 'any'"),
        ("SCHEDULING:", "SCHEDULINGS:", "charters.SCHEDULINGS", "is not an actor; write SCHEDULING$"),
        ("SCHEDULING:", "robot:", "charters.robot", "write an agent type"),
        ('"operator:*":', '"operator:":', "charters.operator:", "is not an actor"),
        (
            "[write, delete], of: appointment",
            "[write, read], of: [appointment, center_capacity]",
            "charters.SCHEDULING.1",
            "read of center_capacity is allowed by its entry 0 already, which hides this one",
        ),
        ("[write, delete]", "[write, write]", "charters.SCHEDULING.1", "twice in this line"),
        ("per_hour: 200", "per_command: 2", "charters.operator:*.0.per_command", "write per_hour"),
        (
            "rows: 500",
            "per_hour: 9",
            "charters.SCHEDULING.0.per_hour",
            "counted by the hour; remove it, or of an agent write per_command",
        ),
        ("per_hour: 200", "scope: own_vehicle", "charters.operator:*.0.scope", "remove it"),
        ("observed: [SCHEDULING]", "observed: [SCHEDULINGS]", "ueba.observed.0", "should be 'DATA_ANALYSIS'"),
        ("enforce: deny", "enforce: allow", "ueba.enforce", "'deny' or 'observe'"),
    ],
)
def test_a_mistake_names_its_line_and_key_and_what_to_write(old: str, new: str, key: str, problem: str) -> None:
    assert old in CHARTERS
    with pytest.raises(TopologyError, match=problem) as error:
        parsed(CHARTERS.replace(old, new, 1))

    assert key == error.value.key
    text = TEXT + CHARTERS
    assert text[: text.index(old, len(TEXT))].count("\n") + 1 == error.value.line
