"""The agent's own repairs as claims: a lot is what was built of a model in a month. Pure."""

from collections.abc import Mapping
from datetime import date

from master_orchestrator_agents.quality.analysis import QualityAnalysis, analyse
from master_orchestrator_agents.quality.eight_d import Concern
from master_orchestrator_agents.quality.records import Batch, LotKey, WarrantyClaim

DAY_MS = 86_400_000
EPOCH_DAY = date(1970, 1, 1).toordinal()


def day_of(at_ms: int) -> int:
    """The ordinal of the day, UTC."""
    return EPOCH_DAY + at_ms // DAY_MS


def built_day(month: str) -> int:
    """The ordinal of the first day of ``YYYY-MM``."""
    return date.fromisoformat(f"{month}-01").toordinal()


def judge(
    component: str, model: str, repairs: Mapping[tuple[str, int], int], volumes: Mapping[str, int], until: int
) -> QualityAnalysis:
    """All build months of a model, by the repairs of a component known until the day ``until``.

    ``repairs``: vehicles by build month and day of their first repair; ``volumes``: vehicles built by month. The
    register does not say when a vehicle was sold: it is in service from the first day of its build month on.
    """
    batches = [
        Batch(LotKey(component, month), "", "", model, built_day(month), units)
        for month, units in volumes.items()
        if units > 0
    ]
    known = {batch.key.lot for batch in batches}
    claims = []
    for (month, day), count in repairs.items():
        if month in known:
            start = built_day(month)
            failed = min(max(start, day), max(start, until))
            claims.append(WarrantyClaim(LotKey(component, month), start, failed, failed, count))
    return analyse(batches, claims, until)


def concern_of(analysis: QualityAnalysis, key: LotKey) -> Concern:
    """What an action about this build month is about."""
    point = analysis.point(key)
    return Concern(
        component=key.component,
        lots=[f"{batch.model} of {key.lot}" for batch in analysis.lots[key]],
        suppliers=(),
        plants=(),
        first_month=key.lot,
        last_month=key.lot,
        units=sum(batch.units for batch in analysis.lots[key]),
        claims=point.claims,
        expected=point.expected,
    )
