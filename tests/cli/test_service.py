"""`service show`, on a vehicle that is given; `tests/facade` reads one from a broker."""

import json
from collections.abc import Callable

import pytest
from support.core_vehicle import CoreVehicle, policy_of

from master_orchestrator.cli.context import Invocation
from master_orchestrator.cli.main import run
from master_orchestrator.core.state import VehicleState
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.readers import vehicles
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms

pytestmark = pytest.mark.usefixtures("off_the_record")
Shown = Callable[..., tuple[int, str]]
DAY_MS = 86_400_000
PLANS = {
    "plans": {"car": {"oil_and_filters": {"distance": "5000km", "time": "365d"}, "belt": {"engine_hours": "900h"}}},
    "models": {"compact": "car"},
}


@pytest.fixture
def shown(topology: Topology, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """What `service show` prints of a vehicle that has driven 50 km a day for 90 days."""
    planned = topology.model_copy(update={"service_plans": ServicePlanTerms.model_validate(PLANS)})
    vehicle = CoreVehicle(policy_of(planned), "car-1")
    for day in range(90):
        jump_km = 700 if day == 40 else 0
        vehicle.reading(model="compact", odometer_m=(47_000 + 50 * day + jump_km) * 1_000, speed_kmh=50.0)
        vehicle.wait(DAY_MS)
    other = CoreVehicle(policy_of(planned), "car-2")
    other.reading(model="van")
    known: dict[str, VehicleState] = {"car-1": vehicle.state, "car-2": other.state}
    monkeypatch.setattr(Invocation, "topology", planned)
    monkeypatch.setattr(Invocation, "reachable_kafka", lambda *_: None)
    monkeypatch.setattr(vehicles, "read_vehicle", lambda _k, _t, vehicle_id, _p: known.get(vehicle_id))

    def runs(*words: str) -> tuple[int, str]:
        code = run(["service", "show", *words])
        told = capsys.readouterr()
        return code, told.out + told.err

    return runs


def test_it_fits_into_eighty_columns(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, text = shown("car-1")
    lines = text.splitlines()
    assert 0 == code
    assert "car-1 of model compact; meters looked at 2024-02-11T22:13Z" == lines[0].rstrip()
    assert "odometer: 51,400 km, 50 km a day; spike 2023-12-25T22:13Z" == lines[1].rstrip()
    assert "engine hours: none sent" == lines[2].rstrip()
    assert "oil_and_filters - 4,450 of 5,000 km 2024-02-22 overdue, in car-1~0" == " ".join(lines[5].split())
    assert "belt - 900 h - not known yet" == " ".join(lines[6].split())
    assert max(map(len, lines)) <= 80


def test_programs_get_the_report(shown: Shown) -> None:
    code, text = shown("car-1", "--json")
    report = json.loads(text)
    assert 0 == code
    assert ("car-1", "compact", 50.0) == (report["vehicle_id"], report["model"], report["odometer"]["per_day"])
    assert ["oil_and_filters", "belt"] == [item["item"] for item in report["items"]]


def test_a_vehicle_without_a_plan_and_one_that_nobody_knows(shown: Shown) -> None:
    assert (0, True) == (shown("car-2")[0], "has no plan: see service_plans in topology.yaml" in shown("car-2")[1])
    code, text = shown("car-9")
    assert ExitCode.NO == code
    assert "nothing is known of vehicle 'car-9': it has sent no reading" in text
