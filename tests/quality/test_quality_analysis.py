"""Bad lots and a step that were put in are found, and nothing else; what is only old or small is left alone."""

import dataclasses

import pytest
from bench_suite.quality.factory import Production, make

from master_orchestrator_agents.quality.analysis import QualityAnalysis, analyse
from master_orchestrator_agents.quality.in_service import curve_of
from master_orchestrator_agents.quality.outlook import next_quarter
from master_orchestrator_agents.quality.records import MONTH_DAYS, Batch, LotKey, WarrantyClaim
from master_orchestrator_agents.quality.verdicts import MIN_CLAIMS

FIRST_DAY = 738_000
MONTHS = 18


@pytest.fixture(scope="module")
def analysis(production: Production) -> QualityAnalysis:
    return analyse(production.batches, production.claims, production.until)


def test_what_was_put_in_is_found_and_nothing_else(analysis: QualityAnalysis, production: Production) -> None:
    assert 4 == len(production.bad)
    assert production.bad <= analysis.flagged
    assert analysis.flagged <= production.bad | set(production.step)


def test_a_suppliers_step_is_found_with_its_lots(analysis: QualityAnalysis, production: Production) -> None:
    (step,) = analysis.steps

    assert abs(step.from_day - production.step_day) <= 3 * 31
    assert len(set(step.lots) & set(production.step)) >= 5


def test_claims_that_are_expected_are_those_that_came(analysis: QualityAnalysis) -> None:
    """Over all lots that do not stand out, in every component: what was fitted is what was counted."""
    for chart in analysis.charts.values():
        assert pytest.approx(chart.baseline.claims, rel=0.02) == chart.baseline.expected


def test_without_faults_nothing_stands_out() -> None:
    production = make(100 + 1, faults=False)

    assert set() == analyse(production.batches, production.claims, production.until).flagged


def test_the_order_of_the_files_does_not_matter(analysis: QualityAnalysis, production: Production) -> None:
    backwards = analyse(production.batches[::-1], production.claims[::-1], production.until)

    assert analysis.flagged == backwards.flagged
    assert analysis.steps == backwards.steps


def test_the_next_quarter_is_foretold(production: Production) -> None:
    """What is known three months earlier says how many claims come until now, in most components."""
    before = production.until - round(3 * MONTH_DAYS)
    batches = [batch for batch in production.batches if batch.built_day <= before]
    keys = {batch.key for batch in batches}
    claims = [claim for claim in production.claims if claim.key in keys]
    early = analyse(batches, [claim for claim in claims if claim.reported_day <= before], before)
    inside = []
    for name, chart in early.charts.items():
        came = sum(claim.key.component == name and claim.reported_day > before for claim in claims)
        expectation = next_quarter(early, chart)
        inside.append(expectation.low <= came <= expectation.high)
    assert sum(inside) >= len(inside) - 1


def lots(units: int, supplier: str = "one") -> list[Batch]:
    """A lot a month."""
    return [
        Batch(LotKey("pump", f"{supplier}-{month}"), "plant", supplier, "car", FIRST_DAY + month * 30, units)
        for month in range(MONTHS)
    ]


def claims_of(batch: Batch, count: int) -> list[WarrantyClaim]:
    """A number of claims, one for every ten days of service."""
    sold = batch.built_day + 30
    return [WarrantyClaim(batch.key, sold, sold + days, sold + days + 10) for days in range(10, 10 * count + 10, 10)]


UNTIL = FIRST_DAY + MONTHS * 30 + 400


def test_a_small_lot_needs_enough_claims() -> None:
    batches = [*lots(1_000), Batch(LotKey("pump", "small"), "plant", "one", "car", FIRST_DAY, 50)]
    usual = [claim for batch in batches[:-1] for claim in claims_of(batch, 10)]

    for count, stands_out in ((MIN_CLAIMS - 1, False), (12, True)):
        analysis = analyse(batches, usual + claims_of(batches[-1], count), UNTIL)
        assert ({LotKey("pump", "small")} if stands_out else set()) == analysis.flagged


def test_old_lots_have_more_claims_and_do_not_stand_out_for_it() -> None:
    batches = lots(1_000)
    until = FIRST_DAY + MONTHS * 30
    seen = [claim for batch in batches for claim in claims_of(batch, 40) if claim.reported_day <= until]
    counts = [sum(claim.key == batch.key for claim in seen) for batch in (batches[0], batches[-2])]

    assert counts[0] > 10 * max(1, counts[1])
    assert set() == analyse(batches, seen, until).flagged


def test_a_supplier_that_is_always_worse_has_no_step_and_no_bad_lot() -> None:
    worse = lots(1_000, "worse")
    batches = [*lots(1_000), *worse]
    seen = [claim for batch in batches for claim in claims_of(batch, 18 if batch in worse else 10)]

    analysis = analyse(batches, seen, UNTIL)

    assert (set(), []) == (analysis.flagged, analysis.steps)


def test_one_bad_lot_is_not_a_step() -> None:
    batches = lots(1_000)
    seen = [claim for batch in batches for claim in claims_of(batch, 45 if batch is batches[10] else 10)]

    analysis = analyse(batches, seen, UNTIL)

    assert ({batches[10].key}, []) == (analysis.flagged, analysis.steps)


def test_a_lot_of_several_months_and_models_is_one_lot() -> None:
    batches = lots(1_000)
    halves = [dataclasses.replace(batches[0], units=500), dataclasses.replace(batches[0], units=500, model="van")]
    seen = [claim for batch in batches for claim in claims_of(batch, 10)]

    split = analyse([*halves, *batches[1:]], seen, UNTIL)

    assert MONTHS == len(split.lots)
    assert pytest.approx(analyse(batches, seen, UNTIL).point(batches[0].key).expected, rel=0.05) == (
        split.point(batches[0].key).expected
    )


def test_claims_per_thousand_by_months_in_service() -> None:
    batches = lots(1_000)
    seen = [claim for batch in batches for claim in claims_of(batch, 12)]

    curve = curve_of(analyse(batches, seen, UNTIL), [batch.key for batch in batches]).per_thousand

    assert pytest.approx(12, rel=0.02) == curve[6]


def test_one_lot_has_nothing_to_be_compared_with() -> None:
    (batch, *_) = lots(1_000)

    assert set() == analyse([batch], claims_of(batch, 40), UNTIL).flagged
