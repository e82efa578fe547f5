"""What expires does so by the brokers' clock."""

from master_orchestrator_agents.runner.broker_clock import BrokerClock


def test_the_hosts_clock_is_corrected_by_the_brokers() -> None:
    own = 700_000
    clock = BrokerClock(lambda: own)
    assert 700_000 == clock.now_ms()

    clock.observe(100_000)
    own += 5

    assert 100_005 == clock.now_ms()


def test_nothing_expires_before_a_broker_has_told_the_time() -> None:
    clock = BrokerClock(lambda: 700_000)
    assert not clock.is_past(100_000)

    clock.observe(100_000)
    assert [True, False] == [clock.is_past(99_999), clock.is_past(100_000)]
