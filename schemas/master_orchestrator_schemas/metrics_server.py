"""The HTTP endpoint of a process: its metrics, and whether it is ready and alive."""

from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Protocol, Self

from master_orchestrator_schemas.health import Health, make_http_server
from master_orchestrator_schemas.metrics import Metrics


class _MetricsServer(Protocol):
    """What is used of the HTTP server that prometheus_client starts."""

    server_port: int

    def shutdown(self) -> None: ...

    def server_close(self) -> None: ...


@dataclass
class MetricsServer:
    """A running ``/metrics`` endpoint; a context manager that stops it."""

    port: int
    _server: _MetricsServer = field(repr=False)
    _thread: Thread = field(repr=False)

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_metrics_server(
    metrics: Metrics, port: int, host: str = "127.0.0.1", *, health: Health | None = None
) -> MetricsServer:
    """Serve ``metrics`` on ``http://host:port/metrics`` from a daemon thread; port 0 takes a free one.

    With ``health`` also ``/ready`` and ``/live``, see ``health.py``. Loopback by default: to make it reachable
    says so. Raises ``OSError`` when the port is taken.
    """
    server = make_http_server(metrics.registry, health, host, port)
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    return MetricsServer(server.server_port, server, thread)
