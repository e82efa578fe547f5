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
        (ROTATION, "tyre_rotation: {distance: 10000}", r"distance: 10000 is not a distance; write a number with km"),
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
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(right: str, wrong: str, message: str) -> None:
    assert right in PACKAGED
    text = PACKAGED.replace(right, wrong, 1)
    with pytest.raises(TopologyError, match=message) as refused:
        parse_topology(text)
    assert wrong.split(":", maxsplit=1)[0].strip("{ ") in text.splitlines()[(refused.value.line or 0) - 1]
