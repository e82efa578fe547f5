"""A line of facts about a running system, from what its processes say of themselves over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException

from prometheus_client.parser import text_string_to_metric_families

from master_orchestrator_schemas.health import METRICS, READY
from master_orchestrator_schemas.metric_kinds import PREFIX

ANSWER_S = 3.0
MAX_BYTES = 4 * 1024 * 1024


def facts(addresses: Mapping[str, str]) -> str:
    """Which of the processes (name to ``http://host:port``) are ready, and the engine's figures."""
    waiting = [f"{name}: {why}" for name, address in addresses.items() if (why := not_ready(address)) is not None]
    text = f"Not ready: {'; '.join(waiting)}." if waiting else f"Ready: {', '.join(addresses)}."
    figures = fetched(addresses["engine"] + METRICS)
    return text if figures is None else f"{text} {figures_line(figures[1])}"


def not_ready(address: str) -> str | None:
    """Why a process is not ready, None if it is."""
    answered = fetched(address + READY)
    if answered is None:
        return "does not answer yet"
    code, text = answered
    return None if code == 200 else str(json.loads(text).get("why", text))


def figures_line(metrics: str) -> str:
    """What matters of the engine's metrics, since it started."""
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]

    def total(name: str, **labels: str) -> int:
        return int(sum(s.value for s in samples if s.name == f"{PREFIX}_{name}" and labels.items() <= s.labels.items()))

    return (
        f"{total('workflows')} workflows open, {total('workflows', priority='URGENT')} of them URGENT; "
        f"{total('workflows_ended_total', state='COMPLETED')} completed, "
        f"{total('workflows_ended_total', state='FAILED')} failed; "
        f"{total('commands_open')} commands open; {total('input_lag_records')} records behind."
    )


def fetched(url: str) -> tuple[int, str] | None:
    """Status and text; None if nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as response:  # noqa: S310  our own http address
            return response.status, response.read(MAX_BYTES).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(MAX_BYTES).decode(errors="replace")
    except (OSError, HTTPException):
        return None
