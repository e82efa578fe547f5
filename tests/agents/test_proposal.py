"""The lines that are proposed allow what was seen, and little more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_agents import AgentHarness, Charter, Task
from master_orchestrator_agents.handler import Handler
from master_orchestrator_agents.proposal import proposed
from master_orchestrator_schemas.topology import load_topology, parse_topology
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.vocabulary import ActOutcome, AgentType

TOPOLOGY = load_topology()
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "send", "delete", "admin"]),
        st.sampled_from(sorted(TOPOLOGY.resources)),
        st.sampled_from([None, "vehicle-1", "vehicle-2"]),
        st.integers(0, 600),
    ),
    min_size=1,
    max_size=12,
)
Act = tuple[str, str, str | None, int]


def handler_of(acts: list[Act]) -> Handler:
    def handler(task: Task) -> None:
        for action, resource, entity, rows in acts:
            with task.access(action, resource, entity=entity) as access:
                access.rows = rows

    return handler


def with_lines(lines: list[str]) -> Charter:
    """The charter of a topology.yaml in which these lines stand."""
    shipped = default_path().read_text(encoding="utf-8")
    before, _, after = shipped.partition("\n  DIAGNOSIS:\n    - {may: read, of: analysis_report")
    rest = after[after.index("\n  CUSTOMER_ENGAGEMENT:") :]
    text = "\n".join([before, "  DIAGNOSIS:", *(f"    {line}" for line in lines)]) + rest
    return Charter.of_agent(parse_topology(text), AgentType.DIAGNOSIS)


@given(ACTS)
def test_what_was_seen_while_observing_passes_under_the_proposed_lines(acts: list[Act]) -> None:
    observed = Charter.of_agent(TOPOLOGY, AgentType.DIAGNOSIS, enforced=False)
    seen = AgentHarness(handler_of(acts), AgentType.DIAGNOSIS, charter=observed)
    seen.run()

    charter = with_lines(proposed(seen.activity).lines)
    again = AgentHarness(handler_of(acts), AgentType.DIAGNOSIS, charter=charter)
    assert charter.enforced
    assert again.run_raw().failure is None
    assert {None} == {act.denied_by for record in again.activity for act in record.acts}


def test_the_lines_hold_to_the_command_s_vehicle_and_to_twice_what_was_seen() -> None:
    def handler(task: Task) -> None:
        for rows in (3, 7):
            with task.access("read", "dtc_kb", rows=rows):
                pass
        with task.access("write", "diagnosis", entity="vehicle-2"):
            pass
        with task.access("read", "no_such_thing"):
            pass

    observed = Charter.of_agent(TOPOLOGY, AgentType.DIAGNOSIS, enforced=False)
    harness = AgentHarness(handler, AgentType.DIAGNOSIS, charter=observed)
    harness.run()
    assert [
        "- {may: write, of: diagnosis, per_command: 2}",
        "- {may: read, of: dtc_kb, scope: own_vehicle, rows: 14, per_command: 4}",
    ] == proposed(harness.activity).lines
    assert ActOutcome.SUCCESS == harness.activity[-1].outcome


@pytest.mark.parametrize("known_before", [True, False])
def test_what_was_denied_is_told_apart_and_not_proposed(known_before: bool) -> None:
    def handler(task: Task) -> None:
        with task.access("read", "dtc_kb", rows=3):
            pass
        with task.access("read", "dtc_kb", rows=100_000 if known_before else None) as access:
            access.rows = 100_000

    harness = AgentHarness(handler, AgentType.DIAGNOSIS, charter=Charter.of_agent(TOPOLOGY, AgentType.DIAGNOSIS))
    assert harness.run_raw().failure is not None
    proposal = proposed(harness.activity)
    assert ["- {may: read, of: dtc_kb, scope: own_vehicle, rows: 6, per_command: 2}"] == proposal.lines
    assert ["read of dtc_kb, of up to 100,000 rows: 1 denied by the check of rows"] == proposal.denied


def test_for_an_act_that_no_line_allows_none_is_proposed_where_it_was_denied() -> None:
    def handler(task: Task) -> None:
        with task.access("read", "customer_profile", rows=1):
            pass

    harness = AgentHarness(handler, AgentType.DIAGNOSIS, charter=Charter.of_agent(TOPOLOGY, AgentType.DIAGNOSIS))
    harness.run_raw()
    assert (
        [],
        ["read of customer_profile, of up to 1 rows: 1 denied by the check of line"],
    ) == proposed(harness.activity)
