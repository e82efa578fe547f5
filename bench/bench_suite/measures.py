"""The system measured from outside, alone. ``docs/performance.md`` quotes what comes out."""

import json
import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench_suite.alarms import alarms
from bench_suite.backpressure import backpressure
from bench_suite.burst import burst, burst_reference
from bench_suite.conversations import conversations
from bench_suite.full_load import ended, full_load, run_checks
from bench_suite.gateway import CODEC, HEALTHY, START_MS, TelemetrySender
from bench_suite.growth import fleet, restore, scale
from bench_suite.judging import judging
from bench_suite.machine import machine
from bench_suite.overhead import overhead
from bench_suite.system import BenchSystem, MeasuredProcess, await_that, system
from bench_suite.takeover import takeover
from bench_suite.terminal import terminal
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.messages import Command
from master_orchestrator_schemas.vocabulary import AgentType, Lane


def workflows(count: int = 20_000, in_flight: int = 4_000, partitions: int | None = None) -> dict[str, float]:
    """Complete workflows per second at full load: a check is asked for, six agents, all ten forward states."""
    with system(partitions) as own:
        engine = own.engine()
        figures = full_load(own, {"engine": engine, "agents": own.agents()}, count, in_flight)
        return {
            **figures,
            "records_per_batch_and_partition": _mean(engine, "batch_records"),
            "transaction_ms": 1000 * _mean(engine, "transaction_seconds"),
            "engine_rss_mb": engine.rss_mb(),
        }


def partitions(count: int = 10_000) -> dict[str, float]:
    """The same with 1, 4 and 16 partitions: each has a transaction of its own."""
    return {
        f"{figure}_{number}": value
        for number in (1, 4, 16)
        for figure, value in workflows(count, partitions=number).items()
    }


def transitions(rate: float = 43, seconds: int = 20, warm_up: int = 10_000) -> dict[str, float]:
    """Time of a transition, input record appended to command record appended, at 300 inputs/s and at half of full load.

    ``rate``: workflows per second; each has seven inputs. ``warm_up``: workflows at full load before; as long as the
    broker's JVM is still compiling, everything takes twice as long.
    """
    with system() as own:
        engine, _ = own.engine(), own.agents()
        gateway = TelemetrySender(own)
        started = time.monotonic()
        run_checks(engine, gateway, range(warm_up), 300)
        half = warm_up / (time.monotonic() - started) / 2
        figures: dict[str, float] = {}
        for number, (load, per_s) in enumerate((("300_inputs_per_s", rate), ("half_load", half)), start=1):
            times = _times_at(own, engine, gateway, 1_000_000 * number, per_s, seconds)
            figures[f"workflows_per_s_{load}"] = per_s
            figures[f"p50_ms_{load}"] = statistics.median(times)
            figures[f"p99_ms_{load}"] = times[len(times) * 99 // 100]
        return figures


def _times_at(  # noqa: PLR0917  all of them are what is measured
    own: BenchSystem, engine: MeasuredProcess, gateway: TelemetrySender, first: int, per_s: float, seconds: int
) -> list[float]:
    since_ms, before, count = time.time() * 1000, ended(engine), int(per_s * seconds)
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begin + number / per_s - time.monotonic()))
        gateway.send(first + number, ts_ms=START_MS, check_requested=True)
    gateway.flush()
    await_that(lambda: ended(engine) >= before + count)
    return sorted(_transition_times(own, since_ms))


def readings(count: int = 300_000, vehicles: int = 1_000) -> dict[str, float]:
    """Telemetry readings per second that open nothing: twenty signals each, waiting in the topic, one engine."""
    with system() as own:
        gateway = TelemetrySender(own)
        for number in range(count):
            gateway.send(number % vehicles, ts_ms=START_MS + number // vehicles * 1_000, **HEALTHY)
        gateway.flush()
        started = time.monotonic()
        engine = own.engine()
        owned = time.monotonic()
        await_that(lambda: own.lag() == 0)
        return {
            "readings_per_s": count / (time.monotonic() - owned),
            "engine_cpu_us_per_reading": 1e6 * engine.cpu_s() / count,
            "start_s": owned - started,
        }


def _mean(engine: MeasuredProcess, histogram: str) -> float:
    name = f"master_orchestrator_{histogram}"
    return engine.metric(f"{name}_sum") / engine.metric(f"{name}_count")


def _transition_times(own: BenchSystem, since_ms: float) -> list[float]:
    """Per command from then on: its append time minus that of the input that caused it, in ms."""
    topics = [own.topology.command_topic(agent, lane) for agent in AgentType for lane in Lane]
    times = []
    with TopicReader(own.kafka, topics, range(own.topology.partitions)) as reader:
        for message in reader.catch_up():
            command = CODEC.decode(message.value() or b"", Command)
            if command.issued_at_ms > since_ms:
                times.append(float(message.timestamp()[1] - command.issued_at_ms))
    return times


MEASURES: dict[str, Callable[[], dict[str, float]]] = {
    measure.__name__: measure
    for measure in (
        workflows,
        overhead,
        judging,
        alarms,
        partitions,
        transitions,
        readings,
        restore,
        fleet,
        scale,
        takeover,
        conversations,
        backpressure,
        burst,
        burst_reference,
        terminal,
    )
}


def own(names: list[str]) -> None:
    """Run the named measures (all by default) and print a table and JSON lines."""
    facts = machine()
    table = Table("measure", "figure", "value", title=f"{facts['cores']} cores, load before {facts['load_before']}")
    for name in names or MEASURES:
        figures = MEASURES[name]()
        print(json.dumps({"measure": name, **facts, **figures}))
        for figure, value in figures.items():
            table.add_row(name, figure, f"{value:,.1f}")
    Console().print(table)
