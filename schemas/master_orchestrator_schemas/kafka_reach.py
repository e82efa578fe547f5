"""Whether Kafka can be worked with: told at once to a command, waited for by what is kept running."""

import logging
import threading
import time
from collections.abc import Callable, Collection

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from master_orchestrator_schemas.kafka_diagnosis import (
    Config,
    diagnosed,
    explained,
    no_right,
    topics_missing,
    wrong_setting,
)
from master_orchestrator_schemas.kafka_trouble import Trouble

log = logging.getLogger(__name__)

REACH_S = 10.0
"""How long a broker that neither answers nor refuses is waited for."""
SURE_S = 1.0
"""How long all brokers must be down: a name may have several addresses, which are tried one after the other."""
ATTEMPT_S = 0.2
PAUSE_S = 1.0
SAY_AGAIN_S = 60.0

QUICK = {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}
TOO_EARLY = frozenset({KafkaError._TRANSPORT, KafkaError._TIMED_OUT})


def quiet_admin(config: Config) -> AdminClient:
    """An admin client that does not print each refused connection on stderr, as librdkafka does without a logger."""
    return AdminClient(dict(config), logger=logging.Logger("librdkafka", level=logging.CRITICAL + 1))


def reach(config: Config, topics: Collection[str] = (), timeout_s: float = REACH_S) -> Trouble | None:
    """What keeps a client of ``config`` from working with ``topics``; None where nothing does."""
    heard: list[KafkaError] = []
    try:
        admin = quiet_admin({**config, **QUICK, "error_cb": heard.append})
    except KafkaException as error:
        return wrong_setting(config, error.args[0])
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        try:
            known = admin.list_topics(timeout=max(0.01, min(ATTEMPT_S, timeout_s - waited))).topics
        except KafkaException as error:
            admin.poll(0)  # brings what was heard
            if error.args[0].code() not in TOO_EARLY:
                return explained(config, error.args[0]) or diagnosed(config, heard, timeout_s)
            if waited > timeout_s or (waited > SURE_S and _all_down(heard)) or _hopeless(config, heard):
                return diagnosed(config, heard, timeout_s)
        else:
            missing = [name for name in topics if name not in known]
            return _why_missing(admin, config, missing) if missing else None


def await_kafka(
    config: Config, topics: Collection[str], stopped: threading.Event, during: Callable[[], None] = lambda: None
) -> Trouble | None:
    """Wait until Kafka answers and has ``topics``, as long as it takes. Returns the trouble that waiting cannot cure.

    None when it is there, or ``stopped`` is set. ``during`` is called with each try. What is waited for is logged at
    once, and then every now and then.
    """
    say_at, pause = 0.0, PAUSE_S
    while not stopped.is_set():
        during()
        trouble = reach(config, topics)
        if trouble is None or not trouble.passes:
            return trouble
        if time.monotonic() >= say_at:
            log.warning("waiting for Kafka: %s", trouble.text)
            pause = min(2 * pause, SAY_AGAIN_S)
            say_at = time.monotonic() + pause
        stopped.wait(PAUSE_S)
    return None


def _all_down(heard: Collection[KafkaError]) -> bool:
    return any(error.code() == KafkaError._ALL_BROKERS_DOWN for error in heard)


def _hopeless(config: Config, heard: Collection[KafkaError]) -> bool:
    """Whether trying on cannot help: the broker has said no."""
    troubles = [explained(config, error) for error in heard]
    return any(trouble is not None and not trouble.passes for trouble in troubles)


def _why_missing(admin: AdminClient, config: Config, missing: Collection[str]) -> Trouble:
    """A topic that one has no right to is listed as little as one that is not there."""
    first = min(missing)
    future = admin.describe_topics(TopicCollection([first]), request_timeout=REACH_S)[first]
    error = future.exception()
    if isinstance(error, KafkaException) and error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return no_right(config, f"the topic {first}")
    return topics_missing(config, sorted(missing))
