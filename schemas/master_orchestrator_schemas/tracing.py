"""Spans of what became of records, for OpenTelemetry; none unless ``OTEL_TRACES_EXPORTER=otlp``.

Every span of a workflow is a child of the span in which its telemetry or request was sent, by the ``traceparent`` that
all its records carry. No process writes a span id of its own into a record: commands are sent again after a crash with
the same bytes. Names of attributes are those of OpenTelemetry's conventions for messaging, or begin with our own.
"""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from master_orchestrator_schemas.errors import ContractError
from master_orchestrator_schemas.messages import AuditRecord, Command, Reply
from master_orchestrator_schemas.vocabulary import State

if TYPE_CHECKING:  # an extra: what is imported at run time is imported where tracing is on
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

EXPORTER = "OTEL_TRACES_EXPORTER"
OURS = "master_orchestrator"
NS_PER_MS = 1_000_000


class TracingError(ContractError):
    """Traces are asked for in a way that is not possible here."""


class Tracing:
    """Writes spans; those of a trace that is not sampled are dropped by the provider's sampler. Thread-safe."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer(OURS)

    def applied(self, records: Sequence[AuditRecord], traceparent: str | None) -> None:
        """An input was applied, and what it led to is committed: its span, from its arrival in Kafka until now.

        ``records``: its audit records, in order; each is an event of the span.
        """
        from opentelemetry.trace import SpanKind, StatusCode

        if not records or traceparent is None:
            return
        first, last = records[0], records[-1]
        begin_ns = first.at_ms * NS_PER_MS
        span = self._tracer.start_span(
            f"process {first.cause.topic}",
            _parent(traceparent),
            SpanKind.CONSUMER,
            {
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": first.cause.topic,
                "messaging.destination.partition.id": str(first.cause.partition),
                "messaging.kafka.offset": first.cause.offset,
                f"{OURS}.workflow_id": last.workflow_id,
                f"{OURS}.state": last.to_state.value,
            },
            start_time=begin_ns,
        )
        for record in records:
            event = {"from": (record.from_state or ""), "to": record.to_state.value, "reason": record.reason or ""}
            span.add_event(record.event, event, begin_ns)
        if last.to_state is State.FAILED:
            span.set_status(StatusCode.ERROR, last.reason)
        span.end(max(time.time_ns(), begin_ns))  # the brokers' clock may be ahead of this one

    def handled(self, command: Command, reply: Reply, traceparent: str | None) -> None:
        """A handler has just answered a command: its span, as long as the handler took."""
        from opentelemetry.trace import SpanKind, StatusCode

        if traceparent is None:
            return
        end_ns = time.time_ns()
        span = self._tracer.start_span(
            f"handle {command.agent.value}",
            _parent(traceparent),
            SpanKind.CONSUMER,
            {
                f"{OURS}.command_id": command.command_id,
                f"{OURS}.workflow_id": command.workflow_id,
                f"{OURS}.lane": command.priority.lane.value,
                f"{OURS}.worker": reply.worker,
            },
            start_time=end_ns - reply.handled_in_ms * NS_PER_MS,
        )
        if reply.failure is not None:
            span.set_status(StatusCode.ERROR, f"{reply.failure.kind.value}: {reply.failure.error}")
        span.end(end_ns)


def new_traceparent() -> str:
    """A W3C trace context that begins here, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@cache
def tracing_of_process(service: str) -> Tracing | None:
    """What the environment asks for, one per process; see :func:`tracing_from`."""
    return tracing_from(os.environ, service)


def tracing_from(environment: Mapping[str, str], service: str) -> Tracing | None:
    """Traces to an OTLP collector by HTTP, set up by OpenTelemetry's own ``OTEL_*`` variables; None if off.

    ``service``: the name where ``OTEL_SERVICE_NAME`` says none. Raises :class:`TracingError`.
    """
    wanted = environment.get(EXPORTER, "").strip() or "none"
    if wanted == "none":
        return None
    if wanted != "otlp":
        raise TracingError(f"{EXPORTER}={wanted!r} is not possible: say otlp, or none")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingError(f"{EXPORTER}=otlp needs more: pip install 'master-orchestrator[opentelemetry]'") from error
    name = environment.get("OTEL_SERVICE_NAME") or service
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def _parent(traceparent: str) -> "Context":
    """The context that a valid ``traceparent`` names."""
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    _, trace, span, flags = traceparent.split("-")[:4]
    context = SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(context))
