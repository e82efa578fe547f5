"""The command line in this process, where it can do no harm: a folder of its own, no Kafka, no processes, no servers.

An audit hook cannot be taken back: only processes made for a run come here.
"""

import contextlib
import errno
import io
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from fuzz_suite.findings import WrongError
from fuzz_suite.watchdog import cpu_limit, time_limit
from master_orchestrator.cli.main import run
from master_orchestrator.cluster import liveness
from master_orchestrator.errors import kafka_error
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator_schemas.kafka_diagnosis import Config
from master_orchestrator_schemas.kafka_trouble import unreachable

DOCUMENTED = frozenset(ExitCode) - {ExitCode.DIED}
HANG_S = 600.0
HANG_CPU_S = 30.0
MAX_LINE = 3_000
"""Characters of a complaint: it quotes the user's input."""
AS_JSON = '{"error": '
"""How a mistake begins where ``--json`` was asked for."""
REFUSED = frozenset(
    {
        "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill",
        "os.killpg", "socket.connect", "socket.sendto", "webbrowser.open",
    }
)  # fmt: skip
CHANGING = frozenset(
    {
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.chmod",
        "shutil.rmtree",
    }
)
"""Of files: allowed in the sandbox only."""


@dataclass(frozen=True)
class Invoked:
    """What one command line came to."""

    code: int
    out: str
    err: str


class Sandbox:
    """A folder to run command lines in; the working folder, and that of temporary files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "a" / "b" / "c" / "d"
        """So deep that some ``..`` lead nowhere else."""

    def invoke(self, arguments: list[str]) -> Invoked:
        """Run one command line. Raises whatever it raises, and ``HangError``."""
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        try:
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                time_limit(HANG_S),
                cpu_limit(HANG_CPU_S),
            ):
                code = run(arguments)
        except SystemExit as error:  # Typer's own options end like this
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        finally:
            os.environ.clear()
            os.environ.update(before)
            logging.getLogger().handlers.clear()
        return Invoked(code, out.getvalue(), err.getvalue())

    def fresh(self) -> None:
        """An empty working folder."""
        self.clear()
        self.home.mkdir(parents=True)
        os.chdir(self.home)

    def clear(self) -> None:
        """Remove all there is. From within: a removal is told to the hook by names without their folder."""
        os.chdir(self.root)
        for entry in self.root.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def judge(invoked: Invoked) -> None:
    """What holds of every command line: a documented exit code, one line for a mistake, never a traceback."""
    if "Traceback (most recent call last)" in invoked.out + invoked.err:
        raise WrongError("a traceback", invoked.err[-3_000:])
    if invoked.code not in DOCUMENTED:
        raise WrongError("an exit code that is not documented", str(invoked.code))
    if invoked.code not in {ExitCode.MISTAKE, ExitCode.UNAVAILABLE} or (not invoked.err and "Usage: " in invoked.out):
        return
    complaints = [line for line in invoked.err.splitlines() if line.startswith(("Error: ", AS_JSON))]
    if len(complaints) != 1 or len(complaints[0]) > MAX_LINE or not invoked.err.endswith(complaints[0] + "\n"):
        raise WrongError("a mistake is not told in one line", repr(invoked.err[-3_000:]))


@contextlib.contextmanager
def sandbox() -> Iterator[Sandbox]:
    """The sandbox of this process, which is closed off for good."""
    root = _closed_off()
    box = Sandbox(root)
    root.mkdir(exist_ok=True)
    box.fresh()
    try:
        yield box
    finally:
        box.clear()
        os.chdir("/")
        root.rmdir()


@cache
def _closed_off() -> Path:
    """The one folder in which this process may write from now on."""
    root = Path(tempfile.mkdtemp(prefix="fuzz-")).resolve()
    for name in [name for name in os.environ if name.startswith(("KAFKA_", "MASTER_ORCHESTRATOR_"))]:
        del os.environ[name]
    os.environ |= {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "HOME": str(root), "TMPDIR": str(root), "USER": "fuzz"}
    tempfile.tempdir = str(root)
    sys.dont_write_bytecode = True
    liveness.require_kafka = _nobody_answers
    inside = str(root) + os.sep

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in REFUSED:
            _refuse(event, str(arguments[0]) if arguments else "")
        elif event in CHANGING or (event == "open" and _writes(arguments)):
            path = arguments[0]
            if isinstance(path, str | bytes | os.PathLike):
                text = os.path.realpath(os.fsdecode(path))
                if text != str(root) and not text.startswith(inside) and text != os.devnull:
                    _refuse(event, text)

    sys.addaudithook(hook)
    return root


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))


def _refuse(event: str, what: str) -> NoReturn:
    raise PermissionError(errno.EACCES, f"{event} is refused in the sandbox", what)


def _nobody_answers(config: Config, topics: Collection[str] = (), timeout_s: float = 0.0) -> None:
    del topics
    raise kafka_error(unreachable(str(config.get("bootstrap.servers")), f"no answer within {timeout_s:g} s"))
