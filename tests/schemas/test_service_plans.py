"""``service_plans``: a mistake is named with its key, its line, and what to write."""

import pytest

from master_orchestrator_schemas.topology import TopologyError, parse_topology
from master_orchestrator_schemas.topology.loader import default_path

PACKAGED = default_path().read_text(encoding="utf-8")


ROTATION = "tyre_rotation:    {distance: 10000km, labour_hours: 0.5}"
NO_VEHICLES, NO_MODELS = "vehicles: {}  ", "models: {}  "


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            NO_MODELS,
            "models: {van: passenger_cat}  ",
            r"van: passenger_cat is not in plans; write passenger_car",
        ),
        (ROTATION, "tyre_rotation: {distance: 10000}", r"distance: 10000 is not a distance; write a whole number with"),
        (ROTATION, "tyre_rotation: {distance: 12.5km}", r"distance: '12\.5km' is not a distance; write a whole number"),
        (ROTATION, "tyre_rotation: {time: 2 years}", r"time: '2 years' is not a length of time; write .* d, mo or y"),
        (ROTATION, "tyre_rotation: {time: 24h}", r"time: '24h' is not a length of time"),
        (
            ROTATION,
            "tyre_rotation: {engine_hours: 500}",
            r"engine_hours: 500 is not engine hours; write .* with h: 500h",
        ),
        (ROTATION, "tyre_rotation: {time: 2y, parts: oil}", r"parts: is 'oil'; write a list"),
        (ROTATION, "tyre_rotation: {time: 2y, parts: [a, b, c, d, e]}", r"parts: has 5 entries; write 4 at most"),
        (ROTATION, "Tyre-Rotation: {time: 2y}", r"'Tyre-Rotation' should match pattern \^\[a-z\]\[a-z0-9_\]\{0,23\}\$"),
        (NO_MODELS, "models: {on: truck}  ", r"models\.\w+: is True; write a text, in quotes"),
        (NO_MODELS, "models: [van]  ", r"models: is \['van'\]; write keys and values, or \{\} for none"),
        (ROTATION, "tyre_rotation: {distence: 10000km}", r"distence: is an unknown key; write distance"),
        (ROTATION, "tyre_rotation: {labour_hours: 0.5}", r"tyre_rotation: is never due; give distance"),
        ("bundle_within: 45d", "bundle_within: 4d", r"bundle_within: is below open_ahead"),
        (NO_VEHICLES, "vehicles: {a: {plan: truck, items: {oil: {time: 1d}}}}", r"oil: is in no plan of this vehicle"),
        (NO_VEHICLES, "vehicles: {a: {items: {}}}", r"vehicles\.a: has no plan, as models names none; write plan"),
        (
            NO_VEHICLES,
            "vehicles: {a: {plan: truck, items: {gearbox_oil: {last: {date: soon}}}}}",
            r"last\.date: 'soon' is not a day; write YYYY-MM-DD",
        ),
        (
            NO_VEHICLES,
            "vehicles: {a: {plan: truck, items: {gearbox_oil: {last: {date: 2026-02-30}}}}}",
            r"yaml:\d+: is not YAML: day is out of range for month",
        ),
        (
            NO_VEHICLES,
            "vehicles: {a: {plan: truck, items: {gearbox_oil: {last: {odometer: 412000}}}}}",
            r"last\.odometer: 412000 is not a distance",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(right: str, wrong: str, message: str) -> None:
    assert right in PACKAGED
    text = PACKAGED.replace(right, wrong, 1)
    with pytest.raises(TopologyError, match=message) as refused:
        parse_topology(text)
    assert wrong.split(":", maxsplit=1)[0].strip("{ ") in text.splitlines()[(refused.value.line or 0) - 1]


def test_a_plan_has_eight_items_at_most() -> None:
    items = "\n".join(f"      i{n}: {{time: 2y}}" for n in range(7))
    with pytest.raises(TopologyError, match=r"passenger_car: has 11 entries; write 8 at most") as refused:
        parse_topology(PACKAGED.replace("    passenger_car:\n", f"    passenger_car:\n{items}\n", 1))
    assert "passenger_car:" in PACKAGED.splitlines()[(refused.value.line or 0) - 1]


def test_a_new_vehicle_s_odometer_showed_nothing_when_it_was_filled_with_oil() -> None:
    vehicle = "vehicles: {a: {plan: truck, items: {gearbox_oil: {last: {odometer: 0km}}}}}"
    plans = parse_topology(PACKAGED.replace(NO_VEHICLES, vehicle, 1)).service_plans
    last = plans.vehicles["a"].items["gearbox_oil"].last
    assert last is not None
    assert 0.0 == last.odometer_km
