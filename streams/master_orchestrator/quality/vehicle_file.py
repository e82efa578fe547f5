"""Which vehicles a campaign concerns: a CSV of vehicles, and the lots or models that are meant."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from master_orchestrator.quality.errors import QualityFileError
from master_orchestrator.quality.files import read_production
from master_orchestrator.quality.table_file import TableFile
from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN


@dataclass(frozen=True)
class Concerned:
    """Which rows are meant; empty: all. ``component``: of the lots, where two components have lots of one name."""

    lots: Collection[str] = ()
    models: Collection[str] = ()
    component: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that the file needs."""
        asked = {"lot": self.lots, "model": self.models, "component": self.component}
        return ["vehicle_id", *(name for name, wanted in asked.items() if wanted)]

    def takes(self, row: dict[str, str]) -> bool:
        """Whether a row is meant."""
        return (
            (not self.lots or row["lot"] in self.lots)
            and (not self.models or row["model"] in self.models)
            and (self.component is None or row["component"] == self.component)
        )


def read_vehicles(path: Path, concerned: Concerned) -> list[str]:
    """The ids of the vehicles that are meant, each once, in the file's order. Raises :class:`QualityFileError`."""
    vehicles: dict[str, None] = {}
    for line, cells in TableFile(path, concerned.columns):
        row = dict(zip(concerned.columns, cells, strict=True))
        if not concerned.takes(row):
            continue
        vehicle = row["vehicle_id"]
        if re.fullmatch(VEHICLE_ID_PATTERN, vehicle) is None:
            problem = (
                f"{vehicle!r} is not a vehicle's id: write the gateway's pseudonym, 1 to 64 of A-Z a-z 0-9 . _ : -"
            )
            raise QualityFileError(path, problem, line, "vehicle_id")
        vehicles[vehicle] = None
    return list(vehicles)


def units_built(path: Path, concerned: Concerned) -> int:
    """How many units a production file has of what is meant. Raises :class:`QualityFileError`."""
    return sum(
        batch.units
        for batch in read_production(path)
        if concerned.takes({"lot": batch.key.lot, "model": batch.model, "component": batch.key.component})
    )
