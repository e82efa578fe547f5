"""What a run's topology has otherwise than the project's own."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import yaml

OVERRIDES: Mapping[str, object] = MappingProxyType(
    {
        "partitions": 6,
        "agents": {
            agent: {"reply_within": "15s"}
            for agent in ("DATA_ANALYSIS", "DIAGNOSIS", "SCHEDULING", "MANUFACTURING_QUALITY")
        },
        "lanes": {
            "high": {"max_wait": "2s"},
            "scheduled": {"max_wait": "3s"},
            "routine": {"max_wait": "5s"},
        },
    }
)
"""A third engine takes partitions from the other two: of four, they would keep two each, and leave it none.

A missing reply is noticed within the run, on every lane (16 to 20 s), also where no runner is to be blamed but a
handler that is too slow.

CUSTOMER_ENGAGEMENT and FEEDBACK keep their long deadlines. The simulated customers answer at once, for a later time; a
deadline of minutes would leave most of them unasked. And a command or reply that got lost must show as a workflow that
never ends, not be made good by a time-out.
"""


def chaos_topology(source: Path) -> str:
    """The text of ``source`` with the overrides."""
    return yaml.safe_dump(_merged(yaml.safe_load(source.read_text(encoding="utf-8")), OVERRIDES), sort_keys=False)


def _merged(terms: object, over: object) -> object:
    if not isinstance(terms, Mapping) or not isinstance(over, Mapping):
        return over
    return {**terms, **{name: _merged(terms.get(name), value) for name, value in over.items()}}
