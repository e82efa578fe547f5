"""Every kind of fault, by its name."""

from collections.abc import Mapping

from chaos_suite.faults import brokers, engines, runners
from chaos_suite.faults.fault import Fault, Lane, Load

__all__ = ["FAULTS", "Fault", "Lane", "Load"]

_ENGINE = frozenset({"engine"})
_KAFKA = frozenset({"kafka"})
_AGENTS = frozenset({"agents"})

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("kill-engine", "engine", engines.kill, weight=2, disturbs=_ENGINE),
        Fault("kill-runner", "agents", runners.kill, weight=2, disturbs=_AGENTS),
        Fault("kill-broker", "kafka", brokers.kill, weight=2, disturbs=_KAFKA),
    )
}
