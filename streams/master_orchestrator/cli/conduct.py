"""`ueba entities|findings|explain|ack|window|control|release|verify`: what the judge of behaviour says, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from master_orchestrator.cli.context import NothingSuchError, UsageError, invocation
from master_orchestrator.cli.output import JsonOption, answer
from master_orchestrator.exit_codes import ExitCode

if TYPE_CHECKING:
    from master_orchestrator_schemas.messages import ActorRecord, EntityStatus, UebaRequest
    from master_orchestrator_schemas.vocabulary import UebaAction

ActorArgument = Annotated[
    str, typer.Argument(metavar="ACTOR", help="agent:DIAGNOSIS, operator:ada, client:portal …", show_default=False)
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Name of the operator. (default: the current user)", show_default=False)
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the trail.", show_default=False)]
ForOption = Annotated[str, typer.Option("--for", help="For how long: 30min, 2h, 1d.", show_default=False)]
TimeoutOption = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the answer.")]


def register(group: typer.Typer) -> None:
    """Add the commands to the group ``ueba``."""
    group.command(epilog="Example: master-orchestrator ueba entities --json")(entities)
    group.command(epilog="Example: master-orchestrator ueba findings --actor agent:DIAGNOSIS")(findings)
    group.command(epilog="Example: master-orchestrator ueba explain agent:DIAGNOSIS")(explain)
    group.command(epilog='Example: master-orchestrator ueba ack agent:DIAGNOSIS/0 --benign --reason "a recall"')(ack)
    group.command(epilog='Example: master-orchestrator ueba window agent:FEEDBACK --for 2h --reason "survey"')(window)
    group.command(
        epilog='Example: master-orchestrator ueba control client:portal --level block --for 1h --reason "key lost"'
    )(control)
    group.command(epilog='Example: master-orchestrator ueba release agent:DIAGNOSIS --reason "handler mended"')(release)
    group.command(epilog="Example: master-orchestrator ueba verify --replay")(verify)


def entities(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """Every actor with its risk, the highest first."""
    import msgspec

    statuses = _entities(ctx, None)
    answer([msgspec.to_builtins(each) for each in statuses], lambda: _entities_text(statuses), as_json=json)


def findings(
    ctx: typer.Context,
    *,
    actor: Annotated[str | None, typer.Option(help="Only this actor's.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """The findings that are open, the newest first."""
    import msgspec

    from master_orchestrator_schemas.headers import rfc3339

    found = (each for status in _entities(ctx, actor) for each in status.findings)
    shown = sorted(found, key=lambda each: -each.newest_at_ms)

    def text() -> str:
        lines = [
            f"{rfc3339(each.newest_at_ms)} {each.finding_id} {each.rule} {each.severity:.0f}: {each.explanation}"
            for each in shown
        ]
        return "\n".join(lines) or "No finding is open."

    answer([msgspec.to_builtins(each) for each in shown], text, as_json=json)


def explain(ctx: typer.Context, actor: ActorArgument, *, json: JsonOption = False) -> None:
    """Why an actor has its risk: each finding, what it adds, the heaviest sessions, what was done, what you can do."""
    from master_orchestrator.cli.shown import now_ms
    from master_orchestrator.readers.actors import read_actor_trail, read_entity
    from master_orchestrator.readers.explaining import explanation_text, explanation_value

    call = invocation(ctx)
    kafka = call.reachable_kafka("EntityStatus", "ActorRecord")
    with call.on_record("read", "agent_control", actor):
        status = read_entity(kafka, call.topology, actor)
        if status is None:
            raise NothingSuchError(f"nothing is known of {actor}: `ueba entities` lists the actors that are known")
        value = explanation_value(status, read_actor_trail(kafka, call.topology, actor), now_ms())
    answer(value, lambda: explanation_text(value), as_json=json)


def ack(
    ctx: typer.Context,
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Its id, ACTOR/NUMBER.", show_default=False)],
    *,
    benign: Annotated[
        bool, typer.Option("--benign/--confirmed", help="It adds nothing to the risk, or it does not fade.")
    ],
    reason: ReasonOption,
    by: ByOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Close a finding: what is benign is usual from now on. Exit code 2 if that is refused, which is on the record."""
    from master_orchestrator.client.asking import this_user
    from master_orchestrator.client.judge_requests import acknowledgement

    with _checked():
        request = acknowledgement(finding, benign=benign, by=by or this_user(), reason=reason)
    _ask(ctx, request, timeout, as_json=json)


def window(
    ctx: typer.Context,
    actor: ActorArgument,
    *,
    for_: ForOption,
    reason: ReasonOption,
    by: ByOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Declare work: the ceilings of an actor are doubled for a time."""
    from master_orchestrator_schemas.vocabulary import UebaAction

    request = _request(actor, UebaAction.WINDOW, by, reason, duration_ms=_duration(for_))
    _ask(ctx, request, timeout, as_json=json)


def control(
    ctx: typer.Context,
    actor: ActorArgument,
    *,
    level: Annotated[Literal["throttle", "block"], typer.Option(help="How much is let through.", show_default=False)],
    reason: ReasonOption,
    for_: Annotated[str | None, typer.Option("--for", help="For how long; else until released.")] = None,
    instance: Annotated[str | None, typer.Option(help="Only this instance.", show_default=False)] = None,
    by: ByOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Hold an actor back. Safety notices of URGENT or unsafe vehicles pass whatever is blocked."""
    from master_orchestrator_schemas.vocabulary import ControlLevel, UebaAction

    duration_ms = None if for_ is None else _duration(for_)
    held = ControlLevel(level.upper())
    request = _request(actor, UebaAction.CONTROL, by, reason, level=held, duration_ms=duration_ms, instance=instance)
    _ask(ctx, request, timeout, as_json=json)


def release(
    ctx: typer.Context,
    actor: ActorArgument,
    *,
    reason: ReasonOption,
    by: ByOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """End the control of an actor. Nobody releases itself."""
    from master_orchestrator_schemas.vocabulary import UebaAction

    _ask(ctx, _request(actor, UebaAction.RELEASE, by, reason), timeout, as_json=json)


def verify(
    ctx: typer.Context,
    *,
    replay: Annotated[bool, typer.Option("--replay", help="Put the inputs through the rules again, too.")] = False,
    json: JsonOption = False,
) -> None:
    """Check the trails of actors: their chains and, with --replay, that the inputs give the same bytes again.

    Exit code 0: whole. 1: violated, by what is listed. 3: cannot be told, or there is nothing to verify.
    """
    import msgspec

    from master_orchestrator.cli.tables import actors_verdict_text
    from master_orchestrator.readers.verify_actors import verify_actors

    call = invocation(ctx)
    kafka = call.reachable_kafka()
    with call.on_record("read", "audit_log"):
        verdict = verify_actors(kafka, call.topology, replay=replay)
    value = {"outcome": verdict.outcome, **msgspec.to_builtins(verdict)}
    answer(value, lambda: actors_verdict_text(verdict), as_json=json)
    if code := {"whole": ExitCode.DONE, "violated": ExitCode.NO}.get(verdict.outcome, ExitCode.INCONCLUSIVE):
        raise typer.Exit(code)


def _entities(ctx: typer.Context, actor: str | None) -> list[EntityStatus]:
    """Every actor, or this one alone, the highest risk first. Who looked at whom is on record."""
    from master_orchestrator.cli.shown import now_ms
    from master_orchestrator.readers.actors import read_entities
    from master_orchestrator.readers.explaining import as_of

    call = invocation(ctx)
    kafka = call.reachable_kafka("EntityStatus")
    with call.on_record("read", "agent_control", actor):
        statuses = [each for each in read_entities(kafka, call.topology) if actor in (None, each.actor)]
    return sorted((as_of(each, now_ms()) for each in statuses), key=lambda each: (-each.score, each.actor))


def _entities_text(statuses: list[EntityStatus]) -> str:
    from master_orchestrator_schemas.wording import amount

    lines = [
        f"risk {each.score:5.1f} {each.band:8} {each.level.value:8} {amount(each.sessions, 'session'):>18} "
        f"{amount(len(each.findings), 'finding'):>11}  {each.actor}"
        for each in statuses
    ]
    return "\n".join(lines) or "Nothing is known of any actor: does `ueba run` run, and has anything been done?"


@contextmanager
def _checked() -> Iterator[None]:
    """What cannot be asked is a mistake of usage."""
    from master_orchestrator.errors import InvalidRequestError

    try:
        yield
    except InvalidRequestError as error:
        raise UsageError(str(error)) from error


def _request(actor: str, action: UebaAction, by: str | None, reason: str, **fields: object) -> UebaRequest:
    from master_orchestrator.client.asking import this_user
    from master_orchestrator.client.judge_requests import request_about

    with _checked():
        return request_about(actor, action, by=by or this_user(), reason=reason, **fields)


def _ask(ctx: typer.Context, request: UebaRequest, timeout_s: float, *, as_json: bool) -> None:
    import msgspec

    from master_orchestrator.client.judge_requests import ask_judge

    call = invocation(ctx)
    kafka = call.reachable_kafka("UebaRequest", "ActorRecord")
    with call.on_record("admin", "agent_control", request.actor, by=request.by, details=request.action.value.lower()):
        record = ask_judge(kafka, call.topology, request, timeout_s)
    text, code = outcome_of(record)
    answer(msgspec.to_builtins(record), lambda: text, as_json=as_json)
    if code:
        raise typer.Exit(code)


def outcome_of(record: ActorRecord) -> tuple[str, ExitCode]:
    """What the judge's record of a request says, and the command's exit code."""
    from master_orchestrator.client.judge_requests import refusal_of

    why = refusal_of(record)
    outcome = f"Refused: {why}" if why else f"{record.event.replace('_', ' ')}: {record.actor}"
    text = f"{outcome} (on the record as {record.actor}/{record.seq}, by {record.by})"
    return text, ExitCode.MISTAKE if why else ExitCode.DONE


def _duration(text: str) -> int:
    from master_orchestrator_schemas.messages.ueba import MAX_ASKED_MS
    from master_orchestrator_schemas.units import duration, parse_duration

    try:
        asked_ms = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--for: {error}") from None
    if asked_ms > MAX_ASKED_MS:
        raise UsageError(f"--for: {text} is too long; write {duration(MAX_ASKED_MS)} at most")
    return asked_ms
