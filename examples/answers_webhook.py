"""A webhook for what owners write back: a message gateway posts it, and it becomes an answer or a rating.

    python examples/answers_webhook.py HOST:PORT          # of Kafka; listens on 127.0.0.1:8085

    curl -d '{"contact_id": "car-12~3/CUSTOMER_ENGAGEMENT/0/0", "channel": "sms", "text": "JA"}' http://127.0.0.1:8085

``contact_id`` is that of the message: ``{contact}`` in the transport's URL, or the field in the outbox. Who can
post can answer for any owner: put it behind something that checks the gateway's signature.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from master_orchestrator import AgentType, MasterOrchestrator
from master_orchestrator.errors import EngineSilentError, InvalidRequestError, UnknownWorkflowError

MAX_BYTES = 4_096
WORDS = {
    "ACCEPT": ("YES", "JA", "SÍ", "SI", "हाँ"),
    "DECLINE": ("NO", "NEIN", "नहीं"),
    "RESCHEDULE": ("LATER", "SPÄTER", "TARDE", "बाद में"),
    "NEED_INFO": ("MORE", "MEHR", "MÁS", "MAS", "और"),
    "OPT_OUT": ("STOP", "STOPP"),  # codespell:ignore
}
ANSWERS: dict[str, Any] = {word: answer for answer, words in WORDS.items() for word in words}


SURVEY = "/survey"
"""How the ``contact_id`` of a survey ends."""


def answer_in(text: str, *, survey: bool = False) -> tuple[Any, dict[str, Any]]:
    """The answer, and what belongs to it. Raises ``ValueError`` where the text is none."""
    said = text.strip().rstrip(".!").upper()
    answer = ANSWERS.get(said)
    if survey:
        return ("OPT_OUT", {"purpose": "feedback"}) if answer == "OPT_OUT" else ("RATED", _rating(said))
    if said in {"1", "2", "3"}:
        return "ACCEPT", {"offer": int(said)}
    if answer is None:
        raise ValueError(f"{text!r} is neither the number of an offer nor one of {', '.join(ANSWERS)}")
    return answer, {}


def _rating(said: str) -> dict[str, Any]:
    """``YES 5 10``: whether it is fixed, how satisfied the owner is, whether the owner would recommend it."""
    match said.split():
        case [fixed, csat, nps] if ANSWERS.get(fixed) in {"ACCEPT", "DECLINE"} and csat.isdecimal() and nps.isdecimal():
            return {"fixed_right_first_time": ANSWERS[fixed] == "ACCEPT", "csat": int(csat), "nps": int(nps)}
    raise ValueError(f"{said!r} is not a rating such as YES 5 10")


def webhook(orchestrator: MasterOrchestrator, port: int = 8085) -> ThreadingHTTPServer:
    """The server; ``serve_forever()`` runs it. 204: the engine has the answer; 202: it will; 4xx: why not, as text."""

    class Webhook(BaseHTTPRequestHandler):
        """One request is one answer."""

        def do_POST(self) -> None:
            """Take it in, and say what became of it."""
            try:
                _report(orchestrator, json.loads(self._posted()))
            except EngineSilentError:  # it is durable, and will be applied
                self._reply(202)
            except UnknownWorkflowError as error:
                self._reply(404, str(error))
            except (InvalidRequestError, ValueError, KeyError, TypeError, AttributeError) as error:
                self._reply(400, str(error))
            else:
                self._reply(204)

        def _posted(self) -> bytes:
            size = int(self.headers.get("Content-Length") or 0)
            if not 0 <= size <= MAX_BYTES:
                raise ValueError(f"Content-Length is {size}, at most {MAX_BYTES} is read")
            return self.rfile.read(size)

        def _reply(self, code: int, text: str = "") -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base's
            """Nothing: an answer is about a person."""

    return ThreadingHTTPServer(("127.0.0.1", port), Webhook)


def _report(orchestrator: MasterOrchestrator, posted: dict[str, Any]) -> None:
    contact_id = str(posted["contact_id"])
    is_survey = contact_id.endswith(SURVEY)
    answer, fields = answer_in(str(posted["text"]), survey=is_survey)
    if not is_survey:
        fields["contact_id"] = contact_id
    workflow_id = contact_id.partition("/")[0]
    orchestrator.report_customer_answer(workflow_id, answer, channel=posted.get("channel"), **fields)


def main() -> None:
    """Take answers in until Ctrl-C."""
    with MasterOrchestrator(bootstrap_servers=sys.argv[1]) as orchestrator:
        for agent in AgentType:
            orchestrator.register_agent(agent, "remote")
        orchestrator.start()
        with webhook(orchestrator) as server:
            server.serve_forever()


if __name__ == "__main__":
    main()
