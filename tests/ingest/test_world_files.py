"""Exports as the world sends them: small ones of each kind, through the reader, with what is said of them."""

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from master_orchestrator.ingest.drive_files import DriveFile, DriveReader
from master_orchestrator.ingest.errors import ColumnMapError
from master_orchestrator.ingest.known_maps import KNOWN_MAPS, named_map
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.ingest.passes import JOINED, Reject
from master_orchestrator_schemas.messages import Dtc, J1939Fault, Telemetry


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


NOON = ms("2026-06-01T12:00:00+00:00")


def opened(folder: Path, content: str | bytes, name: str = "drive.csv", **terms: Any) -> DriveFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return DriveReader(ReadTerms(**{"default_start_ms": NOON, "latest_ms": NOON + 86_400_000, **terms})).open(path)


def read(folder: Path, content: str | bytes, name: str = "drive.csv", **terms: Any) -> list[Telemetry]:
    made = list(opened(folder, content, name, **terms).readings())
    assert [] == [one for one in made if isinstance(one, Reject)]
    return [one for one in made if isinstance(one, Telemetry)]


def one(folder: Path, content: str | bytes, name: str = "drive.csv", **terms: Any) -> Telemetry:
    (reading,) = read(folder, content, name, **terms)
    return reading


HEADER = "vehicle_id,timestamp,rpm,engine_temp"
ROW = "v1,2026-06-01T12:00:00Z,2100,91"
PLAIN = Telemetry(vehicle_id="v1", ts_ms=NOON, engine_rpm=2100, coolant_temp_c=91)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{ROW}\n",
        f"\n\n{HEADER}\r\n{ROW}\r\n\r\n,,,\r\n",
        f"sep=,\n{HEADER}\n{ROW}\n",
        f"# from a box\n{HEADER}\n{ROW}\n# end\n",
        f"{HEADER}\n{ROW}\n{HEADER}\n",
        f"{HEADER},\n{ROW},\n",
        f"{HEADER}\n{ROW},,,\n",
        f"{HEADER};note\n{ROW};\n".replace(",", ";"),
        f"{HEADER}\n{ROW}\n".replace(",", "\t"),
        f"{HEADER}\n{ROW}\n".replace(",", " | "),
        f"{HEADER}\n{ROW}\n".encode("utf-16"),
        f"{HEADER}\n{ROW}\n".encode("utf-16-be"),
        f"\ufeff{HEADER}\n{ROW}\n",
        gzip.compress(f"{HEADER}\n{ROW}\n".encode()),
        "Vehicle ID,Time Stamp,Engine RPM (rpm),Coolant Temp [°F]\nv1,2026-06-01T12:00:00Z,2100,195.8\n",
        'vehicle_id;timestamp;rpm;engine_temp\n"v1";"01.06.2026 12:00:00";"2.100";"91,0"\n',
        'VEHICLE_ID,DATE,TIME,RPM,ENGINE_TEMP\nv1,2026-06-01,12:00:00 PM,"2,100",91\n',
        "engine_temp,rpm,ts,vehicle\n91,2100,1780315200,v1\n",
        "engine_temp,rpm,ts_ms,vehicle\n91,2100,1780315200000,v1\n",
        "engine_temp,rpm,timestamp_us,vehicle\n91,2100,1780315200000000,v1\n",
        "engine_temp,rpm,timestamp,vehicle\n91,2100,20260601120000,v1\n",
        "vehicle,timestamp,rpm,coolant\n,,1/min,°C\nv1,2026-06-01T12:00:00Z,2100,91\n",
        "vehicle,timestamp,rpm,engine_temp\nv1,2026-06-01T12:00:00Z,2100 rpm,91 °C\n",
        json.dumps([{"vehicle_id": "v1", "timestamp": "2026-06-01T12:00:00Z", "rpm": "2100", "engine_temp": 91}]),
        json.dumps(
            {"rows": [{"vehicle_id": "v1", "ts": 1780315200, "rpm": 2100, "engine_temp": 91, "a": None}]}, indent=1
        ),
        json.dumps({"vehicle_id": "v1", "ts": 1780315200, "rpm": 2100, "engine_temp": 91}, indent=2),
        '{"Vehicle": "v1", "ts": 1780315200, "Engine RPM": 2100, "coolant_temp_f": 195.8, "oil_temp": NaN}\n',
    ],
)
def test_one_reading_however_it_is_written(tmp_path: Path, content: str | bytes) -> None:
    reading = one(tmp_path, content)
    assert reading.coolant_temp_c == pytest.approx(91)
    assert {**_fields(PLAIN), "coolant_temp_c": reading.coolant_temp_c} == _fields(reading)


def _fields(reading: Telemetry) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in Telemetry.__struct_fields__}


@pytest.mark.parametrize("word", ["-", "--", "?", "NO DATA", "unavailable", "unknown", "#N/A", "Infinity", "—", "NULL"])
def test_a_word_for_no_value_empties_its_cell_alone(tmp_path: Path, word: str) -> None:
    content = f"{HEADER},oil_temp,check_engine,dtcs,boost\n{ROW},{word},{word},,{word}\n"
    drive = opened(tmp_path, content)
    assert [PLAIN] == list(drive.readings())
    assert [] == drive.notes.lines()


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("P0301", ("P0301",)),
        ('"P0301,P0302"', ("P0301", "P0302")),
        ("P0301;P0302", ("P0301", "P0302")),
        ("P0301/P0302", ("P0301", "P0302")),
        ("p0301+ p0302", ("P0301", "P0302")),
        ("\"['P0301', 'P0302']\"", ("P0301", "P0302")),
        ("P 0301 P0302", ("P0301", "P0302")),
        ("P0301-1C", ("P0301-1C",)),
        ("", ()),
        *((word, ("P0000",)) for word in ("None", "[]", "0", "no codes", "P0000")),
        *((word, ()) for word in ("N/A", "-", "nan", "NULL")),
    ],
)
def test_trouble_codes_in_a_cell(tmp_path: Path, cell: str, codes: tuple[str, ...]) -> None:
    assert tuple(Dtc(code=code) for code in codes) == one(tmp_path, f"{HEADER},dtc\n{ROW},{cell}\n").dtcs


@pytest.mark.parametrize(
    ("cell", "faults"),
    [
        ("110/0", [(110, 0)]),
        ("110-0", [(110, 0)]),
        ("SPN 110 FMI 0", [(110, 0)]),
        ('"SPN=110,FMI=0"', [(110, 0)]),
        ("110/0; 100/1", [(110, 0), (100, 1)]),
        ('"110/0,100/1"', [(110, 0), (100, 1)]),
        ("none", []),
        ("", []),
    ],
)
def test_j1939_faults_in_a_cell(tmp_path: Path, cell: str, faults: list[tuple[int, int]]) -> None:
    expected = tuple(J1939Fault(spn=spn, fmi=fmi) for spn, fmi in faults)
    assert expected == one(tmp_path, f"{HEADER},j1939\n{ROW},{cell}\n").j1939


def test_j1939_exports_have_a_fault_per_row(tmp_path: Path) -> None:
    content = (
        "Timestamp,Vehicle,SPN,FMI,Status,Text\n"
        "2026-06-01T12:00:00Z,v1,110,0,Active,hot\n2026-06-01T12:00:00Z,v1,100.0,1.0,Active,low\n"
        "2026-06-01T12:00:05Z,v1,190,2,Inactive,was\n2026-06-01T12:00:05Z,v2,190,2,active,is\n"
    )
    drive = opened(tmp_path, content)
    made = list(drive.readings())
    readings = [reading for reading in made if isinstance(reading, Telemetry)]
    assert [("v1", 2), ("v1", 0), ("v2", 1)] == [(reading.vehicle_id, len(reading.j1939)) for reading in readings]
    assert (4, 1) == (len(made), made.count(JOINED))
    assert "the fault is not active" in " ".join(drive.notes.lines())


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("On", True), ("off", False), ("yes", True), ("NO", False), ("1.0", True), ("0", False), ("?", None)],
)
def test_flags(tmp_path: Path, cell: str, expected: bool | None) -> None:
    assert expected is one(tmp_path, f"{HEADER},Check Engine\n{ROW},{cell}\n").mil_on


def test_what_is_not_understood_is_counted_by_name_and_costs_nothing_else(tmp_path: Path) -> None:
    content = f"{HEADER},gear,speed,dtc,lat,vin,boost\n" + f"{ROW},D,fast,X1 P0301,49.1,WVW1,1.2\n" * 2
    drive = opened(tmp_path, content)
    first, _ = drive.readings()
    assert isinstance(first, Telemetry)
    assert (2100, None, (Dtc(code="P0301"),), {"boost": 1.2}) == (
        first.engine_rpm,
        first.speed_kmh,
        first.dtcs,
        first.extras,
    )
    notes = "\n".join(drive.notes.lines())
    for part in ("'gear': 2 cells", "'fast' in line 2", "'X1'", "lat: positions", "vin: a VIN", "extras", "boost"):
        assert part in notes
    assert {"gear", "speed", "dtc"} == set(drive.notes.unread)


def test_more_unknown_columns_than_a_reading_holds_are_said_once(tmp_path: Path) -> None:
    names = ",".join(f"sig{number}" for number in range(140))
    drive = opened(tmp_path, f"{HEADER},{names}\n" + f"{ROW},{','.join('1' * 140)}\n" * 3)
    readings = list(drive.readings())
    assert [128] * 3 == [len(reading.extras) for reading in readings if isinstance(reading, Telemetry)]
    (note,) = [line for line in drive.notes.lines() if "more than 128" in line]
    assert "sig128" in note


def test_a_column_twice_counts_once(tmp_path: Path) -> None:
    drive = opened(tmp_path, f"{HEADER},G(x),G(x),Engine Speed\n{ROW},0,5,900\n")
    (reading,) = drive.readings()
    assert isinstance(reading, Telemetry)
    assert ({"G(x)": 0.0}, 2100) == (reading.extras, reading.engine_rpm)
    assert ["there twice", "same as 'rpm'"] == [
        part for part in ("there twice", "same as 'rpm'") if part in str(drive.notes.lines())
    ]


def test_of_two_columns_with_one_meaning_each_row_uses_the_one_that_has_a_value(tmp_path: Path) -> None:
    rows = ("2100,,P0301,,,7", ",900,,P0302,5,", "-,800,-,P0303,,")
    content = "vehicle_id,ts,rpm,Engine Speed,dtc,fault codes,G(x),G(x)\n" + "".join(
        f"car-1,2026-06-01T10:00:0{second}Z,{row}\n" for second, row in enumerate(rows)
    )
    drive = opened(tmp_path, content)
    readings = [reading for reading in drive.readings() if isinstance(reading, Telemetry)]
    assert [2100, 900, 800] == [reading.engine_rpm for reading in readings]
    assert ["P0301", "P0302", "P0303"] == [dtc.code for reading in readings for dtc in reading.dtcs]
    assert [{"G(x)": 7.0}, {"G(x)": 5.0}, {}] == [reading.extras for reading in readings]
    assert "same as" not in str(drive.notes.lines())


def test_objects_may_name_a_signal_differently_from_line_to_line(tmp_path: Path) -> None:
    content = (
        '{"vehicle_id": "c", "ts": "2026-06-01T10:00:00Z", "coolant_temp_c": 88}\n'
        '{"vehicle_id": "c", "ts": "2026-06-01T10:00:10Z", "coolant temp f": 212}\n'
    )
    drive = opened(tmp_path, content, "drive.ndjson")
    assert [88, 100] == [r.coolant_temp_c for r in drive.readings() if isinstance(r, Telemetry)]


def test_torque_is_known_by_its_columns_and_local_times_by_the_satellites(tmp_path: Path) -> None:
    header = "GPS Time, Device Time, Longitude, Latitude,Engine Coolant Temperature(°F),Speed (OBD)(mph),G(x)"
    content = (
        f"{header}\n-,01-Jun-2026 14:00:00.000,-,-,195.8,40,0\n"
        "Mon Jun 01 14:00:01 GMT+02:00 2026,01-Jun-2026 14:00:01.000,8,49,195.8,40,0\n"
    )
    first, second = read(tmp_path, content, vehicle_id="v1")
    assert [NOON, NOON + 1_000] == [first.ts_ms, second.ts_ms]
    assert (91, 64.37, {}) == (round(first.coolant_temp_c or 0, 3), round(first.speed_kmh or 0, 2), first.extras)
    assert [NOON + 7_200_000] == [r.ts_ms for r in read(tmp_path, content, vehicle_id="v1", zone="UTC")][:1]


def test_car_scanner_is_one_signal_per_row(tmp_path: Path) -> None:
    content = (
        '"SECONDS";"PID";"VALUE";"UNITS";\n"43200.0";"Engine RPM";"2100";"rpm";\n'
        '"43200,5";"Engine coolant temperature";"195,8";"°F";\n"43205.5";"Engine RPM";"2200";"rpm";\n'
    )
    made = list(opened(tmp_path, content, "2026-06-01 12-00-00.csv", vehicle_id="v1").readings())
    first, second = (reading for reading in made if isinstance(reading, Telemetry))
    assert (2100, 91, NOON + 500) == (first.engine_rpm, round(first.coolant_temp_c or 0), first.ts_ms)
    assert (2200, None, NOON + 5_500) == (second.engine_rpm, second.coolant_temp_c, second.ts_ms)
    assert 3 == len(made)


def test_obd_fusion_says_its_start_above_the_header(tmp_path: Path) -> None:
    head = "Time (sec),Engine RPM (RPM),Engine coolant temperature (°F)"
    content = f"# StartTime = 06/01/2026 12:00:00 PM\n{head}\n0.5,2100,195.8\n"
    reading = one(tmp_path, content, vehicle_id="v1", column_map=named_map("obd-fusion"))
    assert (NOON + 500, 91) == (reading.ts_ms, round(reading.coolant_temp_c or 0))
    with pytest.raises(ColumnMapError, match="--month-first"):
        opened(tmp_path, content, vehicle_id="v1")
    assert NOON + 500 == one(tmp_path, content, vehicle_id="v1", day_first=False).ts_ms


def test_openxc_traces_are_one_signal_per_object(tmp_path: Path) -> None:
    names = [("engine_speed", 2100), ("odometer", 12.5), ("transmission_gear_position", "third"), ("latitude", 49.1)]
    rows = [{"name": name, "value": value, "timestamp": 1780315200.0} for name, value in names]
    rows.append({"name": "engine_speed", "value": 2200, "timestamp": 1780315200.2})
    made = list(opened(tmp_path, "\n".join(map(json.dumps, rows)), vehicle_id="v1").readings())
    first, second = (reading for reading in made if isinstance(reading, Telemetry))
    assert (2100, 12_500, {}, NOON) == (first.engine_rpm, first.odometer_m, first.extras, first.ts_ms)
    assert (2200, NOON + 200) == (second.engine_rpm, second.ts_ms)


@pytest.mark.parametrize("name", ["Torque", "car scanner", "OBD_Fusion", "openxc", "J1939", "CAROBD", "kit"])
def test_shipped_maps_go_by_their_names(name: str) -> None:
    assert named_map(name) in KNOWN_MAPS.values()


def test_a_map_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(ColumnMapError, match="shipped maps: torque, car-scanner, obd-fusion, openxc, j1939"):
        named_map("nowhere.yaml")


def fleet(*columns: tuple[str, float], vehicles: int = 4) -> str:
    head = ",".join(name for name, _ in columns)
    cells = ",".join(str(value) for _, value in columns)
    rows = [f"v{vehicle},{1780315200 + second},{cells}" for second in range(5) for vehicle in range(vehicles)]
    return f"vehicle_id,ts,{head}\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("column", "value", "unit"),
    [
        ("engine_temp", 198.0, "°F"),
        ("oil_pressure", 45.0, "psi"),
        ("oil_pressure", 3.5, "bar"),
        ("battery_voltage", 13_800.0, "mV"),
        ("transmission_temp", 190.0, "°F"),
    ],
)
def test_an_implausible_fleet_without_a_named_unit_is_a_warning(
    tmp_path: Path, column: str, value: float, unit: str
) -> None:
    drive = opened(tmp_path, fleet((column, value), ("rpm", 2100)))
    readings = [reading for reading in drive.readings() if isinstance(reading, Telemetry)]
    assert {2100} == {reading.engine_rpm for reading in readings}
    assert {None} == {getattr(reading, name) for reading in readings for name in ("coolant_temp_c", "oil_pressure_kpa")}
    assert f"they look like {unit}" in str(drive.notes.lines())


def test_tyres_in_psi_are_seen_on_a_single_car(tmp_path: Path) -> None:
    tyres = [(f"tire_pressure_{corner}", 32.0) for corner in ("fl", "fr", "rl", "rr")]
    drive = opened(tmp_path, fleet(*tyres, vehicles=1))
    assert {None} == {getattr(reading, "tyre_fl_kpa", None) for reading in drive.readings()}
    assert "psi" in str(drive.notes.lines())


@pytest.mark.parametrize(
    ("columns", "vehicles"),
    [
        ([("oil_pressure", 30.0)], 1),
        ([("engine_temp", 118.0)], 4),
        ([("oil_pressure_kpa", 30.0)], 4),
        ([("tire_pressure_fl", 60.0), ("tire_pressure_fr", 230.0), ("tire_pressure_rl", 230.0)], 1),
        ([("oil_pressure", 0.0)], 4),
    ],
)
def test_real_faults_are_not_taken_for_units(tmp_path: Path, columns: list[tuple[str, float]], vehicles: int) -> None:
    drive = opened(tmp_path, fleet(*columns, vehicles=vehicles))
    list(drive.readings())
    assert [] == drive.notes.lines()


def test_a_map_may_name_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("columns: {T: {field: engine_temp, unit: °F}, P: {field: oil_pressure, unit: bar}}\n")
    reading = one(tmp_path, "vehicle_id,ts,T,P\nv1,1780315200,195.8,3\n", column_map=named_map(str(path)))
    assert (91, 300) == (round(reading.coolant_temp_c or 0), reading.oil_pressure_kpa)


def test_a_row_whose_time_cannot_be_names_the_column_and_what_to_set(tmp_path: Path) -> None:
    drive = opened(tmp_path, f"{HEADER}\n{ROW}\nv1,46174.5,2100,91\n{ROW}\n")
    _, bad, _ = drive.readings()
    assert isinstance(bad, Reject)
    assert (3, True) == (bad.line, "ts: {kind: excel, column: timestamp}" in bad.reason)


def test_two_drives_without_a_clock_follow_each_other_from_the_start(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("Time (sec),rpm\n0.5,800\n60.5,800\n")
    reader = DriveReader(ReadTerms(default_start_ms=0, start_ms=NOON, vehicle_id="v1"))
    files = [reader.open(tmp_path / name) for name in ("a.csv", "b.csv")]
    times = [made.ts_ms - NOON for file in files for made in file.readings() if isinstance(made, Telemetry)]
    assert [500, 60_500, 60_500 + 3_600_500, 60_500 + 3_660_500] == times
    with pytest.raises(ColumnMapError, match="--start"):
        DriveReader(ReadTerms(default_start_ms=0, vehicle_id="v1")).open(tmp_path / "a.csv")


def test_any_file_with_a_signals_name_and_value_is_read_as_such(tmp_path: Path) -> None:
    content = (
        "vehicle_id,timestamp,Signal,Value,Unit\nv1,2026-06-01T12:00:00Z,engine_rpm,2100,\n"
        "v1,2026-06-01T12:00:00Z,Coolant,195.8,°F\nv1,2026-06-01T12:00:00Z,gear,D,\n"
    )
    drive = opened(tmp_path, content)
    (reading,) = [made for made in drive.readings() if isinstance(made, Telemetry)]
    assert (2100, 91) == (reading.engine_rpm, round(reading.coolant_temp_c or 0))
    assert "'gear': 1 cells" in str(drive.notes.lines())
