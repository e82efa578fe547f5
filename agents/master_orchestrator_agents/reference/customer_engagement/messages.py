"""What is said, in the customer's language: jinja2 templates in ``templates/<language>/``."""

from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from master_orchestrator_agents.reference.zoned import local_time
from master_orchestrator_schemas.tasks import CustomerEngagementTask
from master_orchestrator_schemas.vocabulary import Priority, Subsystem

LANGUAGES = ("en", "de")

SUBSYSTEMS: dict[str, dict[Subsystem, str]] = {
    "en": {
        Subsystem.COOLING: "cooling system",
        Subsystem.COOLING_SENSOR: "coolant temperature sensor",
        Subsystem.LUBRICATION: "engine oil supply",
        Subsystem.CHARGING: "charging system",
        Subsystem.BATTERY: "battery",
        Subsystem.TYRES: "tyres",
        Subsystem.BRAKES: "brakes",
        Subsystem.TRANSMISSION: "gearbox",
        Subsystem.FUEL_AIR: "fuel and air supply",
        Subsystem.IGNITION: "ignition",
        Subsystem.EMISSIONS: "exhaust cleaning",
        Subsystem.HV_BATTERY: "traction battery",
        Subsystem.OTHER: "vehicle",
    },
    "de": {
        Subsystem.COOLING: "Kühlsystem",
        Subsystem.COOLING_SENSOR: "Kühlmittel-Temperaturfühler",
        Subsystem.LUBRICATION: "Motorölversorgung",
        Subsystem.CHARGING: "Ladesystem",
        Subsystem.BATTERY: "Batterie",
        Subsystem.TYRES: "Reifen",
        Subsystem.BRAKES: "Bremsen",
        Subsystem.TRANSMISSION: "Getriebe",
        Subsystem.FUEL_AIR: "Gemischaufbereitung",
        Subsystem.IGNITION: "Zündung",
        Subsystem.EMISSIONS: "Abgasreinigung",
        Subsystem.HV_BATTERY: "Antriebsbatterie",
        Subsystem.OTHER: "Fahrzeug",
    },
}
"""What customers call the subsystems; components are for the workshop."""


class Messages:
    """Renders the messages."""

    def __init__(self) -> None:
        # Plain text for push, SMS and a call's script: HTML escapes would be read out to the customer.
        self._templates = Environment(
            loader=PackageLoader("master_orchestrator_agents.reference.customer_engagement"),
            autoescape=False,  # noqa: S701  no HTML anywhere
            undefined=StrictUndefined,
        )

    def notice(self, task: CustomerEngagementTask, *, name: str, language: str, zone: str) -> str:
        """The first message: what is wrong and what is asked for; URGENT or unsafe says "stop safely"."""
        urgent = task.priority == Priority.URGENT or not task.safe_to_drive
        return self._render("urgent" if urgent else "planned", task, name, language, zone)

    def details(self, task: CustomerEngagementTask, *, name: str, language: str, zone: str) -> str:
        """The answer to "tell me more"."""
        return self._render("details", task, name, language, zone)

    def _render(self, kind: str, task: CustomerEngagementTask, name: str, language: str, zone: str) -> str:
        spoken = language if language in LANGUAGES else LANGUAGES[0]
        template = self._templates.get_template(f"{spoken}/{kind}.j2")
        words = SUBSYSTEMS[spoken]
        urgent = [finding for finding in task.findings if finding.priority == Priority.URGENT]
        newest = max((finding.at_ms for finding in urgent), default=None)
        limit_ms = min((one.crossing_ms for one in task.findings if one.crossing_ms is not None), default=None)
        text = template.render(
            name=name,
            affected=[words[subsystem] for subsystem in _affected(task)],
            seen_at=None if newest is None else local_time(newest, ZoneInfo(zone)).strftime("%H:%M"),
            limit_on=None if limit_ms is None else local_time(limit_ms, ZoneInfo(zone)),
            hours=sum(operation.labour_hours for operation in task.operations),
            days=None if task.time_to_failure_h is None else max(1, round(task.time_to_failure_h / 24)),
            safe=task.safe_to_drive,
            soon=task.priority == Priority.HIGH,
        )
        return " ".join(text.split())[:2_000]


def _affected(task: CustomerEngagementTask) -> list[Subsystem]:
    """What is named: in an URGENT message what is URGENT first, then the causes, then what has no cause yet."""
    subsystems = {priority: [f.subsystem for f in task.findings if f.priority == priority] for priority in Priority}
    first = subsystems[Priority.URGENT] if task.priority == Priority.URGENT else []
    named = [*first, *(cause.subsystem for cause in task.causes)]
    if task.priority <= Priority.HIGH or not named:
        named += [subsystem for priority in Priority if priority <= task.priority for subsystem in subsystems[priority]]
    return list(dict.fromkeys(named)) or [Subsystem.OTHER]
