"""docker-compose.yml without Docker: the Compose Specification's schema, and what the file promises."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from master_orchestrator.cli.main import run

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).with_name("compose_spec") / "compose-spec.json"
VALIDATOR = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("master-orchestrator:")]
ENDS_BY_ITSELF = {"provision", "simulate"}


def test_it_follows_the_compose_specification() -> None:
    VALIDATOR.validate(COMPOSE)


def test_the_schema_would_find_a_mistake() -> None:
    broken = {**COMPOSE, "services": {"engine": {"image": "x", "helthcheck": {}}}}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        VALIDATOR.validate(broken)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root(name: str) -> None:
    assert SERVICES[name]["user"].split(":")[0] not in ("", "0", "root")
    assert ["ALL"] == SERVICES[name]["cap_drop"]
    assert ["no-new-privileges:true"] == SERVICES[name]["security_opt"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ENDS_BY_ITSELF))
def test_every_lasting_service_is_health_checked(name: str) -> None:
    assert "CMD" == SERVICES[name]["healthcheck"]["test"][0]


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert {"127.0.0.1:9092:9092", "127.0.0.1:9090:9090", "127.0.0.1:3000:3000"} == set(published)


@pytest.mark.parametrize("name", OURS)
def test_our_commands_exist_with_these_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == run([*SERVICES[name]["command"], "--help"]), capsys.readouterr().err


def test_an_option_that_does_not_exist_would_be_found() -> None:
    assert 2 == run(["engine", "--no-such-option", "--help"])


def test_grafana_has_no_default_password() -> None:
    assert SERVICES["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_ADMIN_PASSWORD:?")


def test_prometheus_scrapes_what_the_services_serve() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    targets = {
        target for job in config["scrape_configs"] for group in job["static_configs"] for target in group["targets"]
    }
    served = {
        f"{name}:{SERVICES[name]['command'][SERVICES[name]['command'].index('--metrics-port') + 1]}"
        for name in OURS
        if "--metrics-port" in SERVICES[name]["command"]
    }
    assert served == targets


def test_the_files_it_mounts_are_there() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", []) if volume[0] == "."]
    assert [] == [mount for mount in mounts if not (ROOT / mount.split(":")[0]).exists()]


def test_the_image_installs_from_files_that_are_sent_to_the_build() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        words for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE) for words in line.split()[:-1]
    ]
    assert set(copied) == sent
    assert [] == [name for name in copied if not (ROOT / name).exists()]
