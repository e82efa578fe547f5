"""The Grafana dashboards, from one list of panels. `python deploy/dashboards.py` writes them; a test compares.

Every panel has a title, a description, a unit, legends and a link to a page of documents. None of them subtracts a
counter of ends from a counter of openings: what is open is asked of the engine. Counters of rare events show 0, as
their known series start there; where those are dozens, only what has happened is shown (``seen``).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
DOCUMENTS = "${documents}/"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
P = "master_orchestrator_"
ENGINE = 'job="engine",instance=~"$instance"'
AGENT = 'agent=~"$agent",lane=~"$lane"'
WIDTH = 24


@dataclass(frozen=True)
class Panel:
    """One panel: ``queries`` are (expression, legend); ``page`` is the document it links to."""

    title: str
    says: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    page: str = "metrics.md"
    kind: str = "timeseries"
    width: int = 8

    def model(self, number: int, x: int, y: int) -> dict[str, Any]:
        """Grafana's JSON."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.says,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": 8 if self.kind == "timeseries" else 4},
            "fieldConfig": {"defaults": {"unit": self.unit, "min": 0}, "overrides": []},
            "links": [{"title": self.page, "url": DOCUMENTS + self.page, "targetBlank": True}],
            "targets": [
                {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
                for index, (expression, legend) in enumerate(self.queries)
            ],
        }


def stat(title: str, says: str, unit: str, expression: str, page: str = "metrics.md") -> Panel:
    """One number."""
    return Panel(title, says, unit, ((expression, title),), page, "stat", 4)


def rate(name: str, by: str = "", where: str = "") -> str:
    """Per second, over the interval that fits the screen; ``by`` labels."""
    group = f" by ({by})" if by else ""
    return f"sum{group} (rate({P}{name}{{{where}}}[$__rate_interval]))"


def seen(expression: str) -> str:
    """Only series above 0: of the many that start at 0 the legend could not be read."""
    return f"{expression} > 0"


def quantile(share: float, name: str, by: str = "", where: str = "") -> str:
    """A quantile of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {rate(name + '_bucket', labels, where)})"


# fmt: off
OVERVIEW = [
    stat("Open workflows", "From the engines' tables; right after a restart too.", "short", f"sum({P}workflows)"),
    stat("Open, URGENT", "Vehicles that may not be safe to drive.", "short", f'sum({P}workflows{{priority="URGENT"}}) or vector(0)'),
    stat("Oldest URGENT command", "Without a reply, of agents that do not wait for people.", "s",
         f'max({P}commands_oldest_seconds{{lane="urgent"}} and on (agent) {P}lane_bound_seconds) or vector(0)', "runbooks/UrgentWaiting.md"),
    stat("Oldest input", "How old the oldest reading, reply or request that is not applied can be.", "s",
         f"max({P}input_oldest_seconds)", "runbooks/InputLagging.md"),
    stat("Engines ready to work", "Engines that own partitions.", "short", f'count({P}owned_partitions{{job="engine"}} > 0) or vector(0)', "runbooks/EngineDown.md"),
    stat("Calls for a human, 24 h", "Alerts that the engine has written.", "short", f"sum(increase({P}alerts_total[24h]))", "operations.md"),
    Panel("Workflows opened", "By priority.", "ops", ((rate("workflows_opened_total", "priority"), "{{priority}}"),)),
    Panel("Workflows ended", "By end and reason.", "ops", ((rate("workflows_ended_total", "state, reason"), "{{state}} {{reason}}"),), "runbooks/WorkflowsFailingBurn.md"),
    Panel("Service levels: bad share", "Over an hour: URGENT commands picked up after 2 s; workflows that FAILED.", "percentunit",
          (("mo:urgent_pickup:bad_ratio_rate1h", "urgent pick-up"), ("mo:workflows_ok:bad_ratio_rate1h", "workflows failed")), "runbooks/UrgentPickupBurn.md"),
    Panel("Readings", "Accepted, and ignored as late or repeated.", "ops", ((rate("readings_total", "outcome"), "{{outcome}}"),)),
    Panel("Dead letters", "By topic and reason.", "ops", ((seen(rate("dead_letters_total", "topic, reason")), "{{topic}} {{reason}}"),), "runbooks/DeadLettersGrowing.md"),
    Panel("Calls for a human", "By kind.", "short", ((f"sum by (kind) (increase({P}alerts_total[$__rate_interval]))", "{{kind}}"),), "operations.md"),
]
WORKFLOWS = [
    Panel("Open by state", "From the engines' tables.", "short", ((f'sum by (state) ({P}workflows{{priority=~"$priority"}})', "{{state}}"),)),
    Panel("Open by priority", "From the engines' tables.", "short", ((f"sum by (priority) ({P}workflows)", "{{priority}}"),)),
    Panel("Transitions", "Moves per second, by the state they lead to.", "ops", ((rate("transitions_total", "to_state"), "{{to_state}}"),)),
    Panel("Time in a state, p95", "When it is left.", "s", ((quantile(0.95, "state_seconds", "state", 'priority=~"$priority"'), "{{state}}"),)),
    Panel("Time to the end, p50 and p95", "From opening.", "s",
          ((quantile(0.5, "workflow_seconds", "state", 'priority=~"$priority"'), "p50 {{state}}"),
           (quantile(0.95, "workflow_seconds", "state", 'priority=~"$priority"'), "p95 {{state}}"))),
    Panel("Retries", "Steps that went to RETRY.", "ops", ((seen(rate("retries_total", "agent, reason")), "{{agent}} {{reason}}"),), "runbooks/AgentErrors.md"),
    Panel("Redrives", "By operators, by the step.", "short", ((f"sum by (agent) (increase({P}redrives_total[$__rate_interval]))", "{{agent}}"),), "operations.md"),
    Panel("Campaigns", "Work on vehicles, by what became of it.", "short", ((f"sum by (became) (increase({P}campaign_work_total[$__rate_interval]))", "{{became}}"),), "campaigns.md"),
    Panel("Regular service", "Items, by what became of them: their workflow opened, or they joined one, or a workshop did them.", "short", ((f"sum by (became) (increase({P}service_items_total[$__rate_interval]))", "{{became}}"),), "service.md"),
    Panel("Precision of rules", "What repairs confirm of their findings, 30 days.", "percentunit", (("mo:rule_precision:ratio30d", "{{rule}}"), (f"max({P}rule_precision_floor_ratio)", "floor")), "runbooks/RuleImprecise.md"),
    Panel("Labels of rules", "From repairs, 30 days; below what is needed a rule is not judged.", "short", ((seen("mo:rule_labels:increase30d"), "{{rule}}"), (f"max({P}rule_labels_needed)", "needed")), "learning.md"),
    Panel("Causes confirmed", "Of those that DIAGNOSIS held likeliest, 30 days, by what repairs said.", "short", ((f"sum by (label) (increase({P}cause_labels_total[30d]))", "{{label}}"), (f"sum(increase({P}unmapped_repairs_total[30d]))", "unmapped")), "learning.md"),
    Panel("Ratings", "Of owners, 30 days: satisfaction, recommendation, fixed right first time.", "short", ((f"sum by (csat) (increase({P}owner_ratings_total[30d]))", "{{csat}} of 5"), (f"sum by (attitude) (increase({P}owner_recommendations_total[30d]))", "{{attitude}}"), (f"sum by (fixed) (increase({P}fixed_first_time_total[30d]))", "first time: {{fixed}}")), "learning.md"),
    Panel("Rules made blind", "Vehicles that began to report too slowly for a rule, by rule.", "short", ((f"sum by (rule) (increase({P}rules_blinded_total[24h])) > 0", "{{rule}}"),), "detection.md"),
    Panel("Refused inputs", "Readable, but against the rules.", "ops", ((seen(rate("rejected_inputs_total", "topic, reason")), "{{topic}} {{reason}}"),), "contracts.md"),
    Panel("Refused, by sender", "64 of them, then other.", "ops", ((seen(rate("dead_letters_by_sender_total", "sender, reason")), "{{sender}} {{reason}}"),), "runbooks/DeadLettersGrowing.md"),
    Panel("Not understood", "Parts of records that were left out, by name.", "ops", ((seen(rate("left_out_total", "topic, name")), "{{topic}} {{name}}"),), "contracts.md"),
]
AGENTS = [
    Panel("Open commands", "Without a reply, from the engines' tables.", "short", ((f"sum by (agent, lane) ({P}commands_open{{{AGENT}}})", "{{agent}} {{lane}}"),), "runbooks/AgentDown.md"),
    Panel("Oldest command against its lane's bound", "1: as old as the lane allows to wait.", "short", ((f"mo:lane_age:bound_ratio{{{AGENT}}}", "{{agent}} {{lane}}"),), "runbooks/LaneBeyondBound.md"),
    Panel("Oldest command", "Without a reply.", "s", ((f"max by (agent, lane) ({P}commands_oldest_seconds{{{AGENT}}})", "{{agent}} {{lane}}"),), "runbooks/LaneBeyondBound.md"),
    Panel("Commands issued", "By agent.", "ops", ((rate("commands_total", "agent", AGENT), "{{agent}}"),)),
    Panel("Replies", "By outcome.", "ops", ((rate("replies_total", "agent, outcome", AGENT), "{{agent}} {{outcome}}"),), "runbooks/AgentSilent.md"),
    Panel("Errors", "Share of replies.", "percentunit", (('mo:agent_error:ratio_rate5m{agent=~"$agent"}', "{{agent}}"),), "runbooks/AgentErrors.md"),
    Panel("Wait before the handler, p95", "From the command's record.", "s", ((quantile(0.95, "command_wait_seconds", "lane", AGENT), "{{lane}}"),), "runbooks/UrgentPickupBurn.md"),
    Panel("Handling, p99", "Time in the handler.", "s", (('mo:handling:p99_5m{agent=~"$agent"}', "{{agent}}"), (quantile(0.5, "handling_seconds", "agent", AGENT), "p50 {{agent}}"))),
    Panel("Workers", "Busy ones, and how many there are.", "short", ((f"sum by (agent) ({P}workers_busy)", "busy {{agent}}"), (f"sum by (agent) ({P}workers)", "all {{agent}}"))),
    Panel("Fetched, not started", "Commands in the runners' queues.", "short", ((f"sum by (agent, lane) ({P}commands_fetched{{{AGENT}}})", "{{agent}} {{lane}}"),)),
    Panel("Skipped", "Repeats, expired commands, commands that killed runners.", "ops", ((rate("commands_skipped_total", "agent, reason", AGENT), "{{agent}} {{reason}}"),), "runbooks/CommandsExpiring.md"),
    Panel("Failed acts", "Acts of handlers that failed, by resource: a channel or a service that does not answer.", "ops", ((rate("acts_failed_total", "agent, resource", 'agent=~"$agent"'), "{{agent}} {{resource}}"),), "runbooks/AgentErrors.md"),
    Panel("Bound of a lane", "What the topology allows to wait.", "s", ((f"max by (lane) ({P}lane_bound_seconds)", "{{lane}}"),)),
]
ENGINES = [
    Panel("Input lag", "Records not applied.", "short", ((f"sum by (topic) ({P}input_lag_records{{{ENGINE}}})", "{{topic}}"),), "runbooks/InputStalled.md"),
    Panel("Oldest input", "How old the oldest record that is not applied can be.", "s", ((f"max by (topic, partition) ({P}input_oldest_seconds{{{ENGINE}}})", "{{topic}} {{partition}}"),), "runbooks/InputLagging.md"),
    Panel("Since the newest commit", "By partition; an idle one commits nothing.", "s", ((f"time() - max by (partition) ({P}last_commit_timestamp_seconds{{{ENGINE}}})", "{{partition}}"),), "runbooks/EngineNotCommitting.md"),
    Panel("Transactions", "By end.", "ops", ((rate("transactions_total", "outcome", ENGINE), "{{outcome}}"),)),
    Panel("Transaction time, p50 and p99", "From begin to commit, commands sent.", "s", ((quantile(0.5, "transaction_seconds", "", ENGINE), "p50"), (quantile(0.99, "transaction_seconds", "", ENGINE), "p99"))),
    Panel("Records per batch, p50", "More under load.", "short", ((quantile(0.5, "batch_records", "", ENGINE), "p50"),)),
    Panel("Partitions owned", "By engine.", "short", ((f"max by (instance) ({P}owned_partitions{{{ENGINE}}})", "{{instance}}"),), "runbooks/PartitionsNotOwned.md"),
    Panel("Restored", "1: the table is there.", "percentunit", ((f"min by (partition) ({P}restore_done_ratio{{{ENGINE}}})", "{{partition}}"),), "runbooks/RestoreSlow.md"),
    Panel("Records restored", "Read back from the changelog, per second.", "ops", ((rate("restore_records_total", "", ENGINE), "records"),), "runbooks/RestoreSlow.md"),
    Panel("Time of a take-over, p99", "Until the tables of an assignment are up to their changelog.", "s", ((quantile(0.99, "restore_seconds", "", ENGINE), "p99"),), "runbooks/RestoreSlow.md"),
    Panel("Rebalances", "Assignments received from the group.", "short", ((f"sum(increase({P}rebalances_total{{{ENGINE}}}[$__rate_interval]))", "rebalances"),), "runbooks/RebalanceStorm.md"),
    Panel("Timers", "Deadlines that are waited for.", "short", ((f"sum({P}timers_pending{{{ENGINE}}})", "pending"),), "runbooks/TimersLate.md"),
    Panel("Ticks late, p99", "From a deadline to its tick.", "s", ((quantile(0.99, "timer_delay_seconds", "", ENGINE), "p99"),), "runbooks/TimersLate.md"),
    Panel("Offsets", "Repeats dropped, seeks back, holes accepted.", "ops",
          ((rate("duplicate_records_total", "", ENGINE), "repeats"), (rate("reseeks_total", "", ENGINE), "seeks back"), (rate("offset_holes_total", "", ENGINE), "holes")), "engine.md"),
    Panel("Changed topics", "Topics that are not what the topology says.", "short", ((f"max({P}changed_topics)", "topics"),), "runbooks/TopicChanged.md"),
    Panel("Table", "Estimated size.", "bytes", ((f"sum by (partition) ({P}table_bytes{{{ENGINE}}})", "{{partition}}"),)),
    Panel("Memory", "Resident, of every process.", "bytes", (('process_resident_memory_bytes{job=~"engine|agents|ueba"}', "{{job}} {{instance}}"),), "runbooks/MemoryGrowing.md"),
    Panel("Processor", "Cores in use.", "short", (('rate(process_cpu_seconds_total{job=~"engine|agents|ueba"}[$__rate_interval])', "{{job}} {{instance}}"),)),
    Panel("Versions", "Of the software and the topology: one of each, but during an upgrade.", "short",
          ((f"count by (version, python, codec) ({P}build_info)", "{{version}}, Python {{python}}, {{codec}} codec"), (f"count by (hash) ({P}topology_info)", "topology {{hash}}")), "operations.md"),
]
SECURITY = [
    Panel("Risk", "The highest score of an agent type's, or of all other actors of a kind.", "short", ((f"max by (actor_kind, agent) ({P}risk_score)", "{{actor_kind}} {{agent}}"),), "ueba.md"),
    Panel("Throttled and blocked", "Actors, by level.", "short", ((f"sum by (level) ({P}controls)", "{{level}}"),), "runbooks/ActorBlocked.md"),
    Panel("Findings", "Raised or grown, by rule.", "short", ((f"sum by (rule, level) (increase({P}findings_total[$__rate_interval])) > 0", "{{rule}} {{level}}"),), "runbooks/SevereFinding.md"),
    Panel("Acts", "Of all actors, by how they ended.", "ops", ((rate("acts_total", "outcome"), "{{outcome}}"),), "ueba.md"),
    Panel("Records of activity", "Judged, and dropped as repeats.", "ops", ((rate("activity_records_total", "outcome"), "{{outcome}}"),), "ueba.md"),
    Panel("Calls for a human", "Because of behaviour.", "short", ((f'sum(increase({P}alerts_total{{kind="BEHAVIOUR"}}[$__rate_interval]))', "behaviour"),), "ueba.md"),
    Panel("Judged late", "How old the oldest record that is not judged can be.", "s", ((f'max by (topic) ({P}input_oldest_seconds{{job="ueba"}})', "{{topic}}"),), "runbooks/InputLagging.md"),
    Panel("Controls unknown", "For how long runners know of no newer controls.", "s", ((f"max by (agent) ({P}control_lag_seconds)", "{{agent}}"),), "runbooks/ControlsUnknown.md"),
]
# fmt: on
BOARDS = {
    "overview": ("Overview", OVERVIEW, ()),
    "workflows": ("Workflows", WORKFLOWS, ("priority",)),
    "agents": ("Agents and lanes", AGENTS, ("agent", "lane")),
    "engine": ("Engine", ENGINES, ("instance",)),
    "security": ("Audit and security", SECURITY, ()),
}
VARIABLES = {
    "priority": f"label_values({P}workflows_opened_total, priority)",
    "agent": f"label_values({P}commands_total, agent)",
    "lane": f"label_values({P}commands_total, lane)",
    "instance": f'label_values({P}owned_partitions{{job="engine"}}, instance)',
}


def board(name: str) -> dict[str, Any]:
    """One dashboard."""
    title, panels, variables = BOARDS[name]
    return {
        "uid": f"mo-{name}",
        "title": f"Master Orchestrator: {title}",
        "tags": ["master-orchestrator"],
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["master-orchestrator"], "title": "Dashboards", "asDropdown": False}],
        "templating": {"list": [_source(), _documents(), *(_variable(each) for each in variables)]},
        "panels": _laid_out(panels),
    }


def _source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _documents() -> dict[str, Any]:
    """Where this repository's docs folder can be read, set per installation."""
    address = "https://docs.example"
    return {"name": "documents", "label": "Address of the documents", "type": "textbox", "query": address}


def _variable(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": VARIABLES[name], "refId": name},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _laid_out(panels: list[Panel]) -> list[dict[str, Any]]:
    """Left to right, row by row; panels of one row have one height."""
    models: list[dict[str, Any]] = []
    x = y = height = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > WIDTH:
            x, y = 0, y + height
        models.append(panel.model(number, x, y))
        x, height = x + panel.width, models[-1]["gridPos"]["h"]
    return models


def text(name: str) -> str:
    """The file's content."""
    return json.dumps(board(name), indent=2) + "\n"


if __name__ == "__main__":
    for each in BOARDS:
        (FOLDER / f"{each}.json").write_text(text(each))
