"""A conversation in two languages, from the first push to the rating, while the agents' runner is killed twice."""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.engine_process import EngineProcess

from master_orchestrator import AgentType, MasterOrchestrator, State
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.topology import Topology

pytestmark = pytest.mark.kafka
RUNNER = Path(__file__).parents[1] / "support" / "contact_agents_process.py"
PATIENCE_S = 90
OWNERS = """vehicle_id,name,rank,language,zone,push,email,consents,survey_consents
car-1,Kira,1,de-AT,{zone},kira-app,kira@example.org,push,email
car-1,Asha,2,hi,{zone},asha-app,,push,
"""


class Runner:
    """The process of the agents."""

    def __init__(self, kafka: KafkaSettings, topology: Topology, folder: Path) -> None:
        pickled = folder / "topology.pickle"
        pickled.write_bytes(pickle.dumps(topology))
        self._command = [sys.executable, str(RUNNER), kafka.bootstrap_servers, str(pickled), str(folder)]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(kafka: KafkaSettings, topology: Topology, folder: Path) -> Iterator[tuple[MasterOrchestrator, Runner]]:
    """Engine, agents and a client."""
    engine, runner = EngineProcess(kafka, topology, folder / "engine"), Runner(kafka, topology, folder)
    try:
        engine.start()
        with MasterOrchestrator(kafka=kafka, topology=topology, timeout=PATIENCE_S) as client:
            for agent in AgentType:
                client.register_agent(agent, "remote")
            client.start()
            yield client, runner
    finally:
        runner.kill()
        engine.stop()


def awaited(read: Callable[[], list[Any]], number: int) -> list[Any]:
    """What ``read`` gives once it has that many."""
    deadline = time.monotonic() + PATIENCE_S
    while len(found := read()) < number:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def sent(folder: Path, channel: str = "push") -> list[dict[str, Any]]:
    path = folder / "outbox" / f"{channel}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def noon() -> str:
    """A time zone in which it is about noon, so that nobody sleeps whenever the test runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX counts the hours behind UTC


def test_a_conversation_goes_on_over_the_death_of_its_runner(
    kafka: KafkaSettings, unique_topology: Topology, tmp_path: Path
) -> None:
    (tmp_path / "owners.csv").write_text(OWNERS.format(zone=noon()), encoding="utf-8")
    (tmp_path / "contacts.toml").write_text('owners = "owners.csv"\n', encoding="utf-8")
    with running(kafka, unique_topology, tmp_path) as (client, runner):

        def records(event: str) -> list[Any]:
            trail = client.get_audit_trail(workflow)
            return [json.loads(record["details"]) for record in trail if record["event"] == event]

        workflow = client.receive_vehicle_telemetry("car-1", {"engine_temp": 92.0, "dtcs": ["P0420"]})
        (first,) = awaited(lambda: sent(tmp_path), 1)
        runner.kill()
        runner.start()
        awaited(lambda: records("owner_contacted"), 1)
        assert "kira-app" == first["to"]
        assert first["message"].startswith("Guten Tag Kira, an Ihrem Fahrzeug")

        runner.kill()
        client.report_customer_answer(workflow, "NO_ANSWER", channel="push", contact_id=first["contact_id"])
        runner.start()
        second = awaited(lambda: [line for line in sent(tmp_path) if line["to"] == "asha-app"], 1)[0]
        assert second["message"].startswith("नमस्ते Asha")

        awaited(lambda: records("owner_contacted"), 2)
        client.report_customer_answer(workflow, "NEED_INFO", channel="push", contact_id=second["contact_id"])
        details = awaited(lambda: [line for line in sent(tmp_path) if line["to"] == "asha-app"], 2)[1]
        assert "Asha, हमारी जाँच के अनुसार" in details["message"]

        offers = awaited(lambda: records("owner_contacted"), 3)[1]["result"]["offers"]
        client.report_customer_answer(workflow, "ACCEPT", channel="push", offer=2, contact_id=details["contact_id"])
        booked = client.wait_until(workflow, State.SCHEDULED)
        assert booked["appointment"] is not None
        assert offers[1]["start_ms"] == datetime.fromisoformat(booked["appointment"]["start"]).timestamp() * 1000
        client.report_service_event(workflow, "CHECKED_IN")
        client.report_service_event(workflow, "COMPLETED", note="Katalysator ersetzt")

        (survey,) = awaited(lambda: sent(tmp_path, "email"), 1)
        assert "COMPLETED" == client.wait_until_ended(workflow)["state"]
        assert ("kira@example.org", f"{workflow}/survey") == (survey["to"], survey["contact_id"])
        assert "Wie zufrieden sind Sie mit der Arbeit" in survey["message"]
        client.report_customer_answer(workflow, "RATED", csat=2, nps=3, fixed_right_first_time=False)
        (rated,) = awaited(lambda: records("owner_rated"), 1)
        assert [2, ["OWNER_DISSATISFIED"]] == [rated["csat"], rated["called"]]

        assert 3 == len({line["message_id"] for line in sent(tmp_path)})
        trail = json.dumps(client.get_audit_trail(workflow), ensure_ascii=False, default=str)
        for personal in ("Kira", "Asha", "kira-app", "example.org"):
            assert personal not in trail
