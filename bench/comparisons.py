"""The comparisons there are: each a tuple of contenders of some module, ours first."""

from collections.abc import Sequence
from importlib import import_module

from contenders import Contender

COMPARISONS = {
    "stream": ("stream_job.comparison", "STREAM", "a keyed job, its load waiting: state and one output per record"),
    "latency": ("stream_job.comparison", "LATENCY", "the same job at 300 records/s: input due to output read"),
    "workflows": ("workflow_peers.comparison", "WORKFLOWS", "six durable steps and one external event"),
    "start": ("workflow_peers.comparison", "START", "command to first completed workflow"),
}
"""Name -> module, its tuple, what is compared."""


def contenders(comparison: str) -> Sequence[Contender]:
    """The contenders of a comparison, ours first."""
    module, name, _ = COMPARISONS[comparison]
    found: Sequence[Contender] = getattr(import_module(module), name)
    return found
