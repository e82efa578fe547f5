"""The system at full load: a check is asked for, six agents, all ten forward states."""

import time
from collections.abc import Mapping

from bench_suite.gateway import START_MS, TelemetrySender
from bench_suite.system import BenchSystem, MeasuredProcess, await_that

WARM_UP = 200
"""Workflows before time is taken."""


def full_load(
    own: BenchSystem, processes: Mapping[str, MeasuredProcess], count: int, in_flight: int
) -> dict[str, float]:
    """Complete workflows per second, and the CPU of each of ``processes``, by name, and of the broker per workflow.

    One of them is ``engine``.
    """
    engine, gateway = processes["engine"], TelemetrySender(own)
    run_checks(engine, gateway, range(WARM_UP), in_flight)
    before, started = _cpu_s(own, processes), time.monotonic()
    run_checks(engine, gateway, range(WARM_UP, count + WARM_UP), in_flight)
    seconds = time.monotonic() - started
    after = _cpu_s(own, processes)
    return {
        "workflows_per_s": count / seconds,
        **{f"{name}_cpu_ms_per_workflow": 1000 * (after[name] - before[name]) / count for name in after},
    }


def run_checks(engine: MeasuredProcess, gateway: TelemetrySender, vehicles: range, in_flight: int) -> None:
    """Send a check per vehicle, at most ``in_flight`` open, until all have ended."""
    before = ended(engine)
    for sent, vehicle in enumerate(vehicles):
        if sent % 50 == 0:
            room = sent - in_flight + before
            await_that(lambda room=room: ended(engine) > room)  # type: ignore[misc]  # mypy cannot infer its default
        gateway.send(vehicle, ts_ms=START_MS, check_requested=True)
    gateway.flush()
    await_that(lambda: ended(engine) - before >= len(vehicles))


def ended(engine: MeasuredProcess) -> float:
    """How many workflows have ended so far."""
    return engine.metric("master_orchestrator_workflows_ended_total")


def _cpu_s(own: BenchSystem, processes: Mapping[str, MeasuredProcess]) -> dict[str, float]:
    """CPU seconds so far of those that do the work."""
    return {**{name: process.cpu_s() for name, process in processes.items()}, "broker": own.broker_cpu_s()}
