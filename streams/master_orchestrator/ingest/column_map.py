"""What a foreign file's columns mean: a small model, and a user's own map file (YAML)."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.headings import name_and_unit, words_of
from master_orchestrator.ingest.zones import zone_of
from master_orchestrator_schemas.measures import SECONDS, is_unit
from master_orchestrator_schemas.plain_yaml import MAX_CHARACTERS, YamlError, read_yaml


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ColumnRule(_Part):
    """One column: the field it goes to, and its unit, or ``value * scale + offset`` to come to the field's.

    Bare text is the field; the unit is then the one in the column's name, if there is one.
    """

    field: Annotated[str, Field(min_length=1)]
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"field": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_a_known_unit(self) -> "ColumnRule":
        if self.unit is not None and not is_unit(self.unit):
            raise ValueError(f"unit {self.unit!r} is not known: give scale and offset instead")
        return self

    @property
    def scaled(self) -> bool:
        """Whether the map itself says how to come to the field's unit."""
        return self.scale != 1.0 or self.offset != 0.0


class TimeRule(_Part):
    """Where a reading's time comes from.

    Args:
        kind: ``column``: a date and time in any common form, or a number since 1970; ``time_of_day``: HH:MM:SS in
            ``column``, the date from the file's name or ``--start``; ``elapsed``: time since the start, which the
            file's name, the lines above its header or ``--start`` say; ``excel``: a spreadsheet's day number;
            ``rows``: ``rate_hz`` rows a second from ``--start``.
        column: the source column; not for ``rows``.
        date_column: where the date has a column of its own.
        unit: of a number: s, ms, us, ns (``elapsed``: also min and h).
        zone: of times that name none: an IANA name; else ``--zone``, else UTC.
        zone_column: a column of times that do name a zone: it counts where neither ``zone`` nor ``--zone`` does.
        day_first: whether ``05/08/2026`` is in August.
        start: ``elapsed``: what counts as the start: ``zero``, or the ``first_row``.
        group_by: for ``rows``: a new value in this column is a new drive, ``pause_s`` after the last one.
    """

    kind: Literal["column", "time_of_day", "elapsed", "excel", "rows"] = "column"
    column: str | None = None
    date_column: str | None = None
    unit: str | None = None
    zone: str | None = None
    zone_column: str | None = None
    day_first: bool | None = None
    start: Literal["zero", "first_row"] = "zero"
    rate_hz: Annotated[float, Field(gt=0)] = 1.0
    group_by: str | None = None
    pause_s: Annotated[float, Field(ge=0)] = 3_600.0

    @model_validator(mode="after")
    def _is_whole(self) -> "TimeRule":
        if self.kind != "rows" and self.column is None:
            raise ValueError(f"kind {self.kind} needs the name of its column")
        if self.unit is not None and self.unit not in SECONDS:
            raise ValueError(f"unit {self.unit!r} is not one of time: give s, ms, us or ns")
        if self.zone is not None:
            zone_of(self.zone)
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        read = (self.group_by,) if self.kind == "rows" else (self.column, self.date_column)
        return tuple(name for name in read if name)


class LongRule(_Part):
    """A file with one signal per row: the columns of its name, its value, and maybe its unit.

    Rows of one vehicle that lie within ``together_s`` of each other are one reading.
    """

    name: str
    value: str
    unit: str | None = None
    together_s: Annotated[float, Field(ge=0, le=60)] = 1.0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(name for name in (self.name, self.value, self.unit) if name)


class ColumnMap(_Part):
    """A whole map; the map file has the same keys.

    Args:
        columns: column -> field (or :class:`ColumnRule`); a column that is not named here is understood by its name.
        ts: the time's source; None: found among the columns.
        vehicle_id: for all rows, unless ``--vehicle-id`` says otherwise; None: a ``vehicle_id`` among the fields.
        constants: field -> value, for all rows.
        ignore: columns that are left out.
        strip_units: ``RPM [1/min]`` is looked up as ``RPM`` alone.
        long: for files with one signal per row.
        signature: columns that a file must have for a shipped map to be chosen by itself.
        decimal: the mark before decimals, where the file leaves it open.
    """

    columns: Mapping[str, ColumnRule] = Field(default_factory=dict)
    ts: TimeRule | None = None
    vehicle_id: str | None = None
    constants: Mapping[str, str | float | bool] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    strip_units: bool = False
    long: LongRule | None = None
    signature: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None

    def rule_for(self, column: str) -> ColumnRule | None:
        """The rule of a column, whose name may differ in case, spaces and the unit in brackets."""
        return self.columns.get(column) or self._rules.get(same_name(column))

    def ignores(self, column: str) -> bool:
        """Whether a column is left out."""
        return column in self.ignore or same_name(column) in self._ignored

    @cached_property
    def _rules(self) -> dict[str, ColumnRule]:
        return {same_name(name): rule for name, rule in self.columns.items()}

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset(map(same_name, self.ignore))

    def missing(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The columns that this map names and the file lacks."""
        present = {*columns, *map(same_name, columns)}
        named = () if self.long else self.columns
        required = {*named, *(self.ts.columns if self.ts else ()), *(self.long.columns if self.long else ())}
        return tuple(sorted(name for name in required if name not in present and same_name(name) not in present))

    def fits(self, columns: Sequence[str]) -> bool:
        """Whether this shipped map is the one for a file with these columns."""
        present = {same_name(column) for column in columns}
        return bool(self.signature) and {same_name(name) for name in self.signature} <= present


def same_name(column: str) -> str:
    """What makes two names of columns the same: the words, whatever their case, marks and unit."""
    name, _ = name_and_unit(column)
    return words_of(name) or column


def load_map(path: Path) -> ColumnMap:
    """Read a map file. Raises :class:`ColumnMapError` naming the key."""
    try:
        with path.open(encoding="utf-8") as stream:
            content, _ = read_yaml(stream.read(MAX_CHARACTERS + 1))
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
        raise ColumnMapError(f"column map {path}: {key}: {first['msg'].removeprefix('Value error, ')}") from error
