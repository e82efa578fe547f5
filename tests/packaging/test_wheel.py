"""What a user gets from the wheel alone, in a folder that has nothing of the checkout."""

import json
import re
import sysconfig
import zipfile

import pytest
from support.build_hook import WHY_NOT
from support.installed_wheel import ROOT, InstalledWheel, install_wheel

from master_orchestrator.cluster.jars import kafka_home
from master_orchestrator_schemas.binary.form import PURE_VARIABLE

PACKAGES = [
    ROOT / "agents" / "master_orchestrator_agents",
    ROOT / "schemas" / "master_orchestrator_schemas",
    ROOT / "streams" / "master_orchestrator",
]
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
OF_AN_EXTRA = "master_orchestrator_agents.reference.scheduling.demand."
"""What only `schedule forecast` imports; it says itself which extra it needs."""
IMPORT_ALL = f"""
import importlib, pkgutil, sys
for package in map(importlib.import_module, sys.argv[1:]):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(".__main__") and not module.name.startswith({OF_AN_EXTRA!r}):
            importlib.import_module(module.name)
"""
ZONES = """
from zoneinfo import ZoneInfo, reset_tzpath
reset_tzpath(to=[])
print(ZoneInfo("Europe/Berlin"))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> InstalledWheel:
    return install_wheel(tmp_path_factory.mktemp("wheel"))


def test_it_holds_the_packages_and_the_topology_and_nothing_else(wheel: InstalledWheel) -> None:
    in_the_checkout = {
        path.relative_to(folder.parent).as_posix()
        for folder in PACKAGES
        for path in folder.rglob("*")
        if path.is_file()
        and not {"__pycache__", ".ruff_cache", "ruff.toml"} & {*path.parts}
        and path.suffix not in {".pyx", ".so"}
    }
    in_the_wheel = {name for name in zipfile.ZipFile(wheel.file).namelist() if ".dist-info/" not in name}
    compiled = {f"master_orchestrator_schemas/binary/native{SUFFIX}"} if WHY_NOT is None else set()
    assert in_the_checkout | {"master_orchestrator_schemas/topology.yaml"} | compiled == in_the_wheel


def test_its_license_is_in_it(wheel: InstalledWheel) -> None:
    archive = zipfile.ZipFile(wheel.file)
    (license_file,) = (name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
    assert (ROOT / "LICENSE").read_bytes() == archive.read(license_file)


def test_every_module_needs_only_what_the_wheel_asks_for(wheel: InstalledWheel) -> None:
    done = wheel.run("python", "-W", "error", "-c", IMPORT_ALL, *(folder.name for folder in PACKAGES))
    assert (0, "") == (done.returncode, done.stderr)


def test_its_command_explains_itself(wheel: InstalledWheel) -> None:
    done = wheel.run("master-orchestrator", "--help", PYTHONWARNINGS="error")
    assert (0, "") == (done.returncode, done.stderr)
    assert "demo" in done.stdout


@pytest.mark.parametrize("environment", [{}, {PURE_VARIABLE: "1"}], ids=["native", "pure"])
def test_it_says_its_version_and_the_form_of_its_codec(wheel: InstalledWheel, environment: dict[str, str]) -> None:
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    form = "pure" if WHY_NOT is not None or environment else "native"
    assert version
    assert f"{version[1]} ({form} codec)" == wheel.run("master-orchestrator", "--version", **environment).stdout.strip()


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
        *("demo", "--json"),
        MASTER_ORCHESTRATOR_KAFKA_HOME=str(kafka_home().absolute()),
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert json.loads(done.stdout)
    assert [] == list(wheel.folder.iterdir())
