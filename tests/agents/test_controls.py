"""What an actor is held to: blocked, throttled to a rate, for a time, for an instance, for some pairs."""

import pytest

from master_orchestrator_agents.controls import BLOCKED_RETRY_S, HeldTo
from master_orchestrator_schemas.messages import Control
from master_orchestrator_schemas.messages.ueba import ControlledPair
from master_orchestrator_schemas.vocabulary import Action, ControlLevel

INSTANCE = "runner@host"


class Clock:
    now_ms = 1_750_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(clock: Clock) -> HeldTo:
    return HeldTo(INSTANCE, clock)


def control(level: ControlLevel, **fields: object) -> Control:
    given = {"since_ms": Clock.now_ms, "by": "ueba", "reason": "test", **fields}
    return Control(actor="agent:FEEDBACK", level=level, **given)  # type: ignore[arg-type]  # as given


def pair(resource: str, per_minute: float | None = None) -> ControlledPair:
    return ControlledPair(action="READ", resource=resource, per_minute=per_minute)


def read(held: HeldTo, resource: str = "survey") -> float | None:
    return held.refused_for_s(Action.READ, resource)


def test_nothing_is_held_back_without_a_control(held: HeldTo) -> None:
    assert read(held) is None
    assert ControlLevel.OBSERVE == held.level


def test_a_block_stops_everything_until_it_is_released(held: HeldTo) -> None:
    held.hold(control(ControlLevel.BLOCK))
    assert [BLOCKED_RETRY_S, BLOCKED_RETRY_S] == [read(held), read(held, "sms")]
    held.hold(control(ControlLevel.OBSERVE))
    assert read(held) is None


def test_a_control_ends_with_its_time(held: HeldTo, clock: Clock) -> None:
    held.hold(control(ControlLevel.BLOCK, until_ms=clock.now_ms + 1_000))
    assert BLOCKED_RETRY_S == read(held)
    clock.now_ms += 1_000
    assert read(held) is None


def test_another_instance_s_control_does_not_concern_this_one(held: HeldTo) -> None:
    held.hold(control(ControlLevel.BLOCK, instance="other@host"))
    assert read(held) is None
    held.hold(control(ControlLevel.BLOCK, instance=INSTANCE))
    assert BLOCKED_RETRY_S == read(held)


def test_a_control_of_some_pairs_leaves_the_others_alone(held: HeldTo) -> None:
    held.hold(control(ControlLevel.BLOCK, pairs=(pair("survey"),)))
    assert (BLOCKED_RETRY_S, None) == (read(held), read(held, "feedback"))


def test_a_throttle_lets_the_usual_rate_through(held: HeldTo, clock: Clock) -> None:
    held.hold(control(ControlLevel.THROTTLE, pairs=(pair("survey", 3.0),)))
    assert [None, None, None] == [read(held) for _ in range(3)]
    assert pytest.approx(20.0) == read(held)
    clock.now_ms += 20_000
    assert read(held) is None
    assert read(held) is not None


def test_in_a_long_time_a_throttle_lets_no_more_through_than_its_rate(held: HeldTo, clock: Clock) -> None:
    held.hold(control(ControlLevel.THROTTLE, pairs=(pair("survey", 2.0),)))
    done = 0
    for _ in range(3_600):
        done += read(held) is None
        clock.now_ms += 1_000
    assert 122 >= done >= 118
