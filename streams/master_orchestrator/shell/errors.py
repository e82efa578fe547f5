"""Errors of the engine's shell."""

from master_orchestrator.errors import OrchestratorError


class ShellError(OrchestratorError):
    """Base of the shell's errors."""


class FencedError(ShellError):
    """Another worker owns this partition now; this process must end and join the group again."""


class StalledError(ShellError):
    """Faust or its client has stopped fetching without saying so."""


class StateUnreadableError(ShellError):
    """A vehicle's stored state cannot be read: another version of the software wrote it."""


class TableError(ShellError):
    """A partition's table could not be opened, read or written. Nothing is lost: Kafka has all of it."""


class TableDamagedError(TableError):
    """A table's files are broken: it has to be rebuilt from its changelog."""


class TableLockedError(TableError):
    """Another process has the table open."""


class RestoreError(ShellError):
    """A partition's table could not be brought up to its changelog."""
