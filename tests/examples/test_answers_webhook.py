"""The webhook: it understands every word that the messages ask for, and says what it did not understand."""

import http.client
import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import master_orchestrator_agents.reference.customer_engagement as messages
from master_orchestrator import AgentType, MasterOrchestrator, State

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(messages.__file__).parent / "templates"
ASKED = re.compile(r"\b[A-ZÄÖÜÁÉÍÓÚ]{2,}\b|हाँ|नहीं|बाद में|और(?= लिखकर)")


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("answers_webhook", ROOT / "examples" / "answers_webhook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXAMPLE = loaded()


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.glob("*/*.j2")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_word_that_a_message_asks_for_is_understood(template: Path) -> None:
    text = re.sub(r"\{[{%].*?[%}]\}", " ", template.read_text("utf-8"))
    words = set(ASKED.findall(text))
    assert len(words) >= 2
    assert words <= EXAMPLE.ANSWERS.keys()


def test_what_is_written_becomes_an_answer_or_a_rating() -> None:
    assert ("ACCEPT", {"offer": 2}) == EXAMPLE.answer_in(" 2 ")
    assert ("RESCHEDULE", {}) == EXAMPLE.answer_in("Später.")
    assert ("OPT_OUT", {"purpose": "feedback"}) == EXAMPLE.answer_in("Stop", survey=True)
    rating = {"fixed_right_first_time": False, "csat": 2, "nps": 0}
    assert ("RATED", rating) == EXAMPLE.answer_in("nein 2 0", survey=True)
    for text, survey in (("maybe", False), ("4", False), ("ja", True), ("ja fünf 5", True), ("", True)):
        with pytest.raises(ValueError, match=r"is (neither|not)"):
            EXAMPLE.answer_in(text, survey=survey)


@pytest.fixture
def orchestrator() -> Iterator[MasterOrchestrator]:
    def contact(task: Any) -> dict[str, object]:
        return {"channel": "sms", "waits_until_ms": task.issued_at_ms + 3_600_000}

    with MasterOrchestrator() as made:
        for agent in AgentType:
            made.register_agent(agent, contact if agent is AgentType.CUSTOMER_ENGAGEMENT else lambda _: {})
        made.start()
        yield made


def test_what_is_posted_reaches_the_workflow(orchestrator: MasterOrchestrator) -> None:
    workflow = orchestrator.receive_vehicle_telemetry("car-1", {"engine_temp": 92.0, "dtcs": ["P0420"]})
    orchestrator.wait_until(workflow, State.CUSTOMER_ENGAGEMENT)
    contact = f"{workflow}/CUSTOMER_ENGAGEMENT/0/0"
    with EXAMPLE.webhook(orchestrator, 0) as server:
        threading.Thread(target=server.serve_forever).start()

        def post(body: object) -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
            connection.request("POST", "/", json.dumps(body) if not isinstance(body, str) else body)
            response = connection.getresponse()
            said = response.status, response.read().decode()
            connection.close()
            return said

        try:
            assert (400, True) == ((wrong := post({"contact_id": contact, "text": "hm"}))[0], "neither" in wrong[1])
            assert [400] * 3 == [post(body)[0] for body in ("{", "[]", {"text": "JA"})]
            assert 404 == post({"contact_id": "nobody~1/x", "text": "JA"})[0]
            assert (204, "") == post({"contact_id": contact, "text": "JA", "channel": "sms"})
            assert "COMPLETED" == orchestrator.wait_until_ended(workflow)["state"]
            assert (204, "") == post({"contact_id": f"{workflow}/survey", "text": "JA 5 9"})
            assert 400 == post({"contact_id": contact, "text": "JA"})[0]
        finally:
            server.shutdown()
    events = [record["event"] for record in orchestrator.get_audit_trail(workflow)]
    assert "owner_rated" in events
