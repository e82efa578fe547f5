"""One record that the load sends, and what must come of it (see :mod:`chaos_suite.load`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from msgspec import structs

from chaos_suite.codes import FaultCode
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Telemetry


class ShotRecord(NamedTuple):
    """A record as it goes out; ``schema`` says which topic it belongs to."""

    key: bytes
    value: bytes | None
    schema: Literal["Telemetry", "ServiceEvent", "Reply"] = "Telemetry"


Write = Callable[[Telemetry, Codec], ShotRecord]
"""How a reading becomes a record: as Avro, as JSON, or spoilt."""


@dataclass(frozen=True)
class Shot:
    """One record of an act.

    Args:
        name: unique in a run; the record carries it in the header ``chaos-shot``.
        after_s: when it is sent, seconds after its act began.
        stamp_ms: the reading's own time, milliseconds after its act began.
        reading: what is sent, but for its time.
        write: how it is written. It follows from the reading alone, so a copy has the same bytes.
        expects: ``finding``, ``check``, ``none`` or ``dead:<reason>``.
        strict: with ``none``: it causes nothing at all.
        given: the names of the shots on whose acknowledgement the expectation depends.
        fault: what the reading reports, if anything.
        copy: it is sent a second time.
        aborted: its transaction is given up.
        opens: meant to open a workflow, where it is not to join one.
    """

    name: str
    after_s: float
    stamp_ms: int
    reading: Telemetry
    write: Write
    expects: str
    strict: bool = False
    given: tuple[str, ...] = ()
    fault: FaultCode | None = None
    copy: bool = False
    aborted: bool = False
    opens: bool = False

    def stamped(self, act_ms: int) -> Telemetry:
        """The reading of an act that began at ``act_ms``."""
        return structs.replace(self.reading, ts_ms=act_ms + self.stamp_ms)


@dataclass(frozen=True)
class Scene:
    """What happens to one vehicle within a few seconds; shots in order of ``after_s``."""

    vehicle: str
    shots: tuple[Shot, ...]

    @property
    def lasts_s(self) -> float:
        """Until its last shot."""
        return self.shots[-1].after_s
