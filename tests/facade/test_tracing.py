"""With OpenTelemetry, a workflow is one trace, from the reading that opened it to its last effect."""

import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from support.four_agents import four_agents

from master_orchestrator.core.transitions import END_STATES
from master_orchestrator.facade.setup import without_unserved
from master_orchestrator.memory.shell import MemoryShell
from master_orchestrator_schemas.messages import Dtc, Telemetry
from master_orchestrator_schemas.topology import load_topology
from master_orchestrator_schemas.tracing import Tracing, TracingError, tracing_from

TRACE, SENT_IN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
CONTEXT = f"00-{TRACE:032x}-{SENT_IN:016x}"
COOLANT = Telemetry(vehicle_id="car", ts_ms=1_700_000_000_000, dtcs=(Dtc(code="P0217", status=0x08),))


def spans_of_a_failure(traceparent: str | None) -> tuple[ReadableSpan, ...]:
    """What is exported of a workflow that ends when SCHEDULING answers with something that cannot be sent."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    handlers = four_agents(SCHEDULING=lambda _: {"blob": "x" * 300_000})
    shell = MemoryShell(without_unserved(load_topology(), handlers), handlers, max_workers=1, tracing=Tracing(provider))
    shell.start()
    shell._engine.put(COOLANT, traceparent)
    shell.workflows.watch("car~0", lambda status: status.state in END_STATES).result(20)
    shell.stop()
    spans = exporter.get_finished_spans()
    provider.shutdown()
    return spans


def test_a_workflow_is_one_trace_from_telemetry_to_the_last_effect() -> None:
    spans = spans_of_a_failure(f"{CONTEXT}-01")

    assert {(TRACE, SENT_IN)} == {(span.parent.trace_id, span.parent.span_id) for span in spans if span.parent}
    assert {TRACE} == {span.context.trace_id for span in spans if span.context}
    applied = [span for span in spans if span.name.startswith("process ")]
    assert ["process vehicle.telemetry", "process agent.replies"] == list(dict.fromkeys(s.name for s in applied))
    handled = [span.name for span in spans if span.name.startswith("handle ")]
    steps = ("DATA_ANALYSIS", "DIAGNOSIS", "CUSTOMER_ENGAGEMENT", "SCHEDULING")
    assert [f"handle {step}" for step in steps] == handled
    assert {"car~0"} == {(span.attributes or {})["master_orchestrator.workflow_id"] for span in spans}
    assert "workflow_opened" == applied[0].events[0].name
    assert ("FAILED", StatusCode.ERROR, "agent_rejected") == (
        (applied[-1].attributes or {})["master_orchestrator.state"],
        applied[-1].status.status_code,
        applied[-1].status.description,
    )
    assert ["handle SCHEDULING"] == [s.name for s in spans if s not in applied and not s.status.is_ok]
    assert all((span.end_time or 0) >= (span.start_time or 1) for span in spans)


@pytest.mark.parametrize("traceparent", [None, f"{CONTEXT}-00"])
def test_what_is_not_sampled_leaves_no_span(traceparent: str | None) -> None:
    assert () == spans_of_a_failure(traceparent)


def test_traces_are_off_unless_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tracing_from({}, "engine") is None
    assert tracing_from({"OTEL_TRACES_EXPORTER": "none"}, "engine") is None
    with pytest.raises(TracingError, match="'jaeger' is not possible: say otlp, or none"):
        tracing_from({"OTEL_TRACES_EXPORTER": "jaeger"}, "engine")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracingError, match=r"pip install 'master-orchestrator\[opentelemetry\]'"):
        tracing_from({"OTEL_TRACES_EXPORTER": "otlp"}, "engine")
