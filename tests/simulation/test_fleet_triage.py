"""The simulation and triage agree: every fault is found under its subsystem, no healthy vehicle raises anything."""

import pytest

from master_orchestrator.core.triage import compile_rules, new_trackers, observe
from master_orchestrator.simulation.faults import FAULTS, VehicleFault
from master_orchestrator.simulation.fleet import Fleet, VehiclePlan
from master_orchestrator.simulation.transport import Transport, carried
from master_orchestrator_schemas.facts import Finding
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority

START_MS = 1_700_000_000_000
HEALTHY = 100
SEEDS = (1, 2, 3)


def findings_of(fleet: Fleet, plan: VehiclePlan, topology: Topology) -> list[Finding]:
    """What triage finds in one vehicle's readings as they arrive."""
    import random

    rules, trackers = compile_rules(topology.triage), new_trackers()
    findings: list[Finding] = []
    way = random.Random(f"{fleet.seed}/{plan.number}")
    for _, reading in carried(fleet.readings(plan, START_MS), way, fleet.transport):
        trackers, seen = observe(rules, trackers, reading)
        findings += seen.findings
    return findings


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_is_found_under_its_subsystem(fault: VehicleFault, seed: int, topology: Topology) -> None:
    fleet = Fleet(vehicles=1, fault_share=1, faults=(fault.name,), seed=seed, minutes=25, interval_s=2.0)
    (plan,) = fleet.roster()
    findings = findings_of(fleet, plan, topology)
    assert {fault.subsystem} == {finding.subsystem for finding in findings}
    assert min(finding.priority for finding in findings) <= fault.priority
    assert min(finding.at_ms for finding in findings) >= START_MS + plan.onset_s * 1000


def test_a_hundred_healthy_vehicles_raise_nothing_in_half_an_hour(topology: Topology) -> None:
    fleet = Fleet(vehicles=HEALTHY, fault_share=0, seed=9, minutes=30)
    alarms = {
        plan.vehicle_id: [(finding.rule, finding.value) for finding in findings_of(fleet, plan, topology)]
        for plan in fleet.roster()
    }
    raised = {vehicle: findings for vehicle, findings in alarms.items() if findings}
    assert {} == raised


def test_a_bad_way_to_the_broker_makes_no_healthy_vehicle_ill(topology: Topology) -> None:
    awful = Transport(duplicate=0.1, gap=0.02, gap_up_to_s=90, late=0.1, spike=0.05)
    fleet = Fleet(vehicles=10, fault_share=0, seed=21, minutes=30, transport=awful)
    findings = [finding for plan in fleet.roster() for finding in findings_of(fleet, plan, topology)]
    assert [] == [finding.rule for finding in findings if finding.priority < Priority.ROUTINE]
