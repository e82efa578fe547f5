"""docs/contracts.md says what the topology and the schemas say, and its examples work."""

import json
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from master_orchestrator.core.audit_chain import canonical_json, hash_of
from master_orchestrator.readers.reading_check import ReadingCheck
from master_orchestrator_schemas.avro_schemas import schema_versions
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import AuditRecord, CustomerAnswer, ServiceEvent, Telemetry
from master_orchestrator_schemas.messages.telemetry import Dtc
from master_orchestrator_schemas.reasons import DEAD_LETTER_REASONS, REJECTION_REASONS
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.topology.loader import default_path

TEXT = (default_path().parent / "docs" / "contracts.md").read_text(encoding="utf-8")
DAY_MS = 86_400_000
EXAMPLES = default_path().parent / "schemas" / "master_orchestrator_schemas" / "examples"
OPENED = Codec().decode(bytes.fromhex((EXAMPLES / "audit_record.v1.opened.hex").read_text()), AuditRecord)


def rows(name: str) -> list[str]:
    """The lines of the table between the markers of this name, without its head."""
    block = TEXT.split(f"<!-- {name}:")[1].split(f"<!-- end of {name} -->")[0]
    return [line for line in block.splitlines() if line.startswith("| `")]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_table_of_topics_is_the_topology_s(topology: Topology) -> None:
    expected = []
    for name, terms in topology.topics.items():
        kept = "newest per key" if terms.retention_ms is None else f"{terms.retention_ms // DAY_MS}d"
        encoding = "Avro or JSON" if terms.json_allowed else "Avro"
        value = f"{terms.schema_name}, {encoding}" if terms.schema_name else "bytes as they came"
        people = f"{', '.join(terms.producers)} | {', '.join(terms.consumers)}"
        expected.append(f"| `{name}` | {value} | {terms.key} | {people} | {kept} |")

    assert expected == rows("topics")
    assert f"kept {topology.commands.retention_ms // DAY_MS}d" in TEXT


def test_the_prefixes_are_those_of_all_schemas() -> None:
    prefixes = {schema.stem: (b"\xc3\x01" + schema.fingerprint).hex() for schema in schema_versions()}

    assert [f"| `{stem}` | `{prefix}` |" for stem, prefix in prefixes.items()] == rows("prefixes")


@pytest.mark.parametrize("agent", ["javascript_agent/agent.mjs", "go_agent/main.go"])
def test_agents_in_other_languages_read_every_version_of_a_command(agent: str) -> None:
    """One that does not would leave the engine's commands unread: they time out, each with a call for a human."""
    text = (default_path().parent / "examples" / agent).read_text(encoding="utf-8")

    assert [] == [
        schema.stem
        for schema in schema_versions()
        if schema.name == "command" and (schema.stem not in text or f"c301{schema.fingerprint.hex()}" not in text)
    ]


def test_an_auditor_s_hash_is_the_engine_s() -> None:
    """By what the page says, with nothing of the engine's: an example's JSON, keys sorted, without its hash."""
    for file in EXAMPLES.glob("audit_record.*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        record.pop("hash")
        canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        decoded = Codec().decode(bytes.fromhex(file.with_suffix(".hex").read_text()), AuditRecord)
        assert sha256(canonical).hexdigest() == hash_of(decoded)


def test_the_worked_example_of_a_hash_is_the_example_record_s() -> None:
    (canonical,) = blocks("text")
    record = json.loads(canonical)
    (digest,) = re.findall(r"^Its hash is `([0-9a-f]{64})`\.$", TEXT, re.MULTILINE)

    assert sha256(canonical.strip().encode()).hexdigest() == digest
    assert {**record, "hash": digest} == json.loads((EXAMPLES / "audit_record.v1.opened.json").read_text())
    assert digest == OPENED.hash


@given(st.text())
def test_texts_are_escaped_as_the_page_says(text: str) -> None:
    named = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    escaped = "".join(named.get(c) or (f"\\u00{ord(c):02x}" if c < " " else c) for c in text)

    assert f'"actor":"{escaped}",'.encode() in canonical_json(replace(OPENED, actor=text))


def test_the_json_examples_are_read() -> None:
    reading, event, answer = blocks("json")

    assert (116.5, 2450.0, (Dtc(code="P0217"),)) == (
        (read := Codec().decode(reading.encode(), Telemetry, json_allowed=True)).coolant_temp_c,
        read.engine_rpm,
        read.dtcs,
    )
    assert "thermostat" == Codec().decode(event.encode(), ServiceEvent, json_allowed=True).confirmed_cause
    assert 2 == Codec().decode(answer.encode(), CustomerAnswer, json_allowed=True).offer
    assert json.loads(piped())["vehicle_id"] == Codec().decode(piped(), Telemetry, json_allowed=True).vehicle_id


def piped() -> bytes:
    """What the example with kcat sends."""
    return blocks("sh")[0].split("|", 1)[1].split("'")[0].encode()


def test_the_first_examples_open_a_workflow(topology: Topology) -> None:
    for example in (blocks("json")[0].encode(), piped()):
        checked = ReadingCheck(topology).take(example, None, at_ms=1_785_952_800_000)
        assert ("opens", ()) == (checked.verdict, checked.left_out)


def test_the_tables_of_reasons_are_those_of_the_code() -> None:
    for name, reasons in {"dead letter reasons": DEAD_LETTER_REASONS, "rejection reasons": REJECTION_REASONS}.items():
        assert [f"| `{code}` | {reason.meaning} | {reason.remedy} |" for code, reason in reasons.items()] == rows(name)


def test_the_python_example_runs() -> None:
    for block in blocks("python"):
        exec(compile(block, "docs/contracts.md", "exec"), {})  # noqa: S102 - the documentation's own code


def test_the_limits_are_the_topology_s(topology: Topology) -> None:
    assert f"{topology.limits.max_record_bytes // 1024} KiB" in " ".join(TEXT.split())
    assert f"(JSON, {topology.limits.max_depth})" in TEXT
    assert f"{topology.limits.max_items:,} in an array" in TEXT
