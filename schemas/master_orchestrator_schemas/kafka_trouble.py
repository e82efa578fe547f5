"""What can keep a client from working with Kafka."""

from enum import StrEnum
from typing import NamedTuple


class TroubleKind(StrEnum):
    """What is the matter."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """The broker is there, and does not let this client do what it wants."""
    TOPICS_MISSING = "topics_missing"
    SETTING = "setting"
    """A KAFKA_* variable that no client can start with."""


class Trouble(NamedTuple):
    """One reason, as a sentence. ``passes``: it may go away without anybody changing a setting."""

    kind: TroubleKind
    text: str
    passes: bool = False


def unreachable(servers: str, why: str) -> Trouble:
    """No broker at ``servers`` answers."""
    return Trouble(
        TroubleKind.UNREACHABLE,
        f"no Kafka broker answers at {servers} ({why}): check KAFKA_BOOTSTRAP_SERVERS, or start a broker with "
        "'master-orchestrator kafka start'",
        passes=True,
    )
