"""The no-op agents of a runner that records nothing and checks nothing: what recording costs is the difference."""

from typing import Any
from unittest.mock import patch

from bench_suite.noop_agents import agree
from master_orchestrator_agents.runner.activity import ActivityWriter

__all__ = ["agree"]


def _no_records(*_: Any, **__: Any) -> list[Any]:
    return []


patch.object(ActivityWriter, "close", _no_records).start()  # in this process alone
