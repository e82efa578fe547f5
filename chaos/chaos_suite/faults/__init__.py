"""Every kind of fault, by its name."""

from collections.abc import Mapping

from chaos_suite.faults import brokers, disks, engines, leaders, runners, signals, whole
from chaos_suite.faults.fault import BurstLoad, Fault, FaultLane
from chaos_suite.faults.victims import a_judge, a_runner, an_engine

__all__ = ["FAULTS", "BurstLoad", "Fault", "FaultLane"]

_ENGINE = frozenset({"engine"})
_KAFKA = frozenset({"kafka"})
_AGENTS = frozenset({"agents"})

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("kill-engine", "engine", engines.kill, weight=2, disturbs=_ENGINE),
        Fault("stop-engine", "engine", signals.stopped(an_engine), disturbs=_ENGINE),
        Fault("zombie-engine", "engine", signals.hung(an_engine), disturbs=_ENGINE),
        Fault("cut-engine", "engine", engines.cut, needs_namespace=True, disturbs=_ENGINE),
        Fault("third-worker", "engine", engines.visit, disturbs=_ENGINE),
        Fault("wipe-engine", "engine", disks.wiped(an_engine), disturbs=_ENGINE),
        Fault("truncate-engine", "engine", disks.truncate, disturbs=_ENGINE),
        Fault("old-disk-engine", "engine", disks.old, disturbs=_ENGINE),
        Fault("disk-full", "engine", disks.full, weight=0.5, needs_namespace=True, disturbs=_ENGINE),
        Fault("kill-runner", "agents", signals.killed(a_runner), weight=2, disturbs=_AGENTS),
        Fault("stop-runner", "agents", signals.stopped(a_runner), disturbs=_AGENTS),
        Fault("zombie-runner", "agents", signals.hung(a_runner), disturbs=_AGENTS),
        Fault("dying-handler", "agents", runners.dying_handler, weight=2, disturbs=_AGENTS),
        Fault("burst", "agents", whole.burst, disturbs=_ENGINE | _AGENTS),
        Fault("kill-judge", "judge", signals.killed(a_judge), weight=2),
        Fault("stop-judge", "judge", signals.stopped(a_judge)),
        Fault("zombie-judge", "judge", signals.hung(a_judge)),
        Fault("wipe-judge", "judge", disks.wiped(a_judge)),
        Fault("kill-broker", "kafka", brokers.kill, disturbs=_KAFKA),
        Fault("stop-broker", "kafka", brokers.stop, disturbs=_KAFKA),
        Fault("pause-broker", "kafka", brokers.pause, disturbs=_KAFKA),
        Fault("two-brokers-gone", "kafka", brokers.two_gone, disturbs=_KAFKA),
        Fault("cut-broker", "kafka", brokers.cut, needs_namespace=True, disturbs=_KAFKA),
        Fault("move-leaders", "kafka", leaders.move, weight=2, disturbs=_KAFKA),
        Fault("slow-network", "kafka", whole.slow_network, needs_namespace=True, disturbs=_KAFKA | _ENGINE),
        Fault("rolling-restart", "kafka", whole.rolling_restart, weight=0.3, disturbs=_KAFKA | _ENGINE | _AGENTS),
    )
}
