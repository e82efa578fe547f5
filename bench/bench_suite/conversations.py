"""What open conversations cost: every owner was sent a message, and nobody has answered yet."""

import time
from collections.abc import Mapping
from typing import Any

from bench_suite.gateway import HEALTHY, START_MS, TelemetrySender
from bench_suite.system import BenchSystem, MeasuredProcess, await_that, system
from master_orchestrator_schemas.messages.telemetry import Dtc
from master_orchestrator_schemas.vocabulary import AgentType

DAY_MS = 86_400_000
MESSAGE = "Hello, your vehicle needs attention: the exhaust cleaning reports a fault. May we book a workshop? " * 3
WORKFLOWS = "master_orchestrator_workflows"
PATIENCE_S = 600.0


def ask(task: Mapping[str, Any]) -> dict[str, Any]:
    """A contact with three offers, whose answer is waited for."""
    now_ms = task["issued_at_ms"]
    starts = [now_ms + day * DAY_MS for day in (1, 2, 3)]
    return {
        "answer": "NO_ANSWER",
        "channel": "push",
        "message": MESSAGE,
        "waits_until_ms": now_ms + DAY_MS,
        "offers": [
            {"workshop_id": "ws-1", "start_ms": at_ms, "end_ms": at_ms + 5_400_000, "held_until_ms": now_ms + 900_000}
            for at_ms in starts
        ],
    }


def conversations(count: int = 10_000) -> dict[str, float]:
    """Memory and disk of 10,000 open conversations, against as many vehicles that are in good health."""
    with system() as own:
        engine = own.engine()
        agents = own.start_agents([f"--handler={agent.value}={_handler(agent)}" for agent in AgentType])
        gateway = TelemetrySender(own)
        for number in range(count):
            gateway.send(number, ts_ms=START_MS, **HEALTHY)
        gateway.flush()
        await_that(lambda: own.lag() == 0, PATIENCE_S)
        healthy = _memory(own, engine, agents)
        begun = time.monotonic()
        for number in range(count):
            code = (Dtc(code="P0420", status=0x08),)
            gateway.send(number, ts_ms=START_MS + 1_000, **{**HEALTHY, "mil_on": True, "dtcs": code})
        gateway.flush()
        await_that(lambda: _waiting(engine) == count, PATIENCE_S)
        opened_s = time.monotonic() - begun
        held = _memory(own, engine, agents)
        return {
            "open_conversations": _waiting(engine),
            "opened_per_s": count / opened_s,
            **{f"{figure}_healthy": value for figure, value in healthy.items()},
            **{f"{figure}_conversing": value for figure, value in held.items()},
        }


def _handler(agent: AgentType) -> str:
    asks = agent is AgentType.CUSTOMER_ENGAGEMENT
    return "bench_suite.conversations:ask" if asks else "bench_suite.noop_agents:agree"


def _waiting(engine: MeasuredProcess) -> float:
    """Workflows in CUSTOMER_ENGAGEMENT, once no command is with an agent."""
    if engine.metric("master_orchestrator_commands_open"):
        return 0.0
    return engine.metric(WORKFLOWS, state="CUSTOMER_ENGAGEMENT")


def _memory(own: BenchSystem, engine: MeasuredProcess, agents: MeasuredProcess) -> dict[str, float]:
    table = sum(file.stat().st_size for file in (own.folder / "engine").rglob("*") if file.is_file())
    return {
        "engine_rss_mb": engine.rss_mb(),
        "agents_rss_mb": agents.rss_mb(),
        "disk_mb": table / 2**20,
        "changelog_mb": own.log_bytes(own.topology.changelog_topic) / 2**20,
    }
