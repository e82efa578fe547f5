"""The public drives of healthy cars raise nothing above ROUTINE, cold starts and crank dips and all."""

from pathlib import Path

import pytest
import yaml
from rich.console import Console

from master_orchestrator.ingest.column_map import ColumnMap
from master_orchestrator.ingest.command import IngestOrder, dry_run, open_all, run_ingest
from master_orchestrator.ingest.dry_run import DryRun
from master_orchestrator.ingest.known_maps import CAROBD
from master_orchestrator.ingest.opening import ReadTerms
from master_orchestrator.ingest.run import IngestSummary
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.vocabulary import Priority

DRIVES = Path(__file__).parents[3] / "shared" / "data" / "telemetry-public"
START_MS = 1_700_000_000_000

pytestmark = pytest.mark.skipif(not DRIVES.is_dir(), reason="the public drives are not next to the repository")


def triaged(topology: Topology, *files: Path, column_map: ColumnMap | None = None) -> tuple[IngestSummary, DryRun]:
    order = IngestOrder(files=files, terms=ReadTerms(default_start_ms=START_MS, column_map=column_map))
    sink = dry_run(topology)
    return run_ingest(order, open_all(order), sink, Console(stderr=True)), sink


def alarms(sink: DryRun) -> list[tuple[str, int]]:
    openings = (opening for opening in sink.openings if opening.priority < Priority.ROUTINE)
    return [(opening.finding.rule, opening.finding.at_ms) for opening in openings if opening.finding]


@pytest.mark.parametrize("rate_hz", [1.0, 2.0])
def test_the_carobd_trips_raise_no_alarm(topology: Topology, rate_hz: float) -> None:
    """At the documented 1 Hz, and at the 2 Hz that the trips' own engine run time speaks for."""
    told = CAROBD.model_dump()
    told["ts"]["rate_hz"] = rate_hz
    column_map = ColumnMap.model_validate(yaml.safe_load(yaml.safe_dump(told, default_flow_style=False)))
    summary, sink = triaged(topology, *sorted(DRIVES.glob("carobd/*.csv.gz")), column_map=column_map)
    assert (49_106, 49_106, 0) == (summary.total("rows"), summary.total("sent"), summary.total("rejected"))
    assert [] == alarms(sink)
    assert 0 == sink.dropped


def test_the_kit_drives_raise_no_alarm_and_none_comes_late(topology: Topology) -> None:
    files = sorted(DRIVES.glob("kit_obd2/*.csv.gz"))
    summary, sink = triaged(topology, *files)
    assert 8 == len(files)
    assert (124_524, 0) == (summary.total("sent"), summary.total("rejected"))
    assert [] == alarms(sink)
    assert 0 == sink.dropped
