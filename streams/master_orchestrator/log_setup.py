"""One log for everything in a process: structlog's and the standard library's records, on stderr, secrets masked."""

import logging
import re
import sys
from collections.abc import Mapping

import structlog
import structlog.tracebacks
from structlog.types import EventDict, Processor, WrappedLogger

from master_orchestrator.settings import Settings

SECRET_NAMES = re.compile(r"passw(or)?d|secret|token|credential|api.?key|private.?key|jaas|ssl\.key", re.IGNORECASE)
MASK = "***"
_CHATTY = ("faust", "mode", "aiokafka", "kafka", "master_orchestrator.shell.faust_replacements")
"""Their infos are about their own parts; a subclass of Faust's classes logs Faust's messages under its own module."""


def configure_logging(settings: Settings, *, program: str) -> None:
    """Log to stderr at `settings.log_level`; each record names `program`. Call once, first thing in a process."""
    human = settings.log_format == "human" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _named(program),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, mask_secrets, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), mask_secrets],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(human=human)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    if settings.log_level != "debug":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)


def _named(program: str) -> Processor:
    """Every record's program; not a context variable, which other threads would not have."""

    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["program"] = program
        return event

    return name


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the value of everything whose name sounds like a secret, at any depth of mappings."""
    return _masked(event)


def _masked(mapping: Mapping[str, object]) -> dict[str, object]:
    return {
        key: MASK
        if SECRET_NAMES.search(str(key)) and value is not None
        else _masked(value)
        if isinstance(value, Mapping)
        else value
        for key, value in mapping.items()
    }


def _renderers(*, human: bool) -> list[Processor]:
    if human:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [
        # Without the variables of each frame: they hold vehicles' states, and a secret may be among them.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(default=str),
    ]
