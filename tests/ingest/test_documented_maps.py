"""The maps that the documents show are maps."""

import re
from pathlib import Path

import pytest

from master_orchestrator.ingest.column_map import load_map

TEXT = (Path(__file__).parents[2] / "docs" / "ingest.md").read_text(encoding="utf-8")
MAPS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", MAPS)
def test_a_documented_map_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    column_map = load_map(path)
    assert column_map.ts is not None
