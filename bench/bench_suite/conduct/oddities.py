"""What is unusual and harmless: nothing of it is worth waking somebody."""

from collections.abc import Callable
from datetime import timedelta

from bench_suite.conduct.life import STEPS, RecordedLife

Oddity = Callable[[RecordedLife, int], None]


def fleet_wakes_up(life: RecordedLife, day: int) -> None:
    """Hundreds of vehicles at once, after an outage of the network."""
    for _ in range(260):
        life.workflow(life.at(day, 6.5) + timedelta(minutes=life.random.uniform(0, 35)))


def service_is_down(life: RecordedLife, day: int) -> None:
    """Retries against a service that does not answer."""
    vehicles = [life.vehicle() for _ in range(120)]
    for number in range(1_800):
        work = life.command("SCHEDULING", vehicles[number % len(vehicles)])
        error = life.random.choice(("UNAVAILABLE", "TIMEOUT"))
        time = life.at(day, 17) + timedelta(seconds=1.5 * number)
        life.act(time, "SCHEDULING", "write", "appointment", outcome="failure", error=error, rows=0, **work)


def new_release(life: RecordedLife, day: int) -> None:
    """All instances of an agent get a new version, which reads twice the history."""
    since = life.at(day, 10)
    life.releases.setdefault("DIAGNOSIS", []).append((since, "2"))
    for line in life.lines:
        if line["agent"] == "DIAGNOSIS" and line["resource"] == "maintenance_history" and line["time"] >= since:
            line["rows"] = min(2 * line["rows"], 60)


def campaign(life: RecordedLife, day: int) -> None:
    """A recall, declared by an operator: many notices to owners without other work for their vehicles."""
    life.act(life.at(day, 9), "operator:ines", "declare", "change_window", entity="CUSTOMER_ENGAGEMENT")
    for number in range(14):
        work = life.command("CUSTOMER_ENGAGEMENT", f"recalled-{life.seed}-{number}")
        time = life.at(day, 9.2) + timedelta(minutes=9 * number)
        for action, resource in (("read", "customer_profile"), ("send", "push")):
            life.act(time, "CUSTOMER_ENGAGEMENT", action, resource, entity=work["command_entity"], **work)


def clocks_change(life: RecordedLife, day: int) -> None:
    """Summer time ends: people come an hour later by UTC from now on."""
    for line in life.lines:
        if line["agent"].startswith("operator:") and line["time"] >= life.at(day, 0):
            line["time"] += timedelta(hours=1)


def new_agent(life: RecordedLife, day: int) -> None:
    """An agent is registered, and begins to work."""
    life.act(life.at(day, 8), "operator:ines", "register", "charter", entity="WARRANTY")
    for number in range(260):
        work = life.command("WARRANTY", life.vehicle())
        time = life.at(day, 8.1) + timedelta(minutes=11 * number)
        for action, resource in (("read", "maintenance_history"), ("write", "capa")):
            life.act(time, "WARRANTY", action, resource, entity=work["command_entity"], **work)


def scale_out(life: RecordedLife, day: int) -> None:
    """Three times the instances."""
    for agent, *_ in STEPS:
        life.instances[agent] *= 3
    for line in life.lines:
        agent = line["agent"]
        if agent in life.instances and line["time"] >= life.at(day, 12):
            line["instance"] = f"{agent.lower()}-{life.random.randrange(life.instances[agent])}"


def repeats_after_a_crash(life: RecordedLife, day: int) -> None:
    """A runner died: its commands are handled again, by another."""
    begin, end = life.at(day, 7.5), life.at(day, 7.9)
    for line in [line for line in life.lines if begin <= line["time"] < end and ":" not in line["agent"]]:
        instance = f"{line['agent'].lower()}-1"
        life.lines.append({**line, "time": line["time"] + timedelta(minutes=4), "instance": instance})


def big_night(life: RecordedLife, day: int) -> None:
    """The nightly job has half as much again to do."""
    for minute in range(8):
        time = life.at(day, 1.5) + timedelta(minutes=18 + minute)
        about = {"entity": life.vehicle(), "rows": 120}
        life.act(time, "MANUFACTURING_QUALITY", "read", "production_register", **about)


ODDITIES: tuple[Oddity, ...] = (
    fleet_wakes_up, service_is_down, new_release, campaign, clocks_change, new_agent, scale_out,
    repeats_after_a_crash, big_night,
)  # fmt: skip
