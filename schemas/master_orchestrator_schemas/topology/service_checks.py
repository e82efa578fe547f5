"""What has to hold within ``service_plans``: plans and items that are named exist."""

from collections.abc import Iterator

from master_orchestrator_schemas.topology.conduct_checks import nearest
from master_orchestrator_schemas.topology.service_plans import ServicePlanTerms, VehicleException

Problem = tuple[tuple[str, ...], str]
SECTION = "service_plans"


def service_problems(terms: ServicePlanTerms) -> Iterator[Problem]:
    """Everything that is wrong with the plans, in the file's order."""
    for model, plan in terms.models.items():
        if plan not in terms.plans:
            yield (SECTION, "models", model), f"{plan} is not in plans; {nearest(plan, terms.plans)}"
    for vehicle, exception in terms.vehicles.items():
        yield from _exception_problems(terms, (SECTION, "vehicles", vehicle), exception)
    if terms.bundle_within_ms < terms.open_ahead_ms:
        yield (SECTION, "bundle_within"), "is below open_ahead, so nothing would go along; raise it"


def _exception_problems(
    terms: ServicePlanTerms, path: tuple[str, ...], exception: VehicleException
) -> Iterator[Problem]:
    if exception.plan is not None and exception.plan not in terms.plans:
        yield (*path, "plan"), f"{exception.plan} is not in plans; {nearest(exception.plan, terms.plans)}"
        return
    if exception.plan is None and not terms.models:
        yield path, f"has no plan, as models names none; write plan: {' or '.join(terms.plans) or 'NAME'}"
    plans = terms.plans.values() if exception.plan is None else [terms.plans[exception.plan]]
    items = {name: item for plan in plans for name, item in plan.items()}
    for item in exception.items:
        if item not in items:
            yield (*path, "items", item), f"is in no plan of this vehicle; {nearest(item, items)}"
