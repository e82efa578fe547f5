"""`learning show|propose|accept`: what repairs and owners say of rules and causes, and priors that follow."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from master_orchestrator.cli.context import Invocation, UsageError, invocation, moment_before
from master_orchestrator.cli.operate import OperatorOption
from master_orchestrator.cli.output import JsonOption, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from master_orchestrator.core.lessons import Lesson
    from master_orchestrator.learning.precision import Precision
    from master_orchestrator.learning.proportion import Proportion
    from master_orchestrator_schemas.topology import LearningTerms

SinceOption = Annotated[str, typer.Option(metavar="AGE", help="Only what was repaired within this time, as 90d.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(no_args_is_help=True, help="What is learnt from repairs and owners.")
    group.command(epilog="Example: master-orchestrator learning show --since 90d")(show)
    group.command(epilog="Example: master-orchestrator learning propose proposal.json")(propose)
    group.command(epilog='Example: master-orchestrator learning accept proposal.json --reason "90 days of repairs"')(
        accept
    )
    app.add_typer(group, name="learning", rich_help_panel="Workflows")


def show(ctx: typer.Context, since: SinceOption = "90d", *, json: JsonOption = False) -> None:
    """Show how often repairs confirm rules and likeliest causes, and how satisfied owners are.

    Shares have a 95 % interval (Wilson). A rule that is known to be below `learning.precision_floor` is marked.
    """
    call = invocation(ctx)
    lessons = _lessons(call, since)
    value = _figures(lessons, call.topology.learning)
    answer(value, lambda: _tables(value), as_json=json)


def propose(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the proposal.")],
    since: SinceOption = "365d",
    *,
    json: JsonOption = False,
) -> None:
    """Propose priors of DIAGNOSIS that follow what repairs confirmed, within bounds. Nothing changes until `accept`."""
    from master_orchestrator.learning.confirmed import confirmed_causes
    from master_orchestrator_agents.reference.diagnosis.knowledge import load_knowledge
    from master_orchestrator_agents.reference.diagnosis.priors import PriorStore, proposed, with_priors

    call = invocation(ctx)
    lessons = [lesson for lesson in _lessons(call, since) if lesson.result.components]
    store = PriorStore(_file_of(call))
    try:
        newest = store.newest()
    finally:
        store.close()
    knowledge = load_knowledge()
    before = {cause.component: cause.prior for cause in with_priors(knowledge, newest.values).causes}
    priors = proposed(knowledge, confirmed_causes(lessons))
    value = {"base_version": newest.version, "repairs": len(lessons), "since": since, "priors": priors}
    try:
        file.write_text(json_text.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    changes = {name: (before[name], prior) for name, prior in priors.items() if prior != before[name]}
    lines = [f"{name}: {old:g} -> {new:g}" for name, (old, new) in sorted(changes.items())]
    head = f"{len(lessons)} repairs; {len(changes)} priors would change. Accept with: learning accept {file}"
    answer({**value, "changes": changes}, lambda: "\n".join([head, *lines]), as_json=json)


def accept(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proposal that `learning propose` wrote.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.", show_default=False)],
    operator: OperatorOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Put a proposal in force, as the next version: DIAGNOSIS ranks by it from its next task on, and says so.

    It is on record as an act of the operator. A proposal that was made for an older version is refused.
    """
    import time

    from master_orchestrator.client.asking import this_user
    from master_orchestrator_agents.reference.diagnosis.priors import PriorStore

    call = invocation(ctx)
    proposal = _proposal(file)
    with call.on_record("admin", "policy", by=operator):
        store = PriorStore(_file_of(call))
        try:
            version = store.accept(
                proposal["priors"], proposal["base_version"], repairs=proposal["repairs"],
                by=operator or this_user(), reason=reason, at_ms=time.time_ns() // 1_000_000,
            )  # fmt: skip
        except ValueError as error:
            raise UsageError(f"{file}: {error}") from None
        finally:
            store.close()
    answer({"version": version}, lambda: f"Version {version} of the priors is in force.", as_json=json)


def _lessons(call: Invocation, since: str) -> list[Lesson]:
    from master_orchestrator.cli.progress import reading
    from master_orchestrator.readers.lessons import read_lessons

    since_ms = moment_before(since, "--since")
    with call.on_record("read", "audit_log") as access, reading("the audit trail") as progress:
        lessons = read_lessons(call.reachable_kafka("AuditRecord"), call.topology, progress, since_ms)
        access.rows = len(lessons)
    return lessons


def _file_of(call: Invocation) -> Path:
    from master_orchestrator_agents.reference.diagnosis.priors import FILE as PRIORS

    return call.settings.data_dir / "agents" / PRIORS


def _proposal(file: Path) -> dict[str, Any]:
    """The proposal in a file. Raises :class:`UsageError` if it is none, or out of bounds."""
    from master_orchestrator_agents.reference.diagnosis.knowledge import load_knowledge
    from master_orchestrator_agents.reference.diagnosis.priors import out_of_bounds

    try:
        value = json_text.loads(file.read_text(encoding="utf-8"))
        priors = {str(name): float(prior) for name, prior in value["priors"].items()}
        proposal = {"priors": priors, "base_version": int(value["base_version"]), "repairs": int(value["repairs"])}
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(f"{file}: this is not a proposal; write one with learning propose") from None
    if wrong := out_of_bounds(load_knowledge(), priors):
        raise UsageError(f"{file}: not a cause, or its prior is out of bounds: {', '.join(wrong[:5])}")
    return proposal


def _figures(lessons: list[Lesson], terms: LearningTerms) -> dict[str, Any]:
    from master_orchestrator.learning.precision import of_likeliest_cause, of_rules, precision
    from master_orchestrator.learning.satisfaction import satisfaction

    owners = satisfaction(lessons)
    return {
        "repairs": len(lessons),
        "unmapped": sum(lesson.result.unmapped for lesson in lessons),
        "rules": [_row(row, terms) for row in precision(lessons, of_rules)],
        "causes": [_row(row, terms) for row in precision(lessons, of_likeliest_cause)],
        "owners": {
            "rated": owners.rated,
            "csat": _share(owners.csat),
            "nps": None if owners.nps is None else round(owners.nps, 1),
            "fixed_right_first_time": _share(owners.fixed),
            "repeated": list(owners.repeated),
        },
    }


def _row(row: Precision, terms: LearningTerms) -> dict[str, Any]:
    return {
        "name": row.name,
        "labels": dict(row.labels),
        "precision": _share(row.confirmed),
        "below_floor": row.is_below(terms.precision_floor, terms.min_labels),
        "months": {month: _share(share) for month, share in row.months.items()},
    }


def _share(share: Proportion) -> dict[str, Any]:
    low, high = share.interval
    value = None if share.value is None else round(share.value, 3)
    return {"hits": share.hits, "total": share.total, "share": value, "low": round(low, 3), "high": round(high, 3)}


def _tables(value: dict[str, Any]) -> RenderableType:
    from rich.console import Group

    from master_orchestrator.cli.tables import plain_table

    parts: list[RenderableType] = [f"{value['repairs']} repairs, {value['unmapped']} of them with an unmapped text"]
    for kind in ("rules", "causes"):
        table = plain_table(kind[:-1], "labels", "confirmed", "95 %", "by month", "")
        for row in value[kind]:
            months = " ".join(f"{each['share']:.0%}" for each in list(row["months"].values())[-6:])
            mark = "below the floor" if row["below_floor"] and kind == "rules" else ""
            table.add_row(row["name"], str(row["precision"]["total"]), *_shown(row["precision"]), months, mark)
        parts.append(table)
    owners = value["owners"]
    nps = "-" if owners["nps"] is None else f"{owners['nps']:+.0f}"
    satisfied, fixed = (" ".join(_shown(owners[name])) for name in ("csat", "fixed_right_first_time"))
    parts.append(f"Owners: {owners['rated']} rated, satisfied {satisfied}; NPS {nps}; fixed right first time {fixed}")
    parts.append(f"Repeated within 30 days: {', '.join(owners['repeated']) or 'none'}")
    return Group(*parts)


def _shown(share: dict[str, Any]) -> tuple[str, str]:
    value = "-" if share["share"] is None else f"{share['share']:.0%}"
    return value, f"{share['low']:.0%}-{share['high']:.0%}"
