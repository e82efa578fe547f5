"""What `quality analyze` does, apart from its options and its output."""

from pathlib import Path

from master_orchestrator.quality.errors import QualityFileError
from master_orchestrator.quality.files import read_claims, read_production
from master_orchestrator.quality.report import QualityReport
from master_orchestrator_agents.quality.analysis import analyse
from master_orchestrator_agents.quality.records import LotKey


def analyse_files(
    production: Path, claims: Path, *, day_first: bool | None = None, until: int | None = None
) -> QualityReport:
    """Read both files and judge. ``until``: the last day the claims cover; by default that of the last report.

    Raises :class:`QualityFileError`.
    """
    batches = read_production(production, day_first=day_first)
    built: dict[LotKey, int] = {}
    units: dict[LotKey, int] = {}
    for batch in batches:
        built[batch.key] = min(batch.built_day, built.get(batch.key, batch.built_day))
        units[batch.key] = units.get(batch.key, 0) + batch.units
    used, aside = read_claims(claims, built, day_first=day_first, until=until)
    if not used:
        raise QualityFileError(claims, f"has no claim that can be used: {dict(aside.counts) or 'no rows'}")
    last_day = until if until is not None else max(claim.reported_day for claim in used)
    report = QualityReport(analyse(batches, used, last_day), aside)
    for key, counts in report.analysis.counts.items():
        if counts.total > units[key]:
            raise QualityFileError(
                production,
                f"lot {key.lot} of {key.component} has {units[key]} units, but claims of {counts.total} vehicles: "
                "correct its units",
                column="units",
            )
    return report
