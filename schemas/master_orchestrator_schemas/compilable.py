"""The schemas for tools that compile a folder together: ``python -m master_orchestrator_schemas.compilable OUT``.

Each released file stands alone, so ``Anomaly``, ``RankedCause`` and ``Operation`` are defined in more than one, which
such a tool (``avro-tools compile schema OUT classes``) refuses. Here each name is defined in the first file, by name,
and referred to in the later ones. Nothing changes on the wire: a fingerprint is that of the released file.
"""

import json
import sys
from pathlib import Path
from typing import Any

from master_orchestrator_schemas.avro_schemas import NAMESPACE, SchemaVersion, schema_versions

NAMED = ("record", "enum", "fixed")


def compilable() -> dict[str, Any]:
    """File name -> definition, in the order in which they have to be read; of each message the newest version."""
    newest: dict[str, SchemaVersion] = {schema.name: schema for schema in schema_versions()}
    known: set[str] = set()
    return {f"{schema.name}.avsc": _once(schema.definition, known) for _, schema in sorted(newest.items())}


def _once(schema: Any, known: set[str]) -> Any:
    """The schema, with what has been defined before it referred to by name."""
    if isinstance(schema, list):
        return [_once(branch, known) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in NAMED:
        name = f"{schema.get('namespace', NAMESPACE)}.{schema['name']}"
        if name in known:
            return name
        known.add(name)
    return {key: _inner(key, value, known) for key, value in schema.items()}


def _inner(key: str, value: Any, known: set[str]) -> Any:
    if key == "fields":
        return [{**field, "type": _once(field["type"], known)} for field in value]
    return _once(value, known) if key in ("type", "items", "values") else value


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, definition in compilable().items():
        (folder / name).write_text(json.dumps(definition, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
