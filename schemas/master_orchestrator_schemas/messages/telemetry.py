"""Telemetry: one reading of one vehicle, in COVESA VSS 6.0 names and units (see ``docs/contracts.md``)."""

import sys
from contextlib import suppress
from typing import Annotated

import msgspec

from master_orchestrator_schemas.trouble_codes import SPELLING, trouble_code

VEHICLE_ID_PATTERN = r"\A[A-Za-z0-9._:-]{1,64}\Z"  # not $, which lets a trailing newline pass
VehicleId = Annotated[str, msgspec.Meta(pattern=VEHICLE_ID_PATTERN)]
ShortText = Annotated[str, msgspec.Meta(max_length=200)]
Finite = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
"""Any number but NaN and the infinities, which fail both comparisons."""

MAX_MS = 253_402_300_799_999
"""The end of the year 9999: later times have no ``datetime``."""

Millis = Annotated[int, msgspec.Meta(ge=0, le=MAX_MS)]
"""Milliseconds since 1970-01-01 UTC."""


class Dtc(msgspec.Struct, frozen=True, kw_only=True):
    """A diagnostic trouble code, with its ISO 14229 status byte.

    ``code``: SAE J2012 letter and four hex digits, with the failure type byte where there is one (``P0301-1C``). Other
    spellings become this one (``trouble_codes.py``). ``status`` None means that the sender does not know it; the code
    then counts as confirmed.
    """

    code: Annotated[str, msgspec.Meta(pattern=SPELLING)]
    status: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None

    def __post_init__(self) -> None:
        with suppress(ValueError):  # not a code: decoding and encoding refuse it
            msgspec.structs.force_setattr(self, "code", trouble_code(self.code))


class J1939Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A J1939-73 fault: suspect parameter number and failure mode identifier."""

    spn: Annotated[int, msgspec.Meta(ge=0, le=524_287)]
    fmi: Annotated[int, msgspec.Meta(ge=0, le=31)]


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """One reading. Every signal is optional; the unit is in the name; ``ts_ms`` is the vehicle's UTC time.

    Args:
        vehicle_id: the gateway's pseudonym, never a VIN; also the record's key.
        ts_ms: milliseconds since 1970-01-01 UTC, by the vehicle's clock.
        check_requested: the sender asks for a workflow even if no rule fires.
        request_id: the sender's own id for this request, found again in the audit record it causes.
        extras: numeric signals that have no field here; only rules of the topology that name them look at them.
    """

    vehicle_id: VehicleId
    ts_ms: Millis
    model: ShortText | None = None
    check_requested: bool = False
    request_id: ShortText | None = None
    coolant_temp_c: Finite | None = None
    engine_oil_temp_c: Finite | None = None
    oil_pressure_kpa: Finite | None = None
    engine_rpm: Finite | None = None
    engine_load_pct: Finite | None = None
    throttle_pct: Finite | None = None
    map_kpa: Finite | None = None
    maf_gps: Finite | None = None
    intake_air_temp_c: Finite | None = None
    battery_voltage_v: Finite | None = None
    speed_kmh: Finite | None = None
    odometer_m: Finite | None = None
    tyre_fl_kpa: Finite | None = None
    tyre_fr_kpa: Finite | None = None
    tyre_rl_kpa: Finite | None = None
    tyre_rr_kpa: Finite | None = None
    brake_pad_wear_fl_pct: Finite | None = None
    brake_pad_wear_fr_pct: Finite | None = None
    brake_pad_wear_rl_pct: Finite | None = None
    brake_pad_wear_rr_pct: Finite | None = None
    brake_fluid_low: bool | None = None
    abs_error: bool | None = None
    esc_error: bool | None = None
    gearbox_temp_c: Finite | None = None
    stft_b1_pct: Finite | None = None
    ltft_b1_pct: Finite | None = None
    catalyst_temp_c: Finite | None = None
    fuel_level_pct: Finite | None = None
    ambient_temp_c: Finite | None = None
    hv_soh_pct: Finite | None = None
    hv_temp_max_c: Finite | None = None
    hv_cell_v_min: Finite | None = None
    hv_cell_v_max: Finite | None = None
    mil_on: bool | None = None
    mil_flashing: bool | None = None
    red_stop_lamp: bool | None = None
    dtcs: Annotated[tuple[Dtc, ...], msgspec.Meta(max_length=64)] = ()
    j1939: Annotated[tuple[J1939Fault, ...], msgspec.Meta(max_length=64)] = ()
    extras: Annotated[dict[str, Finite], msgspec.Meta(max_length=128)] = {}


SIGNALS: tuple[str, ...] = tuple(f.name for f in msgspec.structs.fields(Telemetry) if f.type == Finite | None)
"""The numeric signals, in field order."""
