"""Readiness and liveness of a process over HTTP: ``/ready`` and ``/live`` next to ``/metrics``.

``/ready``: does it do its work, or stand by for it? A rollout waits for it.
``/live``: would a restart do good? A supervisor restarts what says no, and what does not answer.

Both answer 200 or 503, with a line of JSON that says why.
"""

import json
import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, NamedTuple, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

METRICS, READY, LIVE = "/metrics", "/ready", "/live"


class HealthVerdict(NamedTuple):
    """Yes or no, and why: a sentence for people."""

    ok: bool
    why: str


class Health(Protocol):
    """What is asked, from a thread of the HTTP server; computed when asked, and quick."""

    def ready(self) -> HealthVerdict:
        """Whether it does its work, or stands by for it."""

    def live(self) -> HealthVerdict:
        """Whether it makes progress, or has good reason not to."""


def joint(verdicts: Iterable[HealthVerdict]) -> HealthVerdict:
    """Of several parts of a process, no if one says no; with the reasons of those that do, or else of all."""
    collected = list(verdicts)
    relevant = [verdict for verdict in collected if not verdict.ok] or collected
    return HealthVerdict(all(verdict.ok for verdict in collected), "; ".join(dict.fromkeys(v.why for v in relevant)))


class _HealthServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, *_said: object) -> None:
        """Nothing: who asks every second would fill the log."""


def make_http_server(registry: CollectorRegistry, health: Health | None, host: str, port: int) -> WSGIServer:
    """A bound server of ``/metrics`` and, with ``health``, ``/ready`` and ``/live``. Raises ``OSError``."""
    metrics: WSGIApplication = make_wsgi_app(registry)
    checks: dict[str, Callable[[], HealthVerdict]] = {} if health is None else {READY: health.ready, LIVE: health.live}

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == METRICS:
            return metrics(environ, start_response)
        check = checks.get(path)
        if check is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"{' '.join([METRICS, *checks])}\n".encode()]
        verdict = check()
        status = "200 OK" if verdict.ok else "503 Service Unavailable"
        start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        return [json.dumps(verdict._asdict()).encode() + b"\n"]

    return make_server(host, port, answer, _HealthServer, _QuietHandler)
