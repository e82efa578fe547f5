"""What is learnt from repairs: precision, satisfaction, and priors that follow."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from support.core_vehicle import CoreVehicle

from master_orchestrator.core.lessons import Lesson, rule_group
from master_orchestrator.core.policy import Policy
from master_orchestrator.learning.confirmed import confirmed_causes
from master_orchestrator.learning.precision import of_likeliest_cause, of_rules, precision
from master_orchestrator.learning.proportion import Proportion, by_month
from master_orchestrator.learning.satisfaction import DAY_MS, repeats, satisfaction
from master_orchestrator.readers.lessons import lessons_of
from master_orchestrator.shell.counting import EngineCounts
from master_orchestrator_agents.reference.diagnosis import load_knowledge
from master_orchestrator_agents.reference.diagnosis.priors import (
    MAX_FACTOR,
    PriorStore,
    out_of_bounds,
    proposed,
    with_priors,
)
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.results import FeedbackResult
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import AgentType, Answer, FindingLabel

JUNE_1 = 1_780_272_000_000
CAUSES = sorted(cause.component for cause in load_knowledge().causes)


def lesson(day: float, *, vehicle: str = "v-1", number: int = 0, **result: Any) -> Lesson:
    at_ms = JUNE_1 + int(day * DAY_MS)
    return Lesson(f"{vehicle}~{number}", vehicle, at_ms, FeedbackResult.model_validate(result))


def fired(label: str, rule: str = "coolant_hot") -> dict[str, Any]:
    return {"labels": [{"rule": rule, "label": label}], "cause_labels": [{"cause": "water_pump", "label": label}]}


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_share_and_narrows_with_more(total: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, total))
    low, high = Proportion(hits, total).interval
    lower, higher = Proportion(10 * hits, 10 * total).interval

    assert 0 <= low <= hits / total <= high <= 1
    assert higher - lower < high - low


def test_wilson_as_it_is_published() -> None:
    low, high = Proportion(8, 10).interval

    assert (0.490, 0.943) == (round(low, 3), round(high, 3))
    assert (0.0, 1.0) == Proportion(0, 0).interval


@given(st.lists(st.tuples(st.floats(0, 700), st.booleans()), max_size=40))
def test_the_months_add_up_to_the_whole(events: list[tuple[float, bool]]) -> None:
    months = by_month((JUNE_1 + int(day * DAY_MS), hit) for day, hit in events)

    assert len(events) == sum(share.total for share in months.values())
    assert sum(hit for _, hit in events) == sum(share.hits for share in months.values())
    assert sorted(months) == list(months)


@given(st.lists(st.sampled_from(FindingLabel), min_size=1, max_size=60))
def test_the_precision_is_the_share_of_confirmed_labels(labels: list[FindingLabel]) -> None:
    lessons = [lesson(day, **fired(label)) for day, label in enumerate(labels)]

    for labelled, name in ((of_rules, "coolant_hot"), (of_likeliest_cause, "water_pump")):
        (row,) = precision(lessons, labelled)
        assert (name, labels.count(FindingLabel.CONFIRMED), len(labels)) == (
            row.name,
            row.confirmed.hits,
            row.confirmed.total,
        )


@pytest.mark.parametrize(("true", "false", "below"), [(2, 18, True), (8, 12, False), (0, 10, False), (19, 1, False)])
def test_a_rule_is_below_the_floor_once_that_is_known(true: int, false: int, *, below: bool) -> None:
    labels = [FindingLabel.CONFIRMED] * true + [FindingLabel.FALSE] * false
    (row,) = precision([lesson(day, **fired(label)) for day, label in enumerate(labels)], of_rules)

    assert below == row.is_below(0.5, min_labels=20)


def test_owners_ratings_are_summed_up() -> None:
    lessons = [
        lesson(0, vehicle="a", csat=5, nps=10, fixed_right_first_time=True),
        lesson(1, vehicle="b", csat=1, nps=0, fixed_right_first_time=False),
        lesson(2, vehicle="c", csat=4, nps=9, fixed_right_first_time=True),
        lesson(3, vehicle="d"),
    ]
    owners = satisfaction(lessons)

    assert (4, 3, Proportion(2, 3), Proportion(2, 3)) == (owners.repairs, owners.rated, owners.csat, owners.fixed)
    assert 33.3 == round(owners.nps or 0, 1)
    assert satisfaction([]).nps is None


@pytest.mark.parametrize(
    ("days", "component", "repeated"), [(29, "water_pump", 1), (31, "water_pump", 0), (5, "hose", 0)]
)
def test_a_repeat_within_30_days_counts_against_the_first_repair(days: int, component: str, repeated: int) -> None:
    first = lesson(0, components=["water_pump"], csat=5, fixed_right_first_time=True)
    second = lesson(days, number=1, components=[component])

    assert {first.workflow_id} if repeated else set() == repeats([second, first])
    assert Proportion(1 - repeated, 1) == satisfaction([first, second]).fixed


def test_another_vehicle_is_no_repeat() -> None:
    assert set() == repeats([lesson(0, components=["hose"]), lesson(1, vehicle="v-2", components=["hose"])])


def test_a_thermostat_counts_for_the_cause_that_was_named() -> None:
    named: dict[str, Any] = {"cause_labels": [{"cause": "thermostat_stuck_open", "label": "CONFIRMED"}]}
    counts = confirmed_causes([lesson(0, components=["thermostat"], **named), lesson(1, components=["thermostat"])])

    assert {"thermostat_stuck_open": 1.5, "thermostat_stuck_closed": 0.5} == counts


@given(st.dictionaries(st.sampled_from(CAUSES), st.integers(0, 10_000)))
def test_priors_follow_within_bounds(confirmed: dict[str, float]) -> None:
    knowledge = load_knowledge()
    priors = proposed(knowledge, confirmed)

    assert [] == out_of_bounds(knowledge, priors)
    for cause in knowledge.causes:
        assert cause.prior / MAX_FACTOR - 1e-4 <= priors[cause.component] <= cause.prior * MAX_FACTOR + 1e-4
    assert priors == {cause.component: cause.prior for cause in with_priors(knowledge, priors).causes}


def test_without_repairs_nothing_changes_and_a_frequent_cause_rises() -> None:
    knowledge = load_knowledge()
    before = {cause.component: cause.prior for cause in knowledge.causes}
    after = proposed(knowledge, {"radiator_clogged": 20})

    assert before == proposed(knowledge, {})
    assert before["radiator_clogged"] < after["radiator_clogged"]
    assert before["water_pump"] > after["water_pump"]
    assert before["alternator"] == after["alternator"]


@pytest.mark.parametrize("wrong", [{"flux_capacitor": 0.1}, {"water_pump": 0.9}, {"water_pump": float("nan")}])
def test_what_is_out_of_bounds_is_named(wrong: dict[str, float]) -> None:
    assert list(wrong) == out_of_bounds(load_knowledge(), wrong)


def test_a_version_is_accepted_once(tmp_path: Path) -> None:
    store = PriorStore(tmp_path / "priors.sqlite3")
    try:
        assert 1 == store.accept({"water_pump": 0.3}, 0, repairs=9, by="ada", reason="seen", at_ms=1)
        with pytest.raises(ValueError, match="version 1 is in force"):
            store.accept({"water_pump": 0.4}, 0, repairs=9, by="ada", reason="again", at_ms=2)
        assert (1, {"water_pump": 0.3}) == store.newest()
    finally:
        store.close()


def test_labels_and_ratings_are_counted_with_bounded_names(topology: Topology) -> None:
    metrics = Metrics()
    counts = EngineCounts(metrics)
    counts.expect(topology)
    for number, rule in enumerate(["coolant_hot", "dtc:P0301", "dtc:P0420", "coolant_hot_trending", "made up"]):
        taught = lesson(number, csat=1, nps=9, unmapped=True, fixed_right_first_time=False, **fired("FALSE", rule))
        counts._learning.take(taught)
    text = generate_latest(metrics.registry).decode()

    for rule, count in {"coolant_hot": 1, "dtc": 2, "coolant_hot_trending": 1, "other": 1}.items():
        assert f'rule_labels_total{{label="FALSE",rule="{rule}"}} {count}.0' in text
    assert 'cause_labels_total{cause="water_pump",label="FALSE"} 5.0' in text
    assert 'owner_ratings_total{csat="1"} 5.0' in text
    assert 'owner_recommendations_total{attitude="promoter"} 5.0' in text
    assert 'fixed_first_time_total{fixed="no"} 5.0' in text
    assert "unmapped_repairs_total 5.0" in text


@given(st.text(max_size=30))
def test_a_rule_is_counted_under_one_of_few_names(rule: str) -> None:
    assert rule_group(rule, frozenset({"coolant_hot"})) in {"coolant_hot", "coolant_hot_trending", "dtc", "other"}


def test_the_result_is_read_from_its_audit_record() -> None:
    wire = FeedbackResult.model_validate(fired("CONFIRMED") | {"components": ["water_pump"]}).to_wire()
    result = FeedbackResult.from_wire(json.loads(json.dumps(wire)))

    assert ("water_pump",) == result.components
    assert [FindingLabel.CONFIRMED] == [label.label for label in result.cause_labels]


def test_a_rating_that_comes_later_is_that_of_its_repair(topology: Topology) -> None:
    vehicle = CoreVehicle(Policy.from_topology(topology))
    vehicle.reading(check_requested=True)
    for _ in range(4):
        vehicle.reply()
    vehicle.reply({"components": ["hose"]}, next(c for c in vehicle.commands if c.agent is AgentType.FEEDBACK))
    (silent,) = lessons_of(vehicle.audit)
    vehicle.answer(Answer.RATED, csat=1, nps=0, fixed_right_first_time=False, comment="nearly crashed")
    (taught,) = lessons_of(vehicle.audit)

    assert silent.result.csat is None
    said = taught.result
    assert (1, 0, False, "nearly crashed") == (said.csat, said.nps, said.fixed_right_first_time, said.text)
    assert ("hose",) == said.components
