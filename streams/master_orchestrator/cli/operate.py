"""`redrive` and `cancel`: an operator's requests about one workflow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from master_orchestrator.cli.context import invocation
from master_orchestrator.cli.inspect import HOW_TO_LIST, PANEL, WorkflowArgument, fail, newest_status, standing
from master_orchestrator.cli.output import JsonOption, answer, plain
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator.readers.dead_letters import LetterId
    from master_orchestrator_schemas.messages import OperatorRequest

OperatorOption = Annotated[
    str | None, typer.Option(help="Name of the operator. (default: the current user)", show_default=False)
]
REASON = "Reason, for the audit trail."
ReasonOption = Annotated[str | None, typer.Option(help=REASON)]
NeededReasonOption = Annotated[str, typer.Option("--reason", help=REASON, show_default=False)]
TimeoutOption = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the engine's answer.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without it, only show what would be done.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(rich_help_panel=PANEL, epilog="Example: master-orchestrator redrive truck-7~0 --yes")(redrive)
    app.command(rich_help_panel=PANEL, epilog='Example: master-orchestrator cancel truck-7~0 --reason "sold" --yes')(
        cancel
    )


@dataclass(frozen=True)
class OperatorAct:
    """What is asked of the engine, the word for it, and the dead letters that it closes."""

    request: OperatorRequest
    done: str
    letters: list[LetterId]

    def value(self, **outcome: object) -> dict[str, object]:
        """As JSON, with what came of it."""
        request = {"workflow_id": self.request.workflow_id, "action": self.request.action}
        return {**request, **outcome, "dead_letters": [str(letter) for letter in self.letters]}


def redrive(
    ctx: typer.Context,
    workflow: WorkflowArgument,
    *,
    reason: ReasonOption = None,
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Send a FAILED workflow back to the step it failed in, with fresh retries; exit code 1 if that is rejected.

    The dead letters of the commands that it had given up are closed. For many at once: redrive-failed.
    """
    from master_orchestrator.client.asking import operator_request
    from master_orchestrator.client.given_up import given_up_letters
    from master_orchestrator_schemas.vocabulary import OperatorAction

    _refuse_impossible(workflow)
    call = invocation(ctx)
    letters = given_up_letters(call.reachable_kafka(), call.topology, {workflow})
    request = operator_request(workflow, OperatorAction.REDRIVE, operator=operator, reason=reason)
    _act(ctx, OperatorAct(request, "redriven", letters.get(workflow, [])), timeout, yes=yes, as_json=json)


def cancel(
    ctx: typer.Context,
    workflow: WorkflowArgument,
    *,
    reason: NeededReasonOption,
    operator: OperatorOption = None,
    timeout: TimeoutOption = 30.0,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """End an open workflow as FAILED, cancelled; exit code 1 if that is rejected."""
    from master_orchestrator.client.asking import operator_request
    from master_orchestrator_schemas.vocabulary import OperatorAction

    _refuse_impossible(workflow)
    request = operator_request(workflow, OperatorAction.CANCEL, operator=operator, reason=reason)
    _act(ctx, OperatorAct(request, "cancelled", []), timeout, yes=yes, as_json=json)


def _refuse_impossible(workflow: str) -> None:
    """No engine would answer a request about what cannot be a workflow."""
    from master_orchestrator.readers.topics import vehicle_of
    from master_orchestrator_schemas.messages.telemetry import VEHICLE_ID_PATTERN

    if re.fullmatch(VEHICLE_ID_PATTERN, vehicle_of(workflow)) is None:
        fail(f"no workflow {workflow}: {HOW_TO_LIST}")


def _act(ctx: typer.Context, act: OperatorAct, timeout: float, *, yes: bool, as_json: bool) -> None:
    if yes:
        _request(ctx, act, timeout, as_json=as_json)
    else:
        _preview(ctx, act, as_json=as_json)


def _preview(ctx: typer.Context, act: OperatorAct, *, as_json: bool) -> None:
    from master_orchestrator.cli.sentences import sentence
    from master_orchestrator.readers.reports import workflow_report

    status, trail = standing(ctx, act.request.workflow_id)
    closes = f" It closes the dead letters {', '.join(map(str, act.letters))}." if act.letters else ""
    lines = (
        f"Would be {act.done} by {act.request.operator}: {status.workflow_id}, {status.state}.{closes}",
        sentence(status, trail),
        "Nothing was done: say --yes to do it.",
    )
    value = act.value(acted=False, workflow=plain(workflow_report(status)))
    answer(value, lambda: "\n".join(lines), as_json=as_json)


def _request(ctx: typer.Context, act: OperatorAct, timeout: float, *, as_json: bool) -> None:
    """Ask, tell the answer, close the letters; exit code 1 if the answer is no."""
    from master_orchestrator.client.asking import ask
    from master_orchestrator.client.given_up import close
    from master_orchestrator.ports import rejection_of

    call, request = invocation(ctx), act.request
    kafka = call.reachable_kafka()
    with call.on_record("admin", "workflow", request.vehicle_id, by=request.operator):
        newest_status(ctx, request.workflow_id)  # without one the request could only become a dead letter
        rejection = rejection_of(ask(kafka, call.topology, request, timeout))
    outcome = {"acted": True, "request_id": request.request_id, "accepted": rejection is None, "rejection": rejection}
    text = f"{request.action} of {request.workflow_id}: " + (
        "accepted." if rejection is None else f"rejected, {rejection}"
    )
    answer(act.value(**outcome), lambda: text, as_json=as_json)
    if rejection is not None:
        raise typer.Exit(ExitCode.NO)
    close(call.kafka, call.topology, act.letters, request.operator)
