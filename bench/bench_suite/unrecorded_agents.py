"""The no-op agents of a runner that records nothing and checks nothing: what recording costs is the difference."""

from typing import Any

from bench_suite.noop_agents import agree
from master_orchestrator_agents.runner.activity import ActivityWriter

__all__ = ["agree"]


def _no_records(*_: Any, **__: Any) -> list[Any]:
    return []


ActivityWriter.close = _no_records  # type: ignore[method-assign]  # in this process alone
