"""Errors of the engine's shell."""


class ShellError(Exception):
    """Base of the shell's errors."""


class FencedError(ShellError):
    """Another worker owns this partition now; this process must end and join the group anew."""


class StalledError(ShellError):
    """Faust or its client has stopped fetching without saying so."""


class RestoreError(ShellError):
    """A partition's table could not be brought up to its changelog."""
