"""What a user gets from the wheel alone, in a folder that has nothing of the checkout."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from installed_wheel import ROOT, InstalledWheel, install_wheel

from master_orchestrator.cluster.jars import kafka_home

ZONES = """
from zoneinfo import ZoneInfo, reset_tzpath
reset_tzpath(to=[])
print(ZoneInfo("Europe/Berlin"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> InstalledWheel:
    return install_wheel(tmp_path_factory.mktemp("wheel"))


def test_it_holds_the_packages_and_what_they_read_and_nothing_else(wheel: InstalledWheel) -> None:
    names = zipfile.ZipFile(wheel.file).namelist()
    kinds = {f"{name.split('/')[0]} {Path(name).suffix}" for name in names if ".dist-info/" not in name}
    assert {
        "master_orchestrator .py",
        "master_orchestrator .typed",
        "master_orchestrator .xml",
        "master_orchestrator_agents .py",
        "master_orchestrator_agents .typed",
        "master_orchestrator_schemas .avsc",
        "master_orchestrator_schemas .py",
        "master_orchestrator_schemas .typed",
        "master_orchestrator_schemas .yaml",
    } == kinds


def test_its_commands_explain_themselves(wheel: InstalledWheel) -> None:
    done = wheel.run("master-orchestrator", "--help", PYTHONWARNINGS="error")
    assert (0, "") == (done.returncode, done.stderr)
    for command in set(re.findall(r"^│ ([a-z]+) ", done.stdout, re.MULTILINE)):
        done = wheel.run("master-orchestrator", command, "--help", PYTHONWARNINGS="error")
        assert (0, "") == (done.returncode, done.stderr), command


def test_its_version_is_the_projects(wheel: InstalledWheel) -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert version[1] == wheel.run("master-orchestrator", "--version").stdout.strip()


def test_the_example_of_the_readme_runs(wheel: InstalledWheel) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    done = wheel.run("python", "-W", "error", "-c", block)
    assert (0, "", "COMPLETED\n") == (done.returncode, done.stderr, done.stdout)


def test_time_zones_need_no_database_of_the_system(wheel: InstalledWheel) -> None:
    done = wheel.run("python", "-W", "error", "-c", ZONES)
    assert (0, "", "Europe/Berlin\n") == (done.returncode, done.stderr, done.stdout)


@pytest.mark.kafka
def test_its_demo_ends_well(wheel: InstalledWheel) -> None:
    done = wheel.run(
        "master-orchestrator",
        *("demo", "--vehicles", "8", "--minutes", "15", "--json"),
        MASTER_ORCHESTRATOR_KAFKA_HOME=str(kafka_home().absolute()),
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert json.loads(done.stdout)
    assert [] == list(wheel.folder.iterdir())
