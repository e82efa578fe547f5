"""Which keys ``topology.yaml`` may have at a place, by the model's own schema."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

MAX_NAMED = 3


def instead(model: type[BaseModel], path: tuple[str, ...]) -> str:
    """What to write in place of the unknown key at the end of ``path``."""
    known = _keys(model.model_json_schema(by_alias=True, mode="validation"), path[:-1])
    close = get_close_matches(path[-1], known, n=MAX_NAMED, cutoff=0.6)
    if close:
        return f"write {' or '.join(close)}, or remove it"
    return f"remove it; known are {', '.join(known)}" if known else "correct its spelling or remove it"


def _keys(schema: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    here = [schema]
    for part in path:
        here = [below for each in here for below in _below(_forms(each, schema), part)]
    return [key for each in here for form in _forms(each, schema) for key in form.get("properties", {})]


def _forms(node: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The node itself, or what it refers to or chooses from."""
    if "$ref" in node:
        return _forms(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    chosen = [form for kind in ("anyOf", "oneOf", "allOf") for form in node.get(kind, ())]
    return [node, *(form for each in chosen for form in _forms(each, schema))]


def _below(forms: list[Mapping[str, Any]], part: str) -> list[Mapping[str, Any]]:
    """The schemas of a key or list entry."""
    named = [form.get("properties", {}).get(part) for form in forms]
    other = [form.get(kind) for form in forms for kind in ("additionalProperties", "items")]
    other += [below for form in forms for below in form.get("patternProperties", {}).values()]
    return [each for each in (named if any(named) else other) if isinstance(each, Mapping)]
