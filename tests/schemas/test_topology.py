"""topology.yaml: what is read from it, what follows from it, and what a mistake in it says."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from master_orchestrator_schemas.limits import Compression
from master_orchestrator_schemas.topology import Topology, TopologyError, load_topology, parse_topology
from master_orchestrator_schemas.topology.editor_schema import FILE, editor_schema
from master_orchestrator_schemas.topology.loader import default_path
from master_orchestrator_schemas.units import duration
from master_orchestrator_schemas.vocabulary import AgentType, Lane, Priority

TEXT = default_path().read_text(encoding="utf-8")


def line_of(fragment: str, text: str = TEXT) -> int:
    return text[: text.index(fragment)].count("\n") + 1


def test_units_become_milliseconds_and_bytes(topology: Topology) -> None:
    assert (2_000, 4_000, 8_000) == topology.retry.waits_ms
    assert 86_400_000 == topology.agents[AgentType.CUSTOMER_ENGAGEMENT].reply_within_ms
    assert 300_000 == topology.lanes[Lane.SCHEDULED].max_wait_ms
    assert 30 * 86_400_000 == topology.topics["vehicle.telemetry"].retention_ms
    assert 7 * 86_400_000 == topology.episodes.cooldown_ms[Priority.SCHEDULED]
    assert 262_144 == topology.limits.max_record_bytes


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0ms"), (1, "1ms"), (90_000, "1min 30s"), (259_200_000, "3d"), (86_400_250, "1d 250ms")]
)
def test_durations_are_shown_in_the_file_s_units(ms: int, text: str) -> None:
    assert text == duration(ms)


def test_the_time_to_reply_is_the_lane_s_wait_and_the_time_to_handle(topology: Topology) -> None:
    assert 61_000 == topology.time_to_reply_ms(AgentType.DIAGNOSIS, Lane.URGENT)
    assert 90_000 == topology.time_to_reply_ms(AgentType.DIAGNOSIS, Lane.HIGH)
    assert 31 * 60_000 == topology.time_to_reply_ms(AgentType.DIAGNOSIS, Lane.ROUTINE)


def test_inputs_are_ranked_people_first_and_telemetry_last(topology: Topology) -> None:
    ranked = (
        "operator.requests",
        "service.events",
        "agent.replies",
        "workflow.timers",
        "vehicle.telemetry",
        "customer.answers",
    )
    assert ranked == topology.input_topics
    assert ("workflow.audit", "workflow.status", "workflow.alerts", "sender.feedback", "dead.letters") == (
        topology.output_topics
    )
    assert ("ueba.requests", "agent.activity", "ueba.ticks") == topology.ueba_input_topics
    assert ("ueba.trail", "ueba.entities", "agent.controls") == topology.ueba_output_topics


def test_names_that_follow(topology: Topology) -> None:
    assert "agent.data-analysis.urgent" == topology.command_topic(AgentType.DATA_ANALYSIS, Lane.URGENT)
    assert 24 == len(set(topology.command_topics))
    assert "master-orchestrator-vehicles-changelog" == topology.changelog_topic
    assert "master-orchestrator-__assignor-__leader" == topology.engine_app.assignor_topic


def test_a_prefix_makes_a_second_system_beside_the_first(topology: Topology) -> None:
    other = topology.with_prefix("a-").with_prefix("b-")

    names = {plan.name for plan in topology.topic_plans()}
    assert {f"b-a-{name}" for name in names} == {plan.name for plan in other.topic_plans()}
    assert ("b-a-master-orchestrator", "b-a-dead.letters") == (other.app_id, other.dead_letter_topic)
    assert "b-a-workflow.audit" == other.topic_of("AuditRecord")
    assert topology == topology.with_prefix("")


def test_plans_cover_every_topic_with_its_terms(topology: Topology) -> None:
    plans = {plan.name: plan for plan in topology.topic_plans(replication=3)}

    assert {
        *topology.topics,
        *topology.command_topics,
        *(app.changelog_topic for app in topology.apps),
        *topology.assignor_topics,
    } == set(plans)
    assert {1} == {plan.partitions for plan in plans.values() if plan.name in topology.assignor_topics}
    assert {4} == {plan.partitions for plan in plans.values() if plan.name not in topology.assignor_topics}
    assert {(3, "2")} == {(plan.replication, plan.config["min.insync.replicas"]) for plan in plans.values()}
    assert {(1, "1")} == {(p.replication, p.config["min.insync.replicas"]) for p in topology.topic_plans()}


def test_the_engine_s_clock_is_the_broker_s(topology: Topology) -> None:
    configs = {plan.name: plan.config for plan in topology.topic_plans()}

    for name in topology.topics:
        assert "LogAppendTime" == configs[name]["message.timestamp.type"]
    for name in (*topology.input_topics, *topology.ueba_input_topics):
        assert "delete" == configs[name]["cleanup.policy"]
    for name in ("workflow.audit", "workflow.status", *topology.ueba_output_topics, topology.changelog_topic):
        assert "compact" == configs[name]["cleanup.policy"]
    assert str(30 * 86_400_000) == configs["vehicle.telemetry"]["retention.ms"]


@pytest.mark.parametrize(("said", "kept"), [("gzip", "gzip"), ("none", "uncompressed"), ("lz4", "lz4")])
def test_outputs_are_kept_as_the_topology_says_and_all_else_as_it_came(
    topology: Topology, said: Compression, kept: str
) -> None:
    plans = topology.model_copy(update={"compression": said}).topic_plans()
    outputs = {*topology.output_topics, *topology.ueba_output_topics}

    assert dict.fromkeys(outputs, kept) == {
        plan.name: plan.config["compression.type"] for plan in plans if "compression.type" in plan.config
    }


def test_a_dead_letter_takes_any_input_and_an_input_takes_librdkafka_s_batches(topology: Topology) -> None:
    largest = {plan.name: int(plan.config.get("max.message.bytes", 0)) for plan in topology.topic_plans()}

    assert largest["dead.letters"] > largest["vehicle.telemetry"] >= 1_000_000 > topology.limits.max_record_bytes


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ("reply_within: 60s", "reply_within: 60", "agents.DATA_ANALYSIS.reply_within", "60 is not a duration"),
        ("[2s, 4s, 8s]", "[2s, 0s, 8s]", "retry.waits.1", "'0s' is not a duration"),
        ("[2s, 4s, 8s]", "[]", "retry.waits", "has 0 entries; write 1 at least"),
        ("256KiB", "256kB", "limits.max_record", "not a size"),
        ("max_workers: 16", "workers: 16", "agents.CUSTOMER_ENGAGEMENT.max_workers", "is missing; add it"),
        ("table: vehicles", "table: vehicles\ntables: x", "tables", "unknown key"),
        ("partitions: 4", "partitions: 0", "partitions", "greater than or equal to 1"),
        ("partitions: 4", f"partitions: 0x{'f' * 5_000}", "partitions", "not a number of thousands of digits"),
        ("256KiB", f"0x{'f' * 5_000}", "limits.max_record", "not a size"),
        ("reply_within: 60s", f"reply_within: 0x{'f' * 5_000}", "agents.DATA_ANALYSIS.reply_within", "not a duration"),
        ("  DIAGNOSIS: ", "  DIAGNOSI: ", "agents.DIAGNOSI", "should be 'DATA_ANALYSIS'"),
        (
            "  MANUFACTURING_QUALITY: {reply_within: 10min, max_workers: 4}\n",
            "",
            "agents.MANUFACTURING_QUALITY",
            "missing",
        ),
        ("DIAGNOSIS:             {", "DIAGNOSIS: {enabled: false, ", "agents.DIAGNOSIS.enabled", "cannot do without"),
        (
            "DIAGNOSIS:             {",
            "DIAGNOSIS: {on_timeout: close, ",
            "agents.DIAGNOSIS.on_timeout",
            "only CUSTOMER_ENGAGEMENT and FEEDBACK may close without an answer; write retry",
        ),
        ("URGENT: 1h, ", "", "episodes.cooldown.URGENT", "is missing"),
        ("URGENT: 24h, ", "", "service.due.URGENT", "is missing"),
        ("high:      {weight: 4", "high:      {weight: 9", "lanes.high.weight", "above that of a more urgent lane"),
        ("weight: 2, max_wait: 5min", "weight: 2, max_wait: 5s", "lanes.scheduled.max_wait", "raise it"),
        (
            "reply_within: 24h",
            "reply_within: 7d",
            "agents.CUSTOMER_ENGAGEMENT.reply_within",
            "lanes.routine.max_wait 30min \\+ reply_within 7d = 7d 30min, more than commands.retention 7d; lower one",
        ),
        ("max_wait: 30min", "max_wait: 5d", "agents.FEEDBACK.reply_within", "max_wait 5d \\+ reply_within 3d = 8d"),
        ("workflow.timers:", "workflow_timers:", "topics.workflow_timers", "should match pattern"),
        ("schema: Timer", "schema: Tymer", "topics.workflow.timers.schema", "'Tymer'"),
        ("schema: Timer", "schema: Reply", "topics", "2 topics have the schema Reply"),
        (
            "commands: {",
            "  more: {role: output, schema: Command, producers: [], consumers: [], compacted: true}\ncommands: {",
            "topics.more.schema",
            "topics of its own",
        ),
        ("role: input, schema: Timer", "role: output, schema: Timer", "topics.workflow.timers.role", "write input"),
        ("retention: 7d}\n  agent", "compacted: true}\n  agent", "topics.workflow.timers.compacted", "never compacted"),
        ("compacted: true}", "compacted: true, retention: 1d}", "topics.workflow.audit", "either a retention or"),
        ("role: output, key: as", "role: output, json: true, key: as", "topics.dead.letters.json", "Avro only"),
        ("safe_to_drive: false", "safe_to_drive: null", "urgency.0", "hides the lines below"),
        ("  - {priority: ROUTINE}\n", "", "urgency.5", "must have no condition"),
        ("{priority: HIGH, risk", "{priority: HI, risk", "urgency.2.priority", "'HI' is not a priority"),
        ("workshop_feed: false", "workshop_feed: maybe", "service.workshop_feed", "valid boolean"),
        ("at_least: 115", "at_least: .nan", "triage.rules.coolant_boiling.at_least", "finite number"),
        ("256KiB", "4KiB", "limits.max_record", "outside 64KiB to 64MiB"),
        ("256KiB", "2GiB", "limits.max_record", "outside 64KiB to 64MiB"),
        ("table: vehicles", 'table: vehicles\n"\\e[31m\\nred": 1', "\ufffd[31m red", "unknown key"),
    ],
)
def test_a_mistake_names_its_key_and_line(old: str, new: str, key: str, problem: str) -> None:
    assert old in TEXT
    wrong = TEXT.replace(old, new, 1)

    with pytest.raises(TopologyError, match=problem) as error:
        parse_topology(wrong, source="mine.yaml")

    assert key == error.value.key or key in str(error.value)
    assert error.value.line is not None
    assert str(error.value).startswith(f"mine.yaml:{error.value.line}: ")
    assert "\n" not in str(error.value)


def test_the_line_is_the_key_s_own_or_else_its_section_s() -> None:
    with pytest.raises(TopologyError) as error:
        parse_topology(TEXT.replace("max_record: 256KiB", "max_record: many"))
    assert line_of("max_record: 256KiB") == error.value.line
    with pytest.raises(TopologyError) as error:
        parse_topology(TEXT.replace("  routine:   {weight: 1, max_wait: 30min}\n", ""))
    assert line_of("lanes: ") == error.value.line


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(TopologyError, match=r"topology.yaml:\d+: lanes.high.weight: is there twice"):
        parse_topology(TEXT.replace("high:      {weight: 4,", "high:      {weight: 4, weight: 4,"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "valid dictionary"),
        ("- a", "valid dictionary"),
        ("1: 2", "version: is missing"),
        ("a: [1", "is not YAML"),
        ("a: !!python/object:os.system x", "is not YAML"),
        ("? [1]\n: 2", "is not YAML"),
        ("a: 2020-13-40", "is not YAML"),
        ("\x00", "is not YAML"),
        ("a: &a [*a]", "aliases"),
        ("- " * 5_000, "is not YAML"),
        ("a: !!int ''", "is not YAML"),
        ("a: !!bool x", "is not YAML"),
        ("a: !!timestamp x", "is not YAML"),
        ("{a: b}: c", "is not YAML"),
        ("[" * 20_000, "is not YAML"),
        ("x" * 200_000, "larger than"),
    ],
)
def test_what_is_no_topology_at_all_is_one_line_of_error(text: str, problem: str) -> None:
    with pytest.raises(TopologyError, match=problem) as error:
        parse_topology(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "pattern",
    [
        ".*.*.*.*.*.*.*.*x", "(.*)*x", "(P.+)+", "(||||)x", "P{99999999999999999999}", "((P))", "(?i)p0301", r"P\\d",
        "P" * 101, "P0[", "[9-0]", "P0301|*",
    ],
)  # fmt: skip
@pytest.mark.timeout(5)
def test_a_pattern_of_codes_is_one_that_is_matched_in_a_moment(pattern: str) -> None:
    with pytest.raises(TopologyError, match=r"triage\.dtcs\.0\.code: .*(pattern of codes|regular expression)"):
        parse_topology(TEXT.replace("{code: P0217,", f'{{code: "{pattern}",', 1))


@pytest.mark.parametrize("pattern", ["P0301", "P0[0-3A].*", "P03(0[0-9]|1.)|U0...", ".*", "C.*|B0.*", "[^P]...."])
def test_patterns_of_letters_sets_choices_and_ends_are_taken(pattern: str) -> None:
    assert pattern == parse_topology(TEXT.replace("{code: P0217,", f'{{code: "{pattern}",', 1)).triage.dtcs[0].code


def test_the_file_is_named_by_argument_then_environment_then_the_one_that_came_along(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(TEXT.replace("partitions: 4", "partitions: 3"), encoding="utf-8")
    environment = {"MASTER_ORCHESTRATOR_TOPOLOGY": str(mine)}

    assert 3 == load_topology(environment=environment).partitions
    assert 4 == load_topology(default_path(), environment=environment).partitions
    assert 4 == load_topology(environment={}).partitions


@pytest.fixture(params=["missing", "folder", "latin-1"])
def unreadable(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "topology.yaml"
    if request.param == "folder":
        path.mkdir()
    if request.param == "latin-1":
        path.write_bytes(b"caf\xe9: 1")
    return path


def test_a_file_that_cannot_be_read_is_one_line_of_error(unreadable: Path) -> None:
    with pytest.raises(TopologyError, match="cannot be read") as error:
        load_topology(unreadable)
    assert str(unreadable) in str(error.value)


def test_the_editor_s_schema_is_the_model_s() -> None:
    assert editor_schema() == FILE.read_text(encoding="utf-8"), (
        "run: python -m master_orchestrator_schemas.topology.editor_schema"
    )


def test_the_editor_s_schema_accepts_the_topology_and_refuses_mistakes() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(FILE.read_text(encoding="utf-8")))
    content = json.loads(json.dumps(yaml.safe_load(TEXT)))  # as an editor sees it: keys are texts

    validator.validate(content)
    for key, wrong in (("partitions", "eight"), ("unknown", 1), ("retry", {"waits": ["2 seconds"]})):
        assert not validator.is_valid(content | {key: wrong})
    assert f"$schema={FILE.relative_to(default_path().parent)}" in TEXT.splitlines()[0]
