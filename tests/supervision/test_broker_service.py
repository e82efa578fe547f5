"""The broker as a service: it begins while others load, and its start waits for its answer."""

from pathlib import Path

import pytest

from master_orchestrator.cluster.broker import EmbeddedKafka
from master_orchestrator.cluster.errors import BrokerStartError
from master_orchestrator.cluster.liveness import live_brokers
from master_orchestrator.supervision.services import Broker

pytestmark = pytest.mark.kafka


def test_a_prepared_broker_answers_once_it_is_started_and_ends_though_it_never_was(tmp_path: Path) -> None:
    cluster = EmbeddedKafka(tmp_path)
    broker = Broker(cluster)
    broker.prepare()
    broker.start()
    assert (1, None) == (live_brokers({"bootstrap.servers": cluster.bootstrap_servers}, 5.0), broker.exit_code())
    broker.end(15.0)

    again = Broker(cluster)
    again.prepare()
    again.ask_to_stop()
    again.end(15.0)
    assert not cluster.nodes[0].running


def test_a_prepared_broker_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    cluster = EmbeddedKafka(tmp_path, settings={"num.network.threads": "-1"})
    broker = Broker(cluster)
    with pytest.raises(BrokerStartError, match=r"num\.network\.threads"):  # noqa: PT012 - by one of the two
        broker.prepare()
        broker.start()
