"""Hopping windows, ceilings, and risk, compared with the same computed the slow way."""

from hypothesis import given
from hypothesis import strategies as st

from master_orchestrator.behaviour.acts import DAY_MS, HOUR_MS
from master_orchestrator.behaviour.baselines import Greatest, slot_of
from master_orchestrator.behaviour.findings import BehaviourFinding, Rule
from master_orchestrator.behaviour.panes import WINDOWS, Panes
from master_orchestrator.behaviour.risk import Band, band_of, score

MONDAY_NOON_MS = 1_772_452_800_000
"""2026-03-02T12:00:00Z."""

steps = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.booleans()), max_size=60)


@given(steps)
def test_windows_hold_what_was_counted_in_their_panes_and_did_not_alert(moves: list[tuple[int, int, bool]]) -> None:
    panes, counted, alerted, pane = Panes(), dict[int, int](), set[int](), 0
    panes.advance(0)
    for forward, amount, alerts in moves:
        if forward:
            pane += forward
            panes.advance(pane)
        panes.add(amount)
        counted[pane] = counted.get(pane, 0) + amount
        if alerts:
            panes.alert(0)
            alerted.add(pane)
        longer = [
            sum(value for at, value in counted.items() if pane - length < at <= pane and at not in alerted)
            for length in WINDOWS[1:]
        ]
        assert (counted[pane], *longer) == panes.totals()


def test_slots_tell_weekends_and_hours() -> None:
    assert (False, 12) == slot_of(MONDAY_NOON_MS)
    assert (True, 0) == slot_of(MONDAY_NOON_MS + 5 * DAY_MS - 12 * HOUR_MS)
    assert (False, 23) == slot_of(MONDAY_NOON_MS - 3 * DAY_MS + 11 * HOUR_MS)


def test_the_greatest_is_of_the_same_hour_and_forgotten_after_five_weeks() -> None:
    greatest = Greatest()
    greatest.learn(MONDAY_NOON_MS, 7)
    greatest.learn(MONDAY_NOON_MS + 5 * HOUR_MS, 20)
    assert 7 == greatest.same_hour(MONDAY_NOON_MS + DAY_MS + HOUR_MS)
    assert 0 == greatest.same_hour(MONDAY_NOON_MS + DAY_MS + 2 * HOUR_MS)
    assert 20 == greatest.any_hour(MONDAY_NOON_MS + DAY_MS)
    assert 7 == greatest.same_hour(MONDAY_NOON_MS + 6 * DAY_MS)  # a weekend, of which nothing is known yet
    assert 0 == greatest.any_hour(MONDAY_NOON_MS + 36 * DAY_MS)


def finding(severity: float, resource: str = "sms", last_ms: int = 0, rule: Rule = Rule.RATE) -> BehaviourFinding:
    return BehaviourFinding(
        time_ms=0, agent="A", rule=rule, severity=severity, action="send", resource=resource, entity="",
        instance="", explanation="", last_ms=last_ms,
    )  # fmt: skip


def test_the_score_adds_up_fades_and_counts_a_pair_once() -> None:
    assert 81.0 == score([finding(90)], 0)
    assert 40.5 == score([finding(90)], DAY_MS)
    assert 81.0 == score([finding(90), finding(39), finding(90)], 0)
    assert 96.4 == score([finding(90), finding(90, "push")], 0)
    assert 81.0 == score([finding(90), finding(90, "push", rule=Rule.RISK)], 0)
    assert [Band.QUIET, Band.LOW, Band.MODERATE, Band.HIGH, Band.CRITICAL] == [band_of(v) for v in (0, 20, 40, 70, 90)]


@given(st.lists(st.floats(0, 100), max_size=50), st.integers(0, 30 * DAY_MS))
def test_a_score_is_from_0_to_100(severities: list[float], at_ms: int) -> None:
    assert 0 <= score([finding(severity, str(index)) for index, severity in enumerate(severities)], at_ms) <= 100
