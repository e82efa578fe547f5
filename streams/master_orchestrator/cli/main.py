"""The `master-orchestrator` command: top-level options, the groups of commands, and the one error boundary."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.exceptions import TyperException

from master_orchestrator.cli.context import AnswerIsNoError, Invocation
from master_orchestrator.cli.mistakes import exit_code, one_line, usage_line
from master_orchestrator.cli.output import harmless_text
from master_orchestrator.exit_codes import ExitCode

PROGRAM = "master-orchestrator"
GROUPS = (
    "load", "check_reading", "up", "top", "workers", "inspect", "operate", "bulk_redrive", "campaign", "audit", "ueba",
    "charter", "service", "schedule", "quality", "learning", "dlq", "kafka", "provision",
)  # fmt: skip

EPILOG = (
    "Start with: master-orchestrator demo. Or piece by piece: kafka start, provision, engine, agents, simulate, "
    "each in a terminal of its own; up runs them all."
)


def make_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name=PROGRAM,
        help="Every vehicle's maintenance workflow, on Kafka.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(top_level)
    for group in GROUPS:
        importlib.import_module(f"master_orchestrator.cli.{group}").register(app)
    _unwrap(app)
    return app


def _unwrap(app: typer.Typer) -> None:
    """Typer keeps the line breaks of a docstring's later paragraphs, whatever the terminal's width."""
    for command in app.registered_commands:
        paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _unwrap(group.typer_instance)


def _show_version(requested: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if requested:
        from importlib.metadata import version

        from master_orchestrator_schemas.binary import FORM

        typer.echo(f"{version('master-orchestrator')} ({FORM} codec)")
        raise typer.Exit


def top_level(
    ctx: typer.Context,
    topology: Annotated[
        Path | None, typer.Option(help="topology.yaml to use instead of the packaged one.", show_default=False)
    ] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka's host:port,… (env: KAFKA_BOOTSTRAP_SERVERS)", show_default=False)
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder for the embedded broker and the engine's tables. (default: .data)")
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None, typer.Option(help="How much is logged. (default: info)")
    ] = None,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Every vehicle's maintenance workflow, on Kafka."""
    options = {"topology": topology, "data_dir": data_dir, "log_level": log_level}
    ctx.obj = Invocation({key: value for key, value in options.items() if value is not None}, bootstrap_servers)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; an error that a user can mend is one line on stderr.

    With ``--json`` that line is a JSON object, ``{"error": …, "exit_code": …}``.
    """
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        return int(make_app()(args=arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except TyperException as error:
        return _complain(usage_line(error), ExitCode.MISTAKE, as_json=as_json)
    except AnswerIsNoError as error:
        return _complain(str(error), ExitCode.NO, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough: | head
        sys.stderr.close()
        return ExitCode.DONE
    except Exception as error:
        line = one_line(error)
        if line is None:
            raise
        return _complain(line, exit_code(error), as_json=as_json)


def main() -> None:
    """The console script. Python's own exit code for a traceback is 1, which means something else here."""
    try:
        code = run()
    except Exception:  # noqa: BLE001  a bug: shown, not handled
        traceback.print_exc()
        code = ExitCode.DIED
    sys.exit(code)


def _complain(line: str, code: int, *, as_json: bool) -> int:
    if line:
        text = harmless_text(line)
        shown = json.dumps({"error": text, "exit_code": int(code)}, ensure_ascii=False) if as_json else f"Error: {text}"
        typer.echo(shown, err=True)
    return code
