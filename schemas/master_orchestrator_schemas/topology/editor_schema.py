"""The JSON schema of ``topology.yaml``, for editors. ``python -m master_orchestrator_schemas.topology.editor_schema``
writes it into the package; a test holds the file against the model.
"""

import json
from pathlib import Path

from master_orchestrator_schemas.topology.model import Topology

FILE = Path(__file__).resolve().parents[1] / "topology.schema.json"


def editor_schema() -> str:
    """The file's text: durations and sizes are strings with a pattern, as they are written."""
    schema = Topology.model_json_schema(by_alias=True, mode="validation")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(dialect | schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(editor_schema(), encoding="utf-8")
