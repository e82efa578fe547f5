"""Production and claims as CSV files. A bad cell ends it; a claim that contradicts itself is set aside."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern

from master_orchestrator.quality.dates import DateReader, day_comes_first
from master_orchestrator.quality.errors import QualityFileError
from master_orchestrator.quality.table_file import TableFile
from master_orchestrator_agents.quality.records import Batch, LotKey, WarrantyClaim

PRODUCTION = ("lot", "component", "plant", "supplier", "build_month", "model", "units")
CLAIMS = ("vehicle_id", "component", "lot", "sale_date", "failure_date", "reported_date", "odometer_km")
MAX_UNITS = 100_000_000
DATES = slice(3, 6)
NO_LOT = "their lot and component are not in the production file"
NO_DATE = "a date is missing"
BACKWARDS = "they are not sold, failed and reported in that order"
TOO_EARLY = "they are sold before the lot was built"
TOO_LATE = "they are reported after --until"
REPEATED = "the vehicle has an earlier claim for the same component of the same lot"


@dataclass
class SetAside:
    """Claims that are not used, by the reason: how many, and the line of the first one."""

    counts: Counter[str] = field(default_factory=Counter)
    first_lines: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, line: int) -> None:
        """Set one aside."""
        self.counts[reason] += 1
        self.first_lines.setdefault(reason, line)


def read_production(path: Path, *, day_first: bool | None = None) -> list[Batch]:
    """The batches. Raises :class:`QualityFileError`."""
    rows = list(TableFile(path, PRODUCTION))
    reader = DateReader(day_first=day_first if day_first is not None else day_comes_first(row[4] for _, row in rows))
    batches = [_batch(path, line, row, reader) for line, row in rows]
    if not batches:
        raise QualityFileError(path, "has no rows behind its header: give one line per lot")
    return batches


def _batch(path: Path, line: int, row: Sequence[str], reader: DateReader) -> Batch:
    lot, component, plant, supplier, month, model, units = row
    for column, cell in (("lot", lot), ("component", component)):
        if not cell:
            raise QualityFileError(path, "is empty: every row needs one", line, column)
    try:
        built_day = reader.month(month)
    except ValueError as error:
        raise QualityFileError(path, f"{month!r} {error}", line, "build_month") from None
    if not (units.isascii() and units.isdigit() and 0 < int(units) <= MAX_UNITS):
        raise QualityFileError(path, f"{units!r} is not a whole number from 1 on: write 1200", line, "units")
    return Batch(LotKey(intern(component), intern(lot)), plant, supplier, model, built_day, int(units))


def read_claims(
    path: Path, built: Mapping[LotKey, int], *, day_first: bool | None = None, until: int | None = None
) -> tuple[list[WarrantyClaim], SetAside]:
    """The first claim of each vehicle, component and lot, and what was set aside. Raises :class:`QualityFileError`.

    ``built``: the first day of each lot's (first) build month. ``until``: later reports are set aside.
    """
    rows = [(line, [intern(cell) for cell in row]) for line, row in TableFile(path, CLAIMS)]
    if day_first is None:
        day_first = day_comes_first({cell for _, row in rows for cell in row[DATES]})
    reader, aside = DateReader(day_first=day_first), SetAside()
    firsts: dict[tuple[str, LotKey], tuple[int, WarrantyClaim]] = {}
    for line, row in rows:
        key = LotKey(row[1], row[2])
        days = list(_days(path, line, row[DATES], reader))
        reason = _doubt(key, days, built, until)
        if reason:
            aside.add(reason, line)
            continue
        claim = WarrantyClaim(key, *days)
        earlier = firsts.setdefault((row[0], key), (line, claim))
        if earlier[1] is not claim:
            later = max((earlier, (line, claim)), key=lambda each: each[1].failed_day)
            firsts[row[0], key] = min((earlier, (line, claim)), key=lambda each: each[1].failed_day)
            aside.add(REPEATED, later[0])
    return [claim for _, claim in firsts.values()], aside


def _days(path: Path, line: int, cells: Sequence[str], reader: DateReader) -> Iterator[int]:
    """The dates' ordinals, as far as cells are not empty."""
    for column, cell in zip(CLAIMS[DATES], cells, strict=True):
        try:
            if cell:
                yield reader.day(cell)
        except ValueError as error:
            raise QualityFileError(path, f"{cell!r} {error}", line, column) from None


def _doubt(key: LotKey, days: Sequence[int], built: Mapping[LotKey, int], until: int | None) -> str | None:
    """Why a claim is not used."""
    if key not in built:
        return NO_LOT
    if len(days) < 3:
        return NO_DATE
    sold, failed, reported = days
    if not sold <= failed <= reported:
        return BACKWARDS
    if sold < built[key]:
        return TOO_EARLY
    return TOO_LATE if until is not None and reported > until else None
