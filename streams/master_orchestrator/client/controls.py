"""What operators and clients are held to: asked for when they are about to change something."""

import threading
import time
from collections.abc import Callable

import structlog

from master_orchestrator.errors import KafkaUnavailableError
from master_orchestrator.readers.actors import read_control
from master_orchestrator_agents.controls import HeldTo
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.messages import Control
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Action

log = structlog.stdlib.get_logger(__name__)

LOOK_EVERY_S = 5.0
"""How old what is known of a control may be: as a runner's."""

NewestControl = Callable[[str], Control | None]
"""The newest control of an actor; None: there never was one."""


class RequestControls:
    """The controls of an operator or a client.

    Reading goes on, so who is held back still sees how things stand. So does what they hand in from vehicles, owners
    and workshops: somebody may be in danger. Thread-safe.
    """

    def __init__(self, actor: str, instance: str, newest: NewestControl) -> None:
        self._actor, self._newest = actor, newest
        self._held_to = HeldTo(instance, lambda: time.time_ns() // 1_000_000)
        self._known: Control | None = None

    def refused_for_s(self, action: Action, resource: str) -> float | None:
        """None: the act may begin. Else the seconds after which it may be tried again."""
        if action in (Action.READ, Action.WRITE):
            return None
        control = self._newest(self._actor)
        if control is not None and control != self._known:
            self._known = control
            self._held_to.hold(control)
        return self._held_to.refused_for_s(action, resource)


class ControlsTopic:
    """The newest controls on a cluster, at most some seconds old. Where they cannot be read, the last known hold.

    Thread-safe.
    """

    def __init__(self, kafka: KafkaSettings, topology: Topology) -> None:
        self._kafka, self._topology = kafka, topology
        self._known: dict[str, tuple[float, Control | None]] = {}
        self._looking = threading.Lock()

    def newest(self, actor: str) -> Control | None:
        """Of this actor; None: none is known."""
        with self._looking:
            looked_at, control = self._known.get(actor, (-LOOK_EVERY_S, None))
            if (now := time.monotonic()) - looked_at >= LOOK_EVERY_S:
                control = self._read(actor, control)
                self._known[actor] = now, control
            return control

    def _read(self, actor: str, known: Control | None) -> Control | None:
        try:
            return read_control(self._kafka, self._topology, actor)
        except KafkaUnavailableError as error:
            log.warning("controls_unknown", actor=actor, error=str(error))
            return known
