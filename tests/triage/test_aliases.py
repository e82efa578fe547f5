"""Telemetry as outsiders write it."""

import math
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator_schemas.aliases import ALIASES, AliasError
from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import SIGNALS, Dtc, J1939Fault, Telemetry
from master_orchestrator_schemas.plain_readings import telemetry_from_mapping, understood

NOON_MS = 1_769_860_800_000


def read(**fields: Any) -> Telemetry:
    return telemetry_from_mapping({"ts_ms": NOON_MS, **fields}, vehicle_id="v1")


def test_plain_names_become_fields() -> None:
    reading = telemetry_from_mapping(
        {
            "timestamp": "2026-01-31T12:00:00",
            "engine_temp": 118,
            "battery_voltage": 11.9,
            "oil_pressure": 25,
            "rpm": 2500,
            "speed": 80,
            "mileage": 45_000,
            "transmission_temp": 95,
            "brake_failure": 1,
            "check_engine_light": True,
            "vibration": 0.3,
            "nothing": None,
        },
        vehicle_id="v1",
    )

    assert (
        Telemetry(
            vehicle_id="v1",
            ts_ms=NOON_MS,
            coolant_temp_c=118.0,
            battery_voltage_v=11.9,
            oil_pressure_kpa=25.0,
            engine_rpm=2500.0,
            speed_kmh=80.0,
            odometer_m=45_000_000.0,
            gearbox_temp_c=95.0,
            brake_fluid_low=True,
            mil_on=True,
            extras={"vibration": 0.3},
        )
        == reading
    )


def test_every_alias_names_a_field_and_shadows_none() -> None:
    fields = set(Telemetry.__struct_fields__)
    assert {alias.field for alias in ALIASES.values()} <= fields
    assert not set(ALIASES) & fields


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("oil_pressure_bar", 2, "oil_pressure_kpa", 200.0),
        ("oil_pressure_psi", 10, "oil_pressure_kpa", 68.94757),
        ("speed_mph", 100, "speed_kmh", 160.9344),
        ("odometer_km", 1, "odometer_m", 1000.0),
    ],
)
def test_other_units_are_converted(name: str, value: float, field: str, expected: float) -> None:
    assert expected == pytest.approx(getattr(read(**{name: value}), field))


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31 12:00:00.000",
        NOON_MS / 1000,
        NOON_MS // 1000,
        NOON_MS,
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
)
@pytest.mark.parametrize("key", ["timestamp", "ts"])
def test_a_time_may_be_written_in_many_ways(key: str, value: object) -> None:
    assert NOON_MS == telemetry_from_mapping({key: value}, vehicle_id="v1").ts_ms


def test_milliseconds_are_never_taken_for_seconds_where_the_name_says_so() -> None:
    assert 5_000 == telemetry_from_mapping({"ts_ms": 5_000}, vehicle_id="v1").ts_ms


@pytest.mark.parametrize("value", [-1e308, 1e300, -1, 2**70, 253_402_300_800_000])
def test_a_time_is_between_1970_and_9999(value: float) -> None:
    with pytest.raises(AliasError, match=r"timestamp: .* is not a time from 1970 to 9999"):
        telemetry_from_mapping({"timestamp": value}, vehicle_id="v1")


def test_codes_are_texts_or_objects() -> None:
    reading = read(trouble_codes=["p0301", {"code": "P0420", "status": 8}], j1939=[{"spn": 110, "fmi": 0}])

    assert (Dtc(code="P0301"), Dtc(code="P0420", status=8)) == reading.dtcs
    assert (J1939Fault(spn=110, fmi=0),) == reading.j1939


@pytest.mark.parametrize(("value", "expected"), [(1, True), (0, False), ("True", True), ("false", False), (1.0, True)])
def test_true_and_false_come_as_numbers_and_texts(value: object, expected: bool) -> None:
    assert expected is read(brake_failure=value).brake_fluid_low


def test_numbers_of_any_kind_are_numbers() -> None:
    assert 90.5 == read(engine_temp=Fraction(181, 2)).coolant_temp_c


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("engine_temp", "hot"),
        ("engine_temp", True),
        ("coolant_temp_c", 10**400),
        ("oil_pressure_psi", 1e308),
        ("brake_failure", 2),
        ("brake_failure", "maybe"),
        ("mil_on", []),
        ("dtcs", ["0301"]),
        ("dtcs", [{"code": "P0301", "status": 256}]),
        ("dtcs", [7]),
        ("j1939", [{"spn": 1}]),
        ("extras", 5),
        ("model", 5),
        ("model", "x" * 300),
        ("request_id", ["a"]),
    ],
)
def test_what_is_wrong_is_an_error_that_names_the_key(key: str, value: object) -> None:
    with pytest.raises(AliasError, match=key) as caught:
        read(**{key: value})

    assert key == caught.value.key
    assert isinstance(caught.value, ContractError)


@pytest.mark.parametrize("value", ["yesterday", "31.01.2026", -1, "0001-01-01T00:00:00", True, [], 1e300])
def test_an_impossible_time_is_an_error(value: object) -> None:
    with pytest.raises(AliasError, match="timestamp"):
        telemetry_from_mapping({"timestamp": value}, vehicle_id="v1")


def test_two_names_for_one_thing_may_not_contradict_each_other() -> None:
    assert 90 == read(engine_temp=90, coolant_temp_c=90).coolant_temp_c
    with pytest.raises(AliasError, match=r"coolant_temp_c: says something else than 'engine_temp'"):
        read(engine_temp=90, coolant_temp_c=91)


def test_two_times_may_not_contradict_each_other_even_where_the_rest_is_lenient() -> None:
    with pytest.raises(AliasError, match="timestamp: says something else than 'ts_ms'"):
        understood({"ts_ms": NOON_MS, "timestamp": "2026-01-31T12:00:01Z"}, vehicle_id="v1")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ignition", True),
        ("gear", "D"),
        ("location", {"lat": 52.5, "lon": 13.4}),
        ("samples", [1, 2, 3]),
        ("Ann's \x1b[31m", "red"),
        ("", 1.0),
        ("x" * 300, 1.0),
        ("huge", 10**400),
    ],
)
def test_what_is_not_known_is_left_out_and_named(key: str, value: object) -> None:
    reading, left_out = understood({"ts_ms": NOON_MS, "rpm": 900, key: value}, vehicle_id="v1")

    assert (900, {}) == (reading.engine_rpm, reading.extras)
    (item,) = left_out
    assert (False, True) == (item.known, item.name.isprintable())
    assert key[:3] == item.name[:3]
    assert read(rpm=900, **{key: value}) == reading, "those who are strict about known names are not about others"


@pytest.mark.parametrize("key", ["engine_temp", "brake_failure", "model", "dtcs", "j1939"])
def test_a_known_name_whose_value_makes_no_sense_costs_nothing_else(key: str) -> None:
    reading, left_out = understood({"ts_ms": NOON_MS, "rpm": 900, key: {"value": 7}}, vehicle_id="v1")

    assert (900, True, key) == (reading.engine_rpm, left_out[-1].known, left_out[-1].name)


def test_one_code_that_is_none_does_not_hide_the_others() -> None:
    sent = {"ts_ms": NOON_MS, "dtcs": ["P0217", "hot", {"code": "P0301", "lamp": 1}, None]}
    reading, left_out = understood(sent, vehicle_id="v1")

    assert (Dtc(code="P0217"), Dtc(code="P0301")) == reading.dtcs
    assert [("dtcs", True), ("dtcs.lamp", False)] == [(item.name, item.known) for item in left_out]


def test_codes_may_stand_in_one_text() -> None:
    assert (Dtc(code="P0217"), Dtc(code="P0301")) == read(dtcs="P0217, p0301").dtcs
    for none in ("none", "No DTC", "0", 0, "[]"):
        assert (Dtc(code="P0000"),) == read(dtcs=none).dtcs
    assert () == read(dtcs="").dtcs


def test_extras_that_are_too_many_or_no_numbers_are_left_out() -> None:
    many = {f"signal_{number}": 1.0 for number in range(140)}
    reading, left_out = understood({"ts_ms": NOON_MS, "rpm": 900, **many}, vehicle_id="v1")

    assert (900, 128, 12) == (reading.engine_rpm, len(reading.extras), len(left_out))
    assert "extras.a" == understood({"ts_ms": NOON_MS, "extras": {"a": "b"}}, vehicle_id="v1").left_out[0].name


def test_what_is_left_out_is_bounded_in_number() -> None:
    unknown = {f"name_{number}": "x" for number in range(1_000)}

    assert len(understood({"ts_ms": NOON_MS, **unknown}, vehicle_id="v1").left_out) < 100


@pytest.mark.parametrize(
    "nothing", ["", "-", "--", "?", "NO DATA", "unavailable", "#N/A", "NaN", math.nan, math.inf, None]
)
def test_no_value_has_many_names(nothing: object) -> None:
    sent = {"ts_ms": NOON_MS, "rpm": 900, "engine_temp": nothing, "brake_failure": nothing, "boost": nothing}
    reading, left_out = understood(sent, vehicle_id="v1")

    assert (900, None, None, {}, ()) == (
        reading.engine_rpm, reading.coolant_temp_c, reading.brake_fluid_low, reading.extras, left_out
    )  # fmt: skip


def test_numbers_and_flags_may_be_texts() -> None:
    reading = read(engine_temp="118", brake_failure="On", mil_on="no", boost="1.2", check_requested="yes")

    assert (118, True, False, {"boost": 1.2}, True) == (
        reading.coolant_temp_c, reading.brake_fluid_low, reading.mil_on, reading.extras, reading.check_requested
    )  # fmt: skip
    assert NOON_MS == telemetry_from_mapping({"timestamp": str(NOON_MS)}, vehicle_id="v1").ts_ms


def test_a_vehicle_s_id_is_taken_as_it_is_written() -> None:
    assert "42" == telemetry_from_mapping({"vehicle_id": "42", "ts_ms": NOON_MS}).vehicle_id
    assert "unknown" == telemetry_from_mapping({"vehicle_id": "unknown", "ts_ms": NOON_MS}).vehicle_id


@pytest.mark.parametrize("vehicle_id", ["", "a b", "x" * 65, "v1\n", "v~1"])
def test_a_vehicle_id_outside_the_alphabet_is_an_error(vehicle_id: str) -> None:
    with pytest.raises(AliasError, match="vehicle_id"):
        telemetry_from_mapping({"ts_ms": 1}, vehicle_id=vehicle_id)


def test_vehicle_ids_must_agree_and_one_must_be_there() -> None:
    assert "v1" == telemetry_from_mapping({"vehicle_id": "v1", "ts_ms": 1}, vehicle_id="v1").vehicle_id
    with pytest.raises(AliasError, match="vehicle_id"):
        telemetry_from_mapping({"vehicle_id": "v2", "ts_ms": 1}, vehicle_id="v1")
    with pytest.raises(AliasError, match="vehicle_id: is missing"):
        telemetry_from_mapping({"ts_ms": 1})
    with pytest.raises(AliasError, match="ts_ms: is missing"):
        telemetry_from_mapping({}, vehicle_id="v1")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from([*Telemetry.__struct_fields__, *ALIASES]) | st.text(max_size=6)


@given(st.dictionaries(names, anything, max_size=5))
def test_any_mapping_is_a_reading_or_a_contract_error(mapping: dict[str, object]) -> None:
    try:
        reading = telemetry_from_mapping({"timestamp": NOON_MS, **mapping}, vehicle_id="v1")
    except ContractError:
        return
    numbers = [getattr(reading, name) for name in SIGNALS] + list(reading.extras.values())
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert "v1" == reading.vehicle_id


@pytest.mark.parametrize("key", ["engine_temp", "dtcs", "model", "mil_on"])
@pytest.mark.parametrize("value", [10**5_000, [10**5_000], {"code": 10**5_000}], ids=["bare", "list", "mapping"])
def test_a_number_that_python_does_not_print_is_refused_like_any_other(key: str, value: object) -> None:
    with pytest.raises(AliasError, match=f"^{key}: "):
        telemetry_from_mapping({"timestamp": NOON_MS, key: value}, vehicle_id="v1")
