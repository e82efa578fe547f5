"""One log for everything in a process: structlog's and the standard library's records, on stderr.

What may be shown is seen to by ``log_guard.py``.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from master_orchestrator.log_guard import SafeArguments, Secrets, guard, trace, trace_text
from master_orchestrator.log_repeats import LibraryRepeats
from master_orchestrator.settings import Settings
from master_orchestrator_schemas.kafka import CLIENT_LOG

LIBRARIES = (
    "faust",
    "mode",
    "aiokafka",
    "kafka",
    "asyncio",
    "opentelemetry",
    "master_orchestrator.shell.faust_replacements",
)
"""Their infos are about their own parts, and their debug lines hold whole requests, with log-ins and records. A
subclass of Faust's classes logs Faust's messages under its own module.
"""


def configure_logging(settings: Settings, *, program: str) -> None:
    """Log to stderr at `settings.log_level`; each record names `program`. Call once, first thing in a process."""
    human = settings.log_format == "human" or (settings.log_format == "auto" and sys.stderr.isatty())
    secrets = Secrets()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _named(program),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, guard, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(SafeArguments())
    handler.addFilter(LibraryRepeats((*LIBRARIES, CLIENT_LOG.name)))
    handler.setFormatter(
        _Formatter(
            secrets,
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), guard],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(human=human)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's, with a last look at the line as it is written."""

    def __init__(self, secrets: Secrets, **options: Any) -> None:
        super().__init__(**options)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """One line; with a traceback for people, several."""
        try:
            return self._secrets.masked(super().format(record))
        except Exception as error:  # noqa: BLE001  logging would print the record with all its arguments
            return f"a record of {record.name} could not be written ({type(error).__qualname__})"


def _named(program: str) -> Processor:
    """Every record's program; not a context variable, which other threads would not have."""

    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["program"] = program
        return event

    return name


def _traced(render: Callable[[BaseException], object]) -> Processor:
    """Render `exc_info` by `render`, under `exception`."""

    def trace_of(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        given = event.pop("exc_info", None)
        error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
        if isinstance(error, BaseException):
            event["exception"] = render(error)
        return event

    return trace_of


def _renderers(*, human: bool) -> list[Processor]:
    if human:
        return [_traced(trace_text), structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [
        _traced(trace),
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(default=str),
    ]
