"""What a foreign file's columns mean: a small model, the built-in maps, and a user's own map file (YAML)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator_schemas.plain_yaml import MOST_CHARACTERS, YamlError, read_yaml


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ColumnRule(_Part):
    """One column: the field it goes to, and ``value * scale + offset`` to come to its unit. Bare text: the field."""

    field: Annotated[str, Field(min_length=1)]
    scale: float = 1.0
    offset: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"field": value} if isinstance(value, str) else value


class TimeRule(_Part):
    """Where a reading's time comes from.

    Args:
        kind: ``column``: ISO 8601, or seconds or milliseconds since 1970; ``time_of_day``: HH:MM:SS in ``column``, the
            date from the file's name or ``--start``; ``rows``: ``rate_hz`` rows a second from ``--start``.
        column: the source column; not for ``rows``.
        group_by: for ``rows``: a new value in this column is a new drive, ``pause_s`` after the last one.
    """

    kind: Literal["column", "time_of_day", "rows"] = "column"
    column: str | None = None
    rate_hz: Annotated[float, Field(gt=0)] = 1.0
    group_by: str | None = None
    pause_s: Annotated[float, Field(ge=0)] = 3_600.0

    @model_validator(mode="after")
    def _has_its_column(self) -> "TimeRule":
        if self.kind != "rows" and self.column is None:
            raise ValueError(f"kind {self.kind} needs the name of its column")
        return self


class ColumnMap(_Part):
    """A whole map; the map file has the same keys.

    Args:
        columns: column -> field (or :class:`ColumnRule`); a column that is not named here goes by its own name.
        ts: the time's source; None: a ``timestamp`` or ``ts_ms`` among the fields.
        vehicle_id: for all rows, unless ``--vehicle-id`` says otherwise; None: a ``vehicle_id`` among the fields.
        constants: field -> value, for all rows.
        ignore: columns that are left out.
        strip_units: ``RPM [1/min]`` is looked up as ``RPM``.
    """

    columns: Mapping[str, ColumnRule] = Field(default_factory=dict)
    ts: TimeRule | None = None
    vehicle_id: str | None = None
    constants: Mapping[str, str | float | bool] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    strip_units: bool = False

    def name_of(self, column: str) -> str:
        """The column's name as this map knows it."""
        return column.split(" [", 1)[0] if self.strip_units else column

    def missing(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The columns that this map names and the file lacks."""
        present = {self.name_of(column) for column in columns}
        wanted = set(self.columns)
        if self.ts is not None:
            wanted |= {name for name in (self.ts.column, self.ts.group_by) if name}
        return tuple(sorted(wanted - present))


def load_map(path: Path) -> ColumnMap:
    """Read a map file. Raises :class:`ColumnMapError` naming the key."""
    try:
        with path.open(encoding="utf-8") as stream:
            content, _ = read_yaml(stream.read(MOST_CHARACTERS + 1))
        return ColumnMap.model_validate(content or {})
    except OSError as error:
        raise ColumnMapError(f"column map {path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise ColumnMapError(f"column map {path} is not UTF-8") from error
    except YamlError as error:
        at = "" if error.line is None else f":{error.line}"
        key = f" {'.'.join(error.path)}" if error.path else ""
        raise ColumnMapError(f"column map {path}{at}:{key} {error.problem}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the map"
        raise ColumnMapError(f"column map {path}: {key}: {first['msg']}") from error
