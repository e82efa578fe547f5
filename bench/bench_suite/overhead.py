"""What it costs to record and judge what agents do: interleaved rounds with it and without."""

import statistics
from collections.abc import Callable

from bench_suite.full_load import full_load
from bench_suite.system import BenchSystem, MeasuredProcess, system
from master_orchestrator_schemas.vocabulary import AgentType


def overhead(rounds: int = 3, count: int = 12_000, in_flight: int = 4_000) -> dict[str, float]:
    """Workflows per second with sessions on record, and with ``ueba run`` on the same cores, of those without either.

    Medians over interleaved rounds; ``of_without``: of the ratios within the rounds, with the least and the most.
    """
    measured = [{name: _at_full_load(start, count, in_flight) for name, start in _ARMS.items()} for _ in range(rounds)]
    figures = {
        f"{name}_{figure}": statistics.median(each[name][figure] for each in measured)
        for name in _ARMS
        for figure in measured[0][name]
    }
    for name in list(_ARMS)[1:]:
        ratios = [each[name]["workflows_per_s"] / each["without"]["workflows_per_s"] for each in measured]
        figures |= {f"{name}_of_without": statistics.median(ratios)}
        figures |= {f"{name}_of_without_least": min(ratios), f"{name}_of_without_most": max(ratios)}
    return figures


def _at_full_load(
    start: Callable[[BenchSystem], dict[str, MeasuredProcess]], count: int, in_flight: int
) -> dict[str, float]:
    with system() as own:
        return full_load(own, {"engine": own.engine(), **start(own)}, count, in_flight)


def _without(own: BenchSystem) -> dict[str, MeasuredProcess]:
    handlers = [f"--handler={agent.value}=bench_suite.unrecorded_agents:agree" for agent in AgentType]
    return {"agents": own.start_agents(handlers)}


def _recorded(own: BenchSystem) -> dict[str, MeasuredProcess]:
    return {"agents": own.agents()}


def _judged(own: BenchSystem) -> dict[str, MeasuredProcess]:
    return {"agents": own.agents(), "ueba": own.start_judge()}


_ARMS = {"without": _without, "recorded": _recorded, "judged": _judged}
