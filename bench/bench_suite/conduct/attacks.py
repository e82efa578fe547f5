"""Seventeen families of attacks, each by one actor for some time; what they do varies with the recording's chance."""

from collections.abc import Callable
from datetime import timedelta

from bench_suite.conduct.life import RecordedLife

Attack = tuple[str, float]
"""Who did it, and for how many hours."""
Family = Callable[[RecordedLife, int], Attack]


def _spread(life: RecordedLife, day: int, hour: float, times: int, step_s: float) -> list[timedelta]:
    return [timedelta(days=day, hours=hour, seconds=k * step_s * life.random.uniform(0.7, 1)) for k in range(times)]


def scrape_profiles(life: RecordedLife, day: int) -> Attack:
    """Profiles of one customer after the other, without a command."""
    times, hour = life.random.randint(60, 140), life.random.uniform(0, 21)
    for later in _spread(life, day, hour, times, 20):
        life.act(life.at(0, 0) + later, "CUSTOMER_ENGAGEMENT", "read", "customer_profile", entity=life.vehicle())
    return "CUSTOMER_ENGAGEMENT", times * 20 / 3600


def scrape_slowly(life: RecordedLife, day: int) -> Attack:
    """The same, over most of a day."""
    for later in _spread(life, day, 2, 140, 480):
        life.act(life.at(0, 0) + later, "CUSTOMER_ENGAGEMENT", "read", "customer_profile", entity=life.vehicle())
    return "CUSTOMER_ENGAGEMENT", 19


def dump_history(life: RecordedLife, day: int) -> Attack:
    """One read of thousands of rows, within a command."""
    work = life.command("DIAGNOSIS", life.vehicle(), rows=life.random.randint(900, 9_000))
    life.act(life.within(day, 11), "DIAGNOSIS", "read", "maintenance_history", entity=work["command_entity"], **work)
    return "DIAGNOSIS", 1


def read_policy(life: RecordedLife, day: int) -> Attack:
    """An agent reads what is none of its business."""
    work = life.command("FEEDBACK", life.vehicle())
    life.act(life.within(day, 15), "FEEDBACK", "read", "policy", **work)
    return "FEEDBACK", 1


def delete_trail(life: RecordedLife, day: int) -> Attack:
    """An agent tries to delete the audit trail, and is denied."""
    life.act(life.within(day, 3), "SCHEDULING", "delete", "audit_log", outcome="denied")
    return "SCHEDULING", 1


def stranger(life: RecordedLife, day: int) -> Attack:
    """An agent that nobody has registered."""
    for later in _spread(life, day, life.random.uniform(0, 22), 4, 60):
        life.act(life.at(0, 0) + later, "TELEMETRY_EXPORT", "read", "telemetry", entity=life.vehicle(), rows=500)
    return "TELEMETRY_EXPORT", 1


def operator_at_night(life: RecordedLife, day: int) -> Attack:
    """Somebody with an operator's name cancels workflows in the small hours."""
    for later in _spread(life, day, 1.2, life.random.randint(7, 12), 140):
        life.act(life.at(0, 0) + later, "operator:ines", "cancel", "workflow", entity=life.vehicle())
    return "operator:ines", 1


def cancel_everything(life: RecordedLife, day: int) -> Attack:
    """An operator cancels one workflow after the other, by day."""
    for later in _spread(life, day, 14, 70, 8):
        life.act(life.at(0, 0) + later, "operator:joao", "cancel", "workflow", entity=life.vehicle())
    return "operator:joao", 1


def guess_vehicles(life: RecordedLife, day: int) -> Attack:
    """Vehicles that do not exist are asked for."""
    for number, later in enumerate(_spread(life, day, life.random.uniform(2, 20), 45, 12)):
        guess = {"entity": f"guess-{number}", "outcome": "failure", "error": "NOT_FOUND", "rows": 0}
        life.act(life.at(0, 0) + later, "DIAGNOSIS", "read", "maintenance_history", **guess)
    return "DIAGNOSIS", 1


def try_doors(life: RecordedLife, day: int) -> Attack:
    """A client tries what it may not."""
    for later in _spread(life, day, life.random.uniform(2, 20), 40, 10):
        life.act(life.at(0, 0) + later, "client:insurer", "cancel", "workflow", outcome="denied", rows=0)
    return "client:insurer", 1


def go_in_circles(life: RecordedLife, day: int) -> Attack:
    """One command writes the same again and again."""
    vehicle = life.vehicle()
    work = life.command("SCHEDULING", vehicle)
    for later in _spread(life, day, 9, 40, 2):
        life.act(life.at(0, 0) + later, "SCHEDULING", "write", "appointment", entity=vehicle, **work)
    return "SCHEDULING", 1


def other_customers(life: RecordedLife, day: int) -> Attack:
    """Commands about one vehicle that read and change the profiles of others."""
    for later in _spread(life, day, 16, 12, 200):
        work = life.command("CUSTOMER_ENGAGEMENT", life.vehicle())
        life.act(
            life.at(0, 0) + later, "CUSTOMER_ENGAGEMENT", "write", "customer_profile", entity=life.vehicle(), **work
        )
    return "CUSTOMER_ENGAGEMENT", 1


def send_to_many(life: RecordedLife, day: int) -> Attack:
    """Notices to everybody, without a command."""
    for later in _spread(life, day, life.random.uniform(0, 22), 60, 5):
        life.act(life.at(0, 0) + later, "CUSTOMER_ENGAGEMENT", "send", "push", entity=life.vehicle())
    return "CUSTOMER_ENGAGEMENT", 1


def send_to_one(life: RecordedLife, day: int) -> Attack:
    """One owner gets a notice every few minutes, each with a command of its own."""
    victim = life.vehicle()
    for later in _spread(life, day, 8, 45, 240):
        work = life.command("CUSTOMER_ENGAGEMENT", victim)
        life.act(life.at(0, 0) + later, "CUSTOMER_ENGAGEMENT", "send", "push", entity=victim, **work)
    return "CUSTOMER_ENGAGEMENT", 3


def lose_records(life: RecordedLife, day: int) -> Attack:
    """Records of an instance are taken out."""
    victims = [
        line
        for line in life.lines
        if line["agent"] == "DIAGNOSIS" and line["instance"] == "diagnosis-0" and line["time"] >= life.at(day, 8)
    ]
    min(victims, key=lambda line: line["time"])["lost_before"] = life.random.randint(3, 30)
    return "DIAGNOSIS", 12


def drain_api(life: RecordedLife, day: int) -> Attack:
    """A client reads workflows by the hundred."""
    for later in _spread(life, day, life.random.uniform(1, 21), 400, 4):
        life.act(life.at(0, 0) + later, "client:dispatch", "read", "workflow", entity=life.vehicle())
    return "client:dispatch", 1


def wipe_profiles(life: RecordedLife, day: int) -> Attack:
    """An agent deletes what it may only read and write, from an instance never seen."""
    for later in _spread(life, day, 22, 10, 30):
        copy = {"entity": life.vehicle(), "instance": "customer_engagement-x9"}
        life.act(life.at(0, 0) + later, "CUSTOMER_ENGAGEMENT", "delete", "customer_profile", **copy)
    return "CUSTOMER_ENGAGEMENT", 1


FAMILIES: tuple[Family, ...] = (
    scrape_profiles, scrape_slowly, dump_history, read_policy, delete_trail, stranger, operator_at_night,
    cancel_everything, guess_vehicles, try_doors, go_in_circles, other_customers, send_to_many, send_to_one,
    lose_records, drain_api, wipe_profiles,
)  # fmt: skip
