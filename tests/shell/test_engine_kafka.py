"""The engine as a process of its own on a real Kafka."""

import signal

import pytest
from confluent_kafka import Producer
from support.engine_system import EngineSystem, ended

from master_orchestrator_schemas.kafka import producer_config
from master_orchestrator_schemas.messages import AuditRecord
from master_orchestrator_schemas.vocabulary import State

pytestmark = pytest.mark.kafka

VEHICLES = 60


def test_requested_checks_go_through_all_states(system: EngineSystem) -> None:
    engine = system.start()
    with system.echo_agents():
        system.request_checks(range(VEHICLES))
        system.assert_whole(VEHICLES)
    assert set(State) - {State.FAILED, State.RETRY} == {r.to_state for r in system.audit.decoded(AuditRecord)}
    assert 0 == engine.stop()


def test_bad_records_become_dead_letters_as_they_came_and_the_rest_goes_on(system: EngineSystem) -> None:
    bad = [b"", b"\xc3\x01short", b"{not json", b'{"vehicle_id": "car-1", "ts_ms": 1, "coolant_temp_c": NaN}']
    bad += [b'{"vehicle_id": "../etc", "ts_ms": 1}', b'{"vehicle_id": "somebody-else", "ts_ms": 1}']
    for value in bad:
        system.sender.send_bytes(system.topology.topic_of("Telemetry"), b"car-1", value)
    system.request_checks(range(1, 2))
    system.start()
    system.status.until(lambda log: len(log.messages) > 0)
    system.dead.until(lambda log: len(log.messages) >= len(bad))
    assert bad == [message.value() or b"" for message in system.dead.messages]
    assert all(dict(message.headers() or [])["dead_letter_reason"] for message in system.dead.messages)


def test_a_record_that_compression_brought_in_oversized_becomes_a_shortened_dead_letter(system: EngineSystem) -> None:
    """The broker bounds the compressed batch: three megabytes of blanks come in, but go back into no topic."""
    huge = b"{" + b" " * 3_000_000
    wide = Producer(producer_config(system.kafka, **{"message.max.bytes": 4_000_000}))
    wide.produce(system.topology.topic_of("Telemetry"), huge, b"car-1")
    assert 0 == wide.flush(10)
    system.request_checks(range(1, 2))
    system.start()
    system.status.until(lambda log: len(log.messages) > 0)
    system.dead.until(lambda log: len(log.messages) == 1)
    (letter,) = system.dead.messages
    assert huge.startswith(letter.value() or b"no")
    assert {"dead_letter_reason": b"oversized", "dead_letter_cut_from": b"3000001"}.items() <= dict(
        letter.headers() or []
    ).items()


@pytest.mark.parametrize("wipe", [False, True], ids=["disk kept", "disk lost"])
def test_a_killed_engine_loses_and_repeats_nothing(system: EngineSystem, *, wipe: bool) -> None:
    engine = system.start()
    with system.echo_agents() as agents:
        for part in range(3):
            system.request_checks(range(part * VEHICLES, (part + 1) * VEHICLES))
            some_more = len(system.audit.messages) + VEHICLES
            system.audit.until(lambda log, enough=some_more: len(log.messages) > enough)  # type: ignore[misc]  # mypy cannot infer a lambda's default
            engine.kill()
            if wipe:
                engine.wipe()
            engine.start()
        system.assert_whole(3 * VEHICLES)
    assert {1} == {len(values) for values in agents.values.values()}, "a command came in two versions"


def test_a_zombie_that_wakes_cannot_write(system: EngineSystem) -> None:
    zombie = system.start("w1")
    with system.echo_agents():
        system.request_checks(range(VEHICLES))
        system.status.until(ended(VEHICLES // 3))
        zombie.signal(signal.SIGSTOP)
        system.start("w2")
        system.request_checks(range(VEHICLES, 2 * VEHICLES))
        system.status.until(ended(2 * VEHICLES))  # once the zombie's session has timed out
        zombie.signal(signal.SIGCONT)
        system.request_checks(range(2 * VEHICLES, 3 * VEHICLES))
        system.assert_whole(3 * VEHICLES)
