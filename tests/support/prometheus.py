"""Debian's Prometheus and Alertmanager on this machine, with the files of ``deploy/prometheus``, and a webhook.

Time is shortened: a minute of the rules lasts two seconds, so that what takes a quarter of an hour is seen in half a
minute. Thresholds stay as they are.
"""

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from master_orchestrator.cluster.node_settings import free_port

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
PROGRAMS = ("prometheus", "prometheus-alertmanager")
"""As Debian's packages of these names call them."""

MINUTE_S = 2
SECONDS = {"s": MINUTE_S / 60, "m": MINUTE_S, "h": 60 * MINUTE_S, "d": 24 * 60 * MINUTE_S}
DURATION = re.compile(r"(?<=[\[ ])(\d+)([smhd])(?=[\]\s,}])")
POLL_S = 0.25


class Webhook:
    """Where Alertmanager sends to: the names of alerts that came as firing, and as resolved."""

    def __init__(self) -> None:
        self.firing: set[str] = set()
        self.resolved: set[str] = set()
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhook")

    def __enter__(self) -> "Webhook":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        webhook = self

        class AlertReceiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]:
                    name = alert["labels"]["alertname"]
                    (webhook.firing if alert["status"] == "firing" else webhook.resolved).add(name)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return AlertReceiver


class Prometheus:
    """A running one; made by :func:`observing`."""

    def __init__(self, port: int, webhook: Webhook) -> None:
        self._address, self.webhook = f"http://127.0.0.1:{port}", webhook

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples as of now."""
        address = f"{self._address}/api/v1/query?{urlencode({'query': expression})}"
        with urlopen(address, timeout=10) as answer:  # noqa: S310  our own, on loopback
            samples: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return samples

    def until(self, holds: Callable[[], object], patience_s: float, otherwise: Callable[[], object]) -> None:
        """Wait until something holds; an assertion error that says what is ``otherwise`` after ``patience_s``."""
        deadline = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < deadline, otherwise()
            time.sleep(POLL_S)


@contextmanager
def observing(folder: Path, targets: Mapping[str, int]) -> Iterator[Prometheus]:
    """Prometheus and Alertmanager; ``targets``: the metrics port on loopback of each job that runs."""
    port, alertmanager_port = free_port(), free_port()
    with ExitStack() as stack:
        webhook = stack.enter_context(Webhook())
        _configure(folder, targets, alertmanager_port, webhook.port)
        stack.enter_context(
            _program(
                folder / "prometheus.log",
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--rules.alert.resend-delay=1s",
            )
        )
        stack.enter_context(
            _program(
                folder / "alertmanager.log",
                "prometheus-alertmanager",
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{alertmanager_port}",
                "--cluster.listen-address=",
            )
        )
        prometheus = Prometheus(port, webhook)
        prometheus.until(lambda: _is_ready(port), 30, (folder / "prometheus.log").read_text)
        prometheus.until(lambda: _is_ready(alertmanager_port), 30, (folder / "alertmanager.log").read_text)
        yield prometheus


def shortened(text: str) -> str:
    """The text with every duration in the time of the test."""
    return DURATION.sub(lambda match: f"{max(1, round(int(match[1]) * SECONDS[match[2]]))}s", text)


def _configure(folder: Path, targets: Mapping[str, int], alertmanager_port: int, webhook_port: int) -> None:
    """The files as they are deployed, in the time of the test, with the addresses of the test."""
    for name in ("rules.yml", "alerts.yml"):
        (folder / name).write_text(shortened((FOLDER / name).read_text()))
    routes = shortened((FOLDER / "alertmanager.yml").read_text())
    (folder / "alertmanager.yml").write_text(routes.replace(":9099", f":{webhook_port}"))
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s")
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]
    config["scrape_configs"] = [job for job in config["scrape_configs"] if job["job_name"] in targets]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{targets[job['job_name']]}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))


@contextmanager
def _program(log: Path, *command: str) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
