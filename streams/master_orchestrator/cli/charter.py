"""`charter check|propose`: who may do what, and the lines that a handler needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.context import invocation
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from master_orchestrator_agents.proposal import ProposedCharter
    from master_orchestrator_schemas.topology import CharterLine, Topology

AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="An agent type, such as DIAGNOSIS.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Who may do what: the charters of topology.yaml.")
    group.command(epilog="Example: master-orchestrator charter check")(check)
    group.command(epilog="Example: master-orchestrator charter propose DIAGNOSIS")(propose)
    app.add_typer(group, name="charter", rich_help_panel="Workflows")


def check(ctx: typer.Context, *, json: JsonOption = False) -> None:
    """Check the charters of the topology and say what they allow whom; a mistake ends with its file, line and key."""
    topology = invocation(ctx).topology
    answer(_value(topology), lambda: _text(topology), as_json=json)


def propose(ctx: typer.Context, agent: AgentArgument, *, json: JsonOption = False) -> None:
    """Print the lines that allow what the agent was seen to do, to be put under `charters` in topology.yaml.

    Run it with `agents --enforce observe` first, which lets everything through. Limits are twice what was seen; remove
    what it should not do. What was denied is listed apart, and no line is proposed for it.
    """
    from master_orchestrator.cli.handlers import agent_type
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.activity import read_activity
    from master_orchestrator_agents.proposal import proposed
    from master_orchestrator_schemas.vocabulary import ActorKind

    call = invocation(ctx)
    name = agent_type(agent)
    with reading("the activity") as progress:
        records = (record for _, record in read_activity(call.reachable_kafka("Activity"), call.topology, progress))
        proposal = proposed(record for record in records if record.actor == f"{ActorKind.AGENT}:{name}")
    answer({"agent": name, **proposal._asdict()}, lambda: _proposed(name, proposal), as_json=json)


def _proposed(name: str, proposal: ProposedCharter) -> str:
    lines = ["charters:", f"  {name}:", *(f"    {line}" for line in proposal.lines)]
    nothing = [f"Nothing that {name} did is on record: it declares no acts (task.access), or has not run."]
    denied = ["# Denied, not proposed:", *(f"#   {each}" for each in proposal.denied)]
    return "\n".join([*(lines if proposal.lines else nothing), *(denied if proposal.denied else [])])


def _value(topology: Topology) -> dict[str, Any]:
    charters = {actor: [_line(line) for line in lines] for actor, lines in topology.charters.items()}
    return {"enforce": topology.ueba.enforce, "observed": list(topology.ueba.observed), "charters": charters}


def _line(line: CharterLine) -> dict[str, Any]:
    written = line.model_dump(mode="json", exclude_defaults=True)
    return {**written, "may": [action.lower() for action in line.may]}


def _text(topology: Topology) -> str:
    let_through = ", ".join(topology.ueba.observed) or "nobody"
    observing = topology.ueba.enforce == "observe"
    head = "Breaches are let through, on record." if observing else f"Breaches are denied; let through: {let_through}."
    rows = [head]
    for actor, lines in topology.charters.items():
        rows.append(f"{actor}")
        rows += [f"  {_sentence(line)}" for line in lines]
    return "\n".join(rows)


def _sentence(line: CharterLine) -> str:
    limits = [
        "of the command's vehicle" if line.scope == "own_vehicle" else "",
        f"at most {line.rows} rows" if line.rows else "",
        f"{line.per_command} times per command" if line.per_command else "",
        f"{line.per_hour} times an hour" if line.per_hour else "",
        "for safety whatever it is held to" if line.safety else "",
    ]
    permission = f"may {' and '.join(action.lower() for action in line.may)} {', '.join(line.of)}"
    return ", ".join([permission, *filter(None, limits)])
