"""Reading ``topology.yaml``: every mistake names its key and its line."""

import os
from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.plain_yaml import MAX_CHARACTERS, KeyPath, YamlError, read_yaml
from master_orchestrator_schemas.topology.checks import problems
from master_orchestrator_schemas.topology.known_keys import instead
from master_orchestrator_schemas.topology.model import Topology
from master_orchestrator_schemas.units import shown

ENVIRONMENT = "MASTER_ORCHESTRATOR_TOPOLOGY"
"""Names the file to load where the caller names none."""

MAX_SHOWN = 300
"""Characters of a key or a problem that an error shows."""


SAID = {
    "missing": "is missing; add it",
    "value_error": "{error}",
    "tuple_type": "is {given}; write a list",
    "dict_type": "is {given}; write keys and values, or {{}} for none",
    "string_type": "is {given}; write a text, in quotes where YAML takes it for something else",
    "string_pattern_mismatch": "{given} should match pattern {pattern}; correct it",
    "too_long": "has {count} entries; write {max_length} at most",
    "too_short": "has {count} entries; write {min_length} at least",
}
"""What a kind of mistake is called, and what to do; of the others, pydantic's words are told."""


class TopologyError(ContractError):
    """The topology cannot be used. ``key`` is the dotted path of the wrong key, ``line`` its line (from 1)."""

    def __init__(self, source: str, problem: str, *, key: str = "", line: int | None = None) -> None:
        self.source, self.problem, self.key, self.line = source, problem, key, line
        place = source if line is None else f"{source}:{line}"
        super().__init__(": ".join(part for part in (place, _said(key), _said(problem)) if part))


def _said(text: str) -> str:
    """The text on one line: keys and values come as the file has them, line breaks and terminal codes included."""
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))
    return line if len(line) <= MAX_SHOWN else f"{line[:MAX_SHOWN]}…"


def load_topology(path: Path | None = None, *, environment: Mapping[str, str] | None = None) -> Topology:
    """The checked topology of ``path``, else of ``MASTER_ORCHESTRATOR_TOPOLOGY``, else the one that came along.

    Raises:
        TopologyError: the file cannot be read, or is wrong; one line that says where and what to do.
    """
    file = topology_file(path, environment=environment)
    return parse_topology(topology_text(file), source=str(file))


def topology_file(path: Path | None = None, *, environment: Mapping[str, str] | None = None) -> Path:
    """``path``, else what ``MASTER_ORCHESTRATOR_TOPOLOGY`` names, else the one that came along."""
    named = (os.environ if environment is None else environment).get(ENVIRONMENT)
    return path or (Path(named) if named else default_path())


def topology_text(file: Path) -> str:
    """What the file holds, or more than can be one of ours. Raises :class:`TopologyError`."""
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise TopologyError(str(file), f"cannot be read: {reason}; name another with {ENVIRONMENT}") from error


def default_path() -> Path:
    """The packaged copy in an installed wheel, the repository's file in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "topology.yaml"
    return packaged if packaged.exists() else package.parents[1] / "topology.yaml"


def parse_topology(text: str, *, source: str = "topology.yaml") -> Topology:
    """The checked topology of a YAML text. Raises :class:`TopologyError`."""
    try:
        content, lines = read_yaml(text)
    except YamlError as error:
        raise TopologyError(source, error.problem, key=".".join(error.path), line=error.line) from error
    try:
        topology = Topology.model_validate(content)
    except ValidationError as error:
        raise _first([_problem_of(dict(entry)) for entry in error.errors()], lines, source) from error
    if wrong := list(problems(topology)):
        raise _first(wrong, lines, source)
    return topology


def _problem_of(entry: dict[str, Any]) -> tuple[KeyPath, str]:
    """Key path and text of one pydantic error."""
    path = tuple(str(part) for part in entry["loc"] if part != "[key]")
    if entry["type"] == "extra_forbidden":
        return path, f"is an unknown key; {instead(Topology, path)}"
    given, told = shown(entry["input"]), entry.get("ctx", {})
    said = SAID.get(entry["type"], f"{entry['msg'][0].lower()}{entry['msg'][1:]}, not {{given}}; correct it")
    count = len(entry["input"]) if isinstance(entry["input"], Sized) else 0
    return path, said.format_map({**told, "given": given, "count": count})


def _first(wrong: list[tuple[KeyPath, str]], lines: Mapping[KeyPath, int], source: str) -> TopologyError:
    path, problem = wrong[0]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    known = [lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines]
    return TopologyError(source, problem + more, key=".".join(path), line=known[0] if known else None)
