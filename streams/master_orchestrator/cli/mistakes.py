"""Which errors are a user's to mend, the one line each is shown as, and the exit code it leads to."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from typer.exceptions import TyperException

from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

MAX_MESSAGE = 1_000
"""Characters of a mistake."""
OF_THE_CALL = frozenset(
    {
        errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EROFS,
        errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENAMETOOLONG, errno.ELOOP,
    }
)  # fmt: skip
"""What an OSError says that a call with other arguments would not meet. A full disk, say, is not one of them."""


def usage_line(error: TyperException) -> str:
    """What is wrong with a command line, and where its help is; empty where the help itself has been shown."""
    text = _joined(error.format_message())
    context = getattr(error, "ctx", None)
    if not (text and context):
        return text
    stop = "" if text.endswith((".", "?", "!")) else "."
    return f"{text}{stop} See '{context.command_path} --help'."


def one_line(error: Exception) -> str | None:
    """The line to show for an error of ours or of the surroundings; None for a bug, which keeps its traceback."""
    from confluent_kafka import KafkaException
    from pydantic import ValidationError

    from master_orchestrator.errors import OrchestratorError, SettingsError

    match error:
        case OrchestratorError():
            return _joined(str(error))
        case ValidationError() if error.title.endswith("Settings"):
            return _joined(str(SettingsError.of(error)))
        case KafkaException():
            return _of_kafka(error.args[0])
        case OSError() if error.filename:
            return f"{error.filename}: {error.strerror}"
        case OSError() if error.errno == errno.EADDRINUSE:
            return (
                "The port is in use by another program: give another one (--metrics-port), or none (up --no-metrics)."
            )
    return None


def exit_code(error: Exception) -> ExitCode:
    """What an error with a line of its own ends the process with."""
    from confluent_kafka import KafkaException

    from master_orchestrator.client.redriving import OvertakenError
    from master_orchestrator.cluster.errors import BrokerStartError, JarsError
    from master_orchestrator.errors import (
        EngineSilentError,
        KafkaUnavailableError,
        MetricsSilentError,
        UnreadableRecordError,
        WaitTimeoutError,
    )
    from master_orchestrator.ingest.errors import DeliveryError
    from master_orchestrator_agents.errors import RunnerError

    match error:
        case KafkaUnavailableError() | KafkaException() | EngineSilentError() | WaitTimeoutError() | DeliveryError():
            return ExitCode.UNAVAILABLE
        case BrokerStartError() | JarsError() | OvertakenError() | MetricsSilentError():
            return ExitCode.UNAVAILABLE
        case RunnerError() | UnreadableRecordError():
            return ExitCode.DIED
        case OSError() if error.errno not in OF_THE_CALL:
            return ExitCode.DIED
    return ExitCode.MISTAKE


def _of_kafka(error: KafkaError) -> str:
    from master_orchestrator_schemas.kafka_diagnosis import explained

    given = {"bootstrap.servers": "the cluster", "sasl.username": os.environ.get("KAFKA_SASL_USERNAME")}
    trouble = explained(given, error)
    return f"Kafka: {_joined(error.str())}" if trouble is None else trouble.text


def _joined(text: str) -> str:
    """One line, of what a reader takes in: it quotes what the user gave, however much that was."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_MESSAGE else f"{line[:MAX_MESSAGE]}…"
