"""Agents that agree at once, so that what is left is the pipeline's own cost, or after a known time."""

import time
from collections.abc import Mapping
from typing import Any


def agree(_task: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of whatever result is wanted."""
    return {}


def agree_after_20_ms(_task: Mapping[str, Any]) -> dict[str, Any]:
    """The same, after 20 ms."""
    time.sleep(0.02)
    return {}
