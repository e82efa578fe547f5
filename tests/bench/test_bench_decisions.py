"""The fleets with known faults: the same seed gives the same readings, and the judge tells right from wrong."""

import math
from itertools import islice

import pytest
from bench_suite.decisions.calibration import (
    CalibrationCase,
    brier,
    claims_of_analysis,
    claims_reported,
    fitted,
    fitted_line,
)
from bench_suite.decisions.command import decide
from bench_suite.decisions.drifts import DriftingVehicle, forecast
from bench_suite.decisions.fleets import PlannedVehicle, plans, readings
from bench_suite.decisions.verdicts import Score

from master_orchestrator.core.triage import compile_rules
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.vocabulary import Priority

EVERY_S = 900.0


def chosen(*names: str) -> list[PlannedVehicle]:
    return [plan for plan in plans(1, rates_s=(EVERY_S,)) if plan.kind.name in names]


def test_the_same_seed_gives_the_same_readings() -> None:
    first, again, other = (list(islice(readings(next(plans(seed))), 200)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_fault_is_found_and_a_healthy_vehicle_left_alone() -> None:
    broken, healthy = decide(chosen("brake fluid", "healthy"))

    assert (True, True, Priority.URGENT, ()) == (broken.seen, broken.is_right, broken.priority, broken.untold)
    assert (None, (), 0) == (healthy.priority, healthy.rules, healthy.open_workflows)
    figures = Score.of([broken, healthy]).figures
    assert ((1, 1), (0, 1)) == (figures["safety faults right at the end"], figures["healthy alarmed"])


def test_a_fault_that_nobody_sees_is_a_miss() -> None:
    (pads,) = decide(chosen("pads worn"))
    (healthy,) = chosen("healthy")
    (unseen,) = decide([PlannedVehicle(healthy.vehicle_id, pads.plan.kind, EVERY_S, healthy.seed, 1, onset=9)])

    assert (True, False, False) == (unseen.is_promised, unseen.kept, unseen.is_right)
    assert (1, 2) == Score.of([pads, unseen]).figures["kept by DATA_ANALYSIS"]


def test_worn_pads_are_foretold_and_a_healthy_vehicle_has_no_forecast() -> None:
    rules = compile_rules(load_topology().triage)
    result = forecast(rules, DriftingVehicle(1, 60.0, "brake_pad_wear_fl_pct"))

    assert result.ahead is not None
    assert result.off is not None
    assert result.ahead > 10
    assert abs(result.off) < 0.2
    assert [] == DriftingVehicle(1, 60.0).findings(rules, 60)


def test_weights_are_fitted_where_the_evidence_is_nearly_enough() -> None:
    """Nearly all that lasts is true and nearly all that does not is not: a whole step of Newton's leads astray."""
    given = {"rule_fired": 8.0, "held": 8.0, "within_noise": -5.0}
    cases = [CalibrationCase({"rule_fired": 1.0, "held": held}, held > 0.5) for held in (0.0, 0.1, 0.9, 1.0) * 40]
    cases += [CalibrationCase({"rule_fired": 1.0, "held": 1.0}, is_true=False)] * 2
    weights = fitted(cases, given)

    assert given["within_noise"] == weights["within_noise"]
    assert brier(claims_of_analysis(cases, weights)) < brier(claims_of_analysis(cases, given)) / 2
    assert max(map(abs, weights.values())) < 20


def test_what_is_reported_is_as_often_right_as_it_says() -> None:
    """Of findings weighed at 0.9 eight in ten are true, at 0.99 all but one in fifty."""
    weights = {"held": 1.0}
    cases = [CalibrationCase({"held": math.log(0.9 / 0.1)}, number % 10 < 8) for number in range(200)]
    cases += [CalibrationCase({"held": math.log(0.99 / 0.01)}, number % 50 > 0) for number in range(200)]
    line = fitted_line(cases, weights)
    claims = claims_reported(cases, weights, line)

    assert [0.8, 0.98] == pytest.approx(sorted({claim.probability for claim in claims}), abs=0.01)
    assert brier(claims) < brier(claims_of_analysis(cases, weights))
