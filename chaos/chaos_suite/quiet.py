"""When a run has come to rest: every workflow has ended, and nothing is read or written any more."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from confluent_kafka import Consumer, TopicPartition

from chaos_suite.health import SMALL_LAG, HealthWatch, lags
from chaos_suite.system import ChaosSystem
from master_orchestrator.readers.topics import TopicReader
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.errors import DecodeError
from master_orchestrator_schemas.kafka import consumer_config
from master_orchestrator_schemas.messages import Status
from master_orchestrator_schemas.vocabulary import State

ENDED = (State.COMPLETED, State.FAILED)
STILL_S = 8.0
"""Seconds without news on the status topic; longer than the longest wait between two attempts."""
POLL_S = 0.5
TELL_EVERY_S = 30.0


def await_quiet(system: ChaosSystem, watch: HealthWatch, timeout_s: float, say: Callable[[str], None]) -> str:
    """Wait for rest, and tell of it now and then; what was left after ``timeout_s``, empty if nothing."""
    topology = system.topology
    codec, topic = Codec(topology.limits), topology.topic_of("Status")
    open_now: dict[str, State] = {}
    deadline, changed, lag = time.monotonic() + timeout_s, time.monotonic(), watch.lag
    tell_at = time.monotonic() + TELL_EVERY_S
    with closing(TopicReader(system.kafka, [topic], range(topology.partitions))) as reader:
        while time.monotonic() < deadline:
            for message in reader.poll(POLL_S):
                changed = time.monotonic()
                _note(open_now, codec, message.value())
            if watch.lag != lag:  # markers of a gateway's transactions at the end of a log leave a few unread for good
                changed, lag = time.monotonic(), watch.lag
            read = lag is not None and lag <= SMALL_LAG
            if read and not open_now and time.monotonic() - changed > STILL_S and system.healthy():
                return ""
            if time.monotonic() > tell_at:
                say(_told(open_now, watch))
                tell_at = time.monotonic() + TELL_EVERY_S
    return f"{_told(open_now, watch)}; system healthy: {system.healthy()}; open: {sorted(open_now)[:5]}"


def await_judged(system: ChaosSystem, timeout_s: float) -> str:
    """Wait until the ueba app has read all activity; how much was left after ``timeout_s``, empty if nothing."""
    topology = system.topology
    places = [TopicPartition(topology.topic_of("Activity"), number) for number in range(topology.partitions)]
    deadline, behind = time.monotonic() + timeout_s, None
    with closing(Consumer(consumer_config(system.kafka, topology.ueba_app.app_id))) as consumer:
        while time.monotonic() < deadline:
            behind = lags(consumer, places)
            if behind is not None and not any(behind):
                return ""
            time.sleep(POLL_S)
    return f"sessions not judged: {behind}"


def _told(open_now: dict[str, State], watch: HealthWatch) -> str:
    states = ", ".join(f"{count} {state}" for state, count in Counter(open_now.values()).most_common())
    return f"open: {states or 'none'}; lag {watch.lag}"


def _note(open_now: dict[str, State], codec: Codec, value: bytes | None) -> None:
    if value is None:
        return
    try:
        status = codec.decode(value, Status)
    except DecodeError:  # the judge finds it
        return
    if status.state in ENDED:
        open_now.pop(status.workflow_id, None)
    else:
        open_now[status.workflow_id] = status.state
