"""Readiness and liveness of the engine: what they say is what is so."""

import json
import logging
import socket
import time
import urllib.request
from types import SimpleNamespace
from urllib.error import URLError

import pytest
from faust.types import TP
from support.engine_system import EngineSystem

from master_orchestrator.shell.faust_replacements import EngineConsumerThread
from master_orchestrator.shell.health import QUIET_S, STALLED_S, STUCK_S, EngineHealth, EnginePhase
from master_orchestrator_schemas.health import LIVE, READY, HealthVerdict

PATIENCE_S = 60.0


class Engine:
    """An engine as its health sees it, owning three partitions since 0 s; and the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.phase = EnginePhase(3, 0.0)
        self.timers_alive = True
        self.sending_ticks_since: float | None = None
        self.begun: float | None = None
        self.topic_problems: tuple[str, ...] = ()
        self.health = EngineHealth(self, lambda: self.now)

    def oldest_transaction(self) -> float | None:
        return self.begun

    def at(self, now: float, *, turned: bool = True, fetched: bool = True, silent_s: float = 0.0) -> EngineHealth:
        """The time is ``now``, and these loops have just turned."""
        self.now = now
        if turned:
            self.health.turned()
        if fetched:
            self.health.fetched(silent_s)
        return self.health


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_an_engine_that_fetches_what_it_owns_is_ready(engine: Engine) -> None:
    assert HealthVerdict(ok=True, why="partitions owned and fetched: 3") == engine.at(100).ready()
    assert engine.at(100).live().ok


def test_one_whose_topics_have_changed_is_not_ready_and_says_why(engine: Engine) -> None:
    engine.topic_problems = ("Topic t has 8 partitions", "and another")
    assert HealthVerdict(ok=False, why="Topic t has 8 partitions") == engine.at(100).ready()
    assert engine.at(100).live().ok


def test_one_to_which_the_group_gave_nothing_stands_by_and_is_ready(engine: Engine) -> None:
    engine.phase = EnginePhase(0, 50)
    assert HealthVerdict(ok=True, why="stands by: the partitions are other workers'") == engine.at(60).ready()


def test_what_was_fetched_before_the_assignment_does_not_make_it_ready(engine: Engine) -> None:
    engine.at(49.9)
    engine.phase = EnginePhase(3, 50)
    assert not engine.at(50.1, fetched=False).ready().ok
    assert engine.at(50.2).ready().ok


def test_a_restore_is_not_ready_but_alive_as_long_as_it_may_take(engine: Engine) -> None:
    engine.phase = EnginePhase(None, 100)
    health = engine.at(100 + STALLED_S)
    assert not health.ready().ok
    assert health.live().ok
    assert not engine.at(101 + STALLED_S).live().ok


def test_an_engine_that_fetches_no_more_is_first_not_ready_and_then_not_alive(engine: Engine) -> None:
    engine.at(100)
    assert engine.at(100 + QUIET_S, fetched=False).ready().ok
    waiting = engine.at(101 + QUIET_S, fetched=False)
    assert (False, True) == (waiting.ready().ok, waiting.live().ok)
    assert HealthVerdict(ok=False, why="nothing was fetched for 91 s") == engine.at(101 + STUCK_S, fetched=False).live()


def test_so_is_one_to_which_a_leader_does_not_answer(engine: Engine) -> None:
    assert not engine.at(1_000, silent_s=QUIET_S + 1).ready().ok
    assert not engine.at(1_000, silent_s=STUCK_S + 1).live().ok


def test_nobody_can_have_answered_before_the_assignment(engine: Engine) -> None:
    engine.phase = EnginePhase(3, 995)
    assert engine.at(1_000, silent_s=float("inf")).ready().ok
    assert not engine.at(1_006, silent_s=float("inf")).ready().ok


def test_a_transaction_may_take_its_time_but_not_for_ever(engine: Engine) -> None:
    engine.begun = 100
    assert engine.at(100 + STUCK_S).live().ok
    assert "a transaction has been under way for 91 s" == engine.at(101 + STUCK_S).live().why


def test_an_event_loop_that_stands_still_is_not_alive(engine: Engine) -> None:
    engine.at(100)
    assert not engine.at(101 + STUCK_S, turned=False).live().ok


def test_without_timers_no_wait_would_end(engine: Engine) -> None:
    engine.sending_ticks_since = 100
    assert engine.at(100 + STUCK_S).live().ok
    assert not engine.at(101 + STUCK_S).live().ok
    engine.sending_ticks_since, engine.timers_alive = None, False
    assert not engine.at(102 + STUCK_S).live().ok


class Probe:
    """Asks an engine process over HTTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, path: str) -> tuple[int, str]:
        """(status, why); (0, "") while nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as answer:
                return answer.status, json.loads(answer.read())["why"]
        except urllib.request.HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read())["why"]
        except URLError:
            return 0, ""

    def until(self, path: str, status: int, why: str) -> None:
        """Ask until this is the answer."""
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.ask(path))[0] != status or why not in answer[1]:
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.kafka
def test_an_engine_is_ready_once_restored_and_not_alive_once_stuck(system: EngineSystem) -> None:
    port = free_port()
    probe = Probe(port)
    planted = ["--slow-takeover", "3", "--stuck-after", "6", "--hang-at-commit-of", "car-0"]
    system.start("w1", "--metrics-port", str(port), *planted)
    probe.until(READY, 503, "restores")
    assert (200, "makes progress") == probe.ask(LIVE)
    probe.until(READY, 200, "partitions owned and fetched: 4")
    with system.echo_agents():
        system.request_checks(range(1, 4))
        system.assert_whole(3)
        assert 200 == probe.ask(LIVE)[0]
        system.request_checks(range(1))
        probe.until(LIVE, 503, "a transaction has been under way")


def test_faust_does_not_report_a_lag_as_a_stall(caplog: pytest.LogCaptureFixture) -> None:
    """It looks at its own streams, through which no record goes."""
    lagging = SimpleNamespace(highwater=100, position=10, timestamp=1.0)
    subscription = SimpleNamespace(assignment=SimpleNamespace(state_value=lambda _tp: lagging))
    subscriptions = SimpleNamespace(subscription=subscription)
    thread = object.__new__(EngineConsumerThread)
    vars(thread).update(
        _consumer=SimpleNamespace(_fetcher=SimpleNamespace(_subscriptions=subscriptions)),
        consumer=SimpleNamespace(
            app=SimpleNamespace(
                monitor=SimpleNamespace(stream_inbound_time={}),
                topics=SimpleNamespace(acks_enabled_for=lambda _topic: True),
            )
        ),
        time_started=0.0,
        log=logging.getLogger("thread"),
        _verify_aiokafka_event_path=lambda _now, _tp: False,
        tp_stream_timeout_secs=1.0,
        tp_commit_timeout_secs=1.0,
        tp_last_committed_at={},
    )
    thread.verify_event_path(3_600.0, TP("vehicle.telemetry", 0))
    assert [] == caplog.records
