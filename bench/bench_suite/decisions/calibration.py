"""How sure the agents are, compared with how often they are right; and what is fitted to it: the weights of evidence,
and the line from a confidence to what is reported of it.

The fit is a logistic regression by Newton's method: each weight is drawn to the one that stands (a normal prior, one
log-odd wide), so that what the sets say nothing of stays as it is. Only what speaks for a finding is fitted, and no
weight loses its meaning. What speaks against one stays as it is: the sets have too few of these, and a fault
that went away would be confirmed because most findings are true.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bench_suite.decisions.fleets import PlannedVehicle
from bench_suite.decisions.virtual_system import VehicleHistory
from master_orchestrator_agents.reference.codes import CodeTable
from master_orchestrator_agents.reference.data_analysis.evidence import evidence_for, reported
from master_orchestrator_agents.reference.data_analysis.plausibility import implausible
from master_orchestrator_schemas.results import DiagnosisResult
from master_orchestrator_schemas.tasks import DataAnalysisTask
from master_orchestrator_schemas.vocabulary import AgentType

AGAINST = frozenset({"gets_better", "recovered", "weather", "within_noise"})
"""Kinds of evidence whose weights are not fitted."""
LEAST = 0.1
"""The smallest weight of what speaks for a finding."""
BINS = 10
PRIOR_WIDTH = 1.0
MAX_STEPS = 50
ENOUGH = 1e-6

Amounts = Mapping[str, float]
"""Kind of evidence -> how much of it there is."""


class CalibrationCase(NamedTuple):
    """One finding that DATA_ANALYSIS was asked about, with the evidence, and whether the vehicle has that fault."""

    amounts: Amounts
    is_true: bool


class Claim(NamedTuple):
    """A probability that an agent gave, and whether it was so."""

    probability: float
    is_true: bool


class Bin(NamedTuple):
    """The claims of a tenth of the scale: how many, what they said on average, and how often they were right."""

    claims: int
    claimed: float
    right: float


def cases(plan: PlannedVehicle, history: VehicleHistory, codes: CodeTable) -> Iterable[CalibrationCase]:
    """The findings of one vehicle that DATA_ANALYSIS was asked to weigh."""
    for command, _ in history.exchanges(AgentType.DATA_ANALYSIS):
        task = DataAnalysisTask.model_validate(command.payload)
        signals = {summary.signal: summary for summary in task.signals}
        for finding in task.findings:
            if implausible(finding, signals) is None:
                pieces = evidence_for(finding, signals, task.dtcs, codes)
                yield CalibrationCase(
                    {piece.kind: piece.amount for piece in pieces}, finding.subsystem in plan.kind.subsystems
                )


def claims_of_analysis(all_cases: Iterable[CalibrationCase], weights: Amounts) -> list[Claim]:
    """What DATA_ANALYSIS says with these weights."""
    return [Claim(_probability(case.amounts, weights), case.is_true) for case in all_cases]


def claims_reported(all_cases: Iterable[CalibrationCase], weights: Amounts, line: Amounts) -> list[Claim]:
    """What DATA_ANALYSIS reports with these weights and this line (``evidence.reported``)."""
    return [Claim(reported(said, line), is_true) for said, is_true in claims_of_analysis(all_cases, weights)]


def fitted_line(all_cases: Iterable[CalibrationCase], weights: Amounts) -> dict[str, float]:
    """Platt's scaling: the straight line from the weighed log-odds of the cases to those of their truth."""
    weighed = [(sum(weights[kind] * amount for kind, amount in case.amounts.items()), case) for case in all_cases]
    turned = [CalibrationCase({"slope": log_odds, "offset": 1.0}, case.is_true) for log_odds, case in weighed]
    return _best(turned, {"slope": 1.0, "offset": 0.0}, {})


def claims_of_diagnosis(plan: PlannedVehicle, history: VehicleHistory) -> Iterable[Claim]:
    """What DIAGNOSIS has said: that the leading subsystem has a fault."""
    for _, reply in history.exchanges(AgentType.DIAGNOSIS):
        result = DiagnosisResult.from_wire(reply.result or {})
        if result.causes:
            own = result.causes[0].subsystem in plan.kind.subsystems
            yield Claim(result.probability, own)


def brier(claims: Sequence[Claim]) -> float:
    """The mean square of what was said minus what was so: 0 is perfect, 0.25 is what always saying 0.5 gets."""
    return sum((claim.probability - claim.is_true) ** 2 for claim in claims) / len(claims)


def bins(claims: Sequence[Claim]) -> list[Bin | None]:
    """The claims by tenths of the scale; None: there are none."""
    table: list[list[Claim]] = [[] for _ in range(BINS)]
    for claim in claims:
        table[min(int(claim.probability * BINS), BINS - 1)].append(claim)
    return [_bin(own) if own else None for own in table]


def _bin(own: Sequence[Claim]) -> Bin:
    count = len(own)
    return Bin(count, sum(claim.probability for claim in own) / count, sum(claim.is_true for claim in own) / count)


def fitted(all_cases: Sequence[CalibrationCase], weights: Amounts) -> dict[str, float]:
    """The weights under which the cases are likeliest, drawn to the weights given."""
    fixed = {kind: weight for kind, weight in weights.items() if kind in AGAINST}
    free = {kind: weight for kind, weight in weights.items() if kind not in AGAINST}
    while True:
        best = _best(all_cases, free, fixed)
        too_small = [kind for kind, weight in best.items() if weight < LEAST]
        if not too_small:
            return {kind: (best | fixed)[kind] for kind in weights}
        fixed |= dict.fromkeys(too_small, LEAST)
        free = {kind: weight for kind, weight in free.items() if kind not in fixed}


class _Rows(NamedTuple):
    """Per case: the amounts of the free kinds, what the fixed kinds make of it (log-odds), and whether it is true."""

    amounts: Sequence[Sequence[float]]
    offsets: Sequence[float]
    are_true: Sequence[bool]


def _best(all_cases: Sequence[CalibrationCase], free: Amounts, fixed: Amounts) -> dict[str, float]:
    """The best weights of the free kinds, whose given weights are where the prior lies."""
    rows = _Rows(
        [[case.amounts.get(kind, 0.0) for kind in free] for case in all_cases],
        [sum(fixed.get(kind, 0.0) * amount for kind, amount in case.amounts.items()) for case in all_cases],
        [case.is_true for case in all_cases],
    )
    start = list(free.values())
    now = list(start)
    for _ in range(MAX_STEPS):
        step = _solved(*_slope_and_curvature(rows, now, start))
        before, now = now, _ahead(rows, now, step, start)
        if max(abs(was - weight) for was, weight in zip(before, now, strict=True)) < ENOUGH:
            break
    return dict(zip(free, now, strict=True))


def _ahead(rows: _Rows, now: list[float], step: Sequence[float], start: Sequence[float]) -> list[float]:
    """A step of Newton's, or as much of it as leads uphill: where the curve is flat the whole step goes too far."""
    height, share = _height(rows, now, start), 1.0
    while share > ENOUGH:
        there = [weight + share * by for weight, by in zip(now, step, strict=True)]
        if _height(rows, there, start) >= height:
            return there
        share /= 2
    return now


def _height(rows: _Rows, now: Sequence[float], start: Sequence[float]) -> float:
    """The logarithm of the posterior density, but for a constant."""
    height = -sum((before - weight) ** 2 for before, weight in zip(start, now, strict=True)) / (2 * PRIOR_WIDTH**2)
    for row, offset, is_true in zip(*rows, strict=True):
        log_odds = offset + sum(weight * amount for weight, amount in zip(now, row, strict=True))
        height -= _softplus(-log_odds if is_true else log_odds)
    return height


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def _slope_and_curvature(
    rows: _Rows, now: Sequence[float], start: Sequence[float]
) -> tuple[list[float], list[list[float]]]:
    """Of the logarithm of the posterior density."""
    size, tightness = len(now), 1 / PRIOR_WIDTH**2
    slope = [tightness * (before - weight) for before, weight in zip(start, now, strict=True)]
    curvature = [[tightness * (i == j) for j in range(size)] for i in range(size)]
    for row, offset, is_true in zip(*rows, strict=True):
        probability = _logistic(offset + sum(weight * amount for weight, amount in zip(now, row, strict=True)))
        there = [index for index in range(size) if row[index]]
        for i in there:
            slope[i] += (is_true - probability) * row[i]
            for j in there:
                curvature[i][j] += probability * (1 - probability) * row[i] * row[j]
    return slope, curvature


def _solved(right: list[float], matrix: list[list[float]]) -> list[float]:
    """``matrix`` x = ``right``; the matrix is positive definite, so that no pivot is needed."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        for j in range(i + 1, size):
            share = rows[j][i] / rows[i][i]
            rows[j] = [below - share * above for below, above in zip(rows[j], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, size))
        solution[i] = (rows[i][size] - known) / rows[i][i]
    return solution


def _probability(amounts: Amounts, weights: Amounts) -> float:
    return _logistic(sum(weights[kind] * amount for kind, amount in amounts.items()))


def _logistic(log_odds: float) -> float:
    return 0.5 * (1 + math.tanh(log_odds / 2))
