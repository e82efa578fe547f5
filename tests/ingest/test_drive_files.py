"""Rows to readings: columns mapped and scaled, and every row that is not a reading kept with its reason."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from master_orchestrator.ingest.column_map import ColumnMap, load_map
from master_orchestrator.ingest.drive_files import DriveReader
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.ingest.passes import Reject
from master_orchestrator_schemas.messages import Dtc, Telemetry

START_MS = int(datetime.fromisoformat("2026-03-01T08:00:00+00:00").timestamp() * 1000)
CAROBD_HEADER = (
    "file,ENGINE_RUN_TINE,ENGINE_RPM,VEHICLE_SPEED,THROTTLE,ENGINE_LOAD,COOLANT_TEMPERATURE,"
    "LONG_TERM_FUEL_TRIM_BANK_1,SHORT_TERM_FUEL_TRIM_BANK_1,INTAKE_MANIFOLD_PRESSURE,FUEL_TANK,INTAKE_AIR_TEMP,"
    "CATALYST_TEMPERATURE_BANK1_SENSOR1,CONTROL_MODULE_VOLTAGE"
)
KIT_HEADER = (
    "Time,Engine Coolant Temperature [Â°C],Intake Manifold Absolute Pressure [kPa],Engine RPM [RPM],"
    "Vehicle Speed Sensor [km/h],Intake Air Temperature [Â°C],Air Flow Rate from Mass Flow Sensor [g/s],"
    "Absolute Throttle Position [%],Ambient Air Temperature [Â°C],Accelerator Pedal Position D [%],"
    "Accelerator Pedal Position E [%]"
)


def read(folder: Path, content: str, name: str = "drive.csv", **terms: object) -> list[Telemetry | Reject]:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    told = ReadTerms(**{"default_start_ms": START_MS, **terms})  # type: ignore[arg-type]  # mixed keywords
    made = DriveReader(told).open(path).readings()
    return [one for one in made if isinstance(one, Telemetry | Reject)]


def one(rows: list[Telemetry | Reject]) -> Telemetry:
    (reading,) = rows
    assert isinstance(reading, Telemetry), reading
    return reading


def test_plain_names_and_fields_need_no_map(tmp_path: Path) -> None:
    content = "vehicle_id,timestamp,engine_temp,battery_voltage_v,check_engine_light,boost\n"
    reading = one(read(tmp_path, content + "v1,2026-03-01T08:00:00Z,91.5,14.1,true,1.2\n"))
    assert ("v1", START_MS, 91.5, 14.1, True) == (
        reading.vehicle_id,
        reading.ts_ms,
        reading.coolant_temp_c,
        reading.battery_voltage_v,
        reading.mil_on,
    )
    assert {"boost": 1.2} == reading.extras


def test_texts_stay_texts_even_if_they_look_like_numbers(tmp_path: Path) -> None:
    reading = one(read(tmp_path, "vehicle_id,model,ts\n0012,2008,1772352000\n"))
    assert ("0012", "2008", START_MS) == (reading.vehicle_id, reading.model, reading.ts_ms)


def test_empty_cells_are_no_values(tmp_path: Path) -> None:
    reading = one(read(tmp_path, "vehicle_id,ts,rpm,speed,dtcs,boost\nv1,1772352000,,NaN,,null\n"))
    assert (None, None, (), {}) == (reading.engine_rpm, reading.speed_kmh, reading.dtcs, reading.extras)


def test_trouble_codes_in_one_cell(tmp_path: Path) -> None:
    reading = one(read(tmp_path, 'vehicle_id,ts,dtcs\nv1,1772352000,"P0301; p0420"\n'))
    assert (Dtc(code="P0301"), Dtc(code="P0420")) == reading.dtcs


def test_ndjson_rows_are_read_by_the_same_names(tmp_path: Path) -> None:
    row = {"vehicle_id": "v1", "timestamp": "2026-03-01T08:00:00Z", "engine_temp": 91.5, "dtcs": ["P0301"]}
    reading = one(read(tmp_path, json.dumps(row) + "\n"))
    assert (91.5, (Dtc(code="P0301"),)) == (reading.coolant_temp_c, reading.dtcs)


def test_a_map_renames_scales_fills_in_and_leaves_out(tmp_path: Path) -> None:
    column_map = ColumnMap.model_validate(
        {
            "columns": {"Temp F": {"field": "coolant_temp_c", "scale": 5 / 9, "offset": -160 / 9}, "n": "engine_rpm"},
            "ts": {"column": "when"},
            "vehicle_id": "truck-7",
            "constants": {"model": "hauler"},
            "ignore": ["driver"],
        }
    )
    content = "when,Temp F,n,driver\n2026-03-01T08:00:00Z,212,900,Kim\n"
    reading = one(read(tmp_path, content, column_map=column_map))
    assert (START_MS, "truck-7", "hauler") == (reading.ts_ms, reading.vehicle_id, reading.model)
    assert pytest.approx(100.0) == reading.coolant_temp_c
    assert (900, {}) == (reading.engine_rpm, reading.extras)


def test_the_vehicle_id_of_the_user_goes_before_all_others(tmp_path: Path) -> None:
    assert "mine" == one(read(tmp_path, "vehicle_id,ts\nv1,1772352000\n", vehicle_id="mine")).vehicle_id


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("not an id,1772352000,90", "vehicle_id"),
        ("v1,soon,90", "ts"),
        ("v1,,90", "ts_ms"),
        (",1772352000,90", "vehicle_id"),
        ("v1,1772352000", "2 cells where the header has 3"),
    ],
)
def test_a_row_that_is_no_reading_is_kept_with_line_and_reason(tmp_path: Path, row: str, message: str) -> None:
    good, bad, after = read(tmp_path, f"vehicle_id,ts,engine_temp\nv1,1772351999,90\n{row}\nv1,1772352001,90\n")
    assert isinstance(good, Telemetry)
    assert isinstance(after, Telemetry)
    assert isinstance(bad, Reject)
    assert 3 == bad.line
    assert message in bad.reason
    assert bad.file.endswith("drive.csv")
    assert row.split(",", maxsplit=1)[0] in bad.row


def test_carobd_files_are_known_by_their_header_and_drives_follow_each_other(tmp_path: Path) -> None:
    cells = "700,20,15,22,90,-1.5,0.5,30,60,40,500,13.9"
    content = f"{CAROBD_HEADER}\nlive1,7.0,{cells}\nlive1,7.0,{cells}\nlive2,0.0,{cells}\n"
    first, second, third = (r for r in read(tmp_path, content) if isinstance(r, Telemetry))
    assert [0, 1_000, 2_000 + 3_600_000] == [reading.ts_ms - START_MS for reading in (first, second, third)]
    assert ("carobd-etios", 700, 20, 90, -1.5, 13.9) == (
        first.vehicle_id,
        first.engine_rpm,
        first.speed_kmh,
        first.coolant_temp_c,
        first.ltft_b1_pct,
        first.battery_voltage_v,
    )
    assert {"ENGINE_RUN_TINE": 7.0} == first.extras


def test_kit_files_are_known_by_their_header_and_dated_by_their_name(tmp_path: Path) -> None:
    content = f"{KIT_HEADER}\n08:57:05.521,90,,,,,,,,,\n08:57:05.611,90,102.0,768.0,,,,,,14.1,\n"
    first, second = (
        r for r in read(tmp_path, content, "2017-07-10_Seat_Leon_KA_KA_Stau.csv") if isinstance(r, Telemetry)
    )
    assert datetime.fromisoformat("2017-07-10T08:57:05.521+00:00").timestamp() * 1000 == first.ts_ms
    assert (90, None) == (first.coolant_temp_c, first.engine_rpm)
    assert (102, 768, {"accelerator_pedal_d_pct": 14.1}) == (second.map_kpa, second.engine_rpm, second.extras)


@pytest.mark.parametrize(
    ("content", "terms", "message"),
    [
        ("ts,rpm\n1,2\n", {}, "--vehicle-id"),
        ("vehicle_id,rpm\nv1,2\n", {}, "holds the time"),
        ("a,b\n1,2\n", {"column_map": ColumnMap.model_validate({"columns": {"c": "rpm"}})}, "no column 'c'"),
    ],
)
def test_a_file_that_cannot_say_whose_and_when_is_refused_at_once(
    tmp_path: Path, content: str, terms: dict[str, object], message: str
) -> None:
    with pytest.raises(ColumnMapError, match=message):
        read(tmp_path, content, "drive.csv", **terms)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns: {a: {feild: rpm}}", "columns.a"),
        ("ts: {kind: column}", "ts"),
        ("columns: [", "not YAML"),
        ("strip_units: !!bool x", "not YAML"),
        ("vehicle_id: !!int ''", "not YAML"),
        ("vehicle_id: &a [*a]", "aliases"),
        ("ts: {column: a, column: b}", "ts.column is there twice"),
        ("#" * 200_000, "larger than"),
        ("speed: 1", "speed"),
        ("- just\n- a list", "the map"),
    ],
)
def test_a_wrong_map_file_is_told_by_its_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(ColumnMapError) as refused:
        load_map(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_map_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ColumnMapError, match="no such file"):
        load_map(tmp_path / "nowhere.yaml")
