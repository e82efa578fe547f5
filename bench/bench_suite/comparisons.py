"""The comparisons there are: each a tuple of contenders of some module, ours first."""

from collections.abc import Sequence
from importlib import import_module

from bench_suite.contenders import Contender

COMPARISONS = {
    "stream": (
        "stream_job",
        "STREAM",
        "a keyed job, its load waiting: state and one output per record",
    ),
    "latency": (
        "stream_job",
        "LATENCY",
        "the same job at 300 records/s: input due to output read",
    ),
    "workflows": ("workflow_peers", "WORKFLOWS", "six durable steps and one external event"),
    "start": ("workflow_peers", "START", "command to first completed workflow"),
}
"""Name -> package, the tuple in its module `comparison`, what is compared."""


def contenders(comparison: str) -> Sequence[Contender]:
    """The contenders of a comparison, ours first."""
    package, name, _ = COMPARISONS[comparison]
    loaded: Sequence[Contender] = getattr(import_module(f"bench_suite.{package}.comparison"), name)
    return loaded
