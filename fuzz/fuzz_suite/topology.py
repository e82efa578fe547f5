"""The run over ``topology.yaml``: a text is a topology that works, or one line that says where it is wrong."""

import time
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import msgspec

from fuzz_suite.findings import FindingsLog, ShardTally, WrongError
from fuzz_suite.topology_texts import STRUCTURE, topology_text
from fuzz_suite.watchdog import cpu_limit
from master_orchestrator.core.inputs import Input
from master_orchestrator.core.outcome import Outcome
from master_orchestrator.core.policy import Policy
from master_orchestrator.core.state import decode_state, encode_state
from master_orchestrator.core.step import step
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.messages import Cause, Command, Dtc, Reply, Telemetry
from master_orchestrator_schemas.registry import Message
from master_orchestrator_schemas.results import RESULTS
from master_orchestrator_schemas.tasks import TASKS
from master_orchestrator_schemas.topology import Topology, TopologyError, parse_topology

SHARD = 250
HANG_S = 20.0
SLOW_S = 5.0
"""CPU time that no text may take to be read, on a slow machine."""
SLOW_STEP_S = 0.25
START_MS = 1_700_000_000_000
CODES = ("P0301", "P0217", "C0035", "U0100", "B1234", "P0AFF", "PFFFF", "P0000")
INT_MAX, LONG_MAX = 2**31 - 1, 2**63 - 1


class TopologyCase(msgspec.Struct, frozen=True):
    """A text."""

    text: str


def shard(seed: int, index: int, count: int) -> ShardTally:
    """One shard of a run."""
    rng, tally = Random(f"topology/{seed}/{index}"), ShardTally()
    findings = FindingsLog("topology", tally)
    for _ in range(count):
        case = TopologyCase(topology_text(rng))
        with findings.watching(case):
            tally.counts[judged(case.text)] += 1
    return tally


def replay(case: bytes) -> str:
    """A saved text again."""
    return judged(msgspec.json.decode(case, type=TopologyCase).text)


def judged(text: str) -> str:
    """``accepted`` or ``refused``. Raises :class:`WrongError` if it is neither, or not as it has to be."""
    started_s = time.process_time()
    with cpu_limit(HANG_S):
        try:
            topology = parse_topology(text, source="fuzz.yaml")
        except TopologyError as error:
            _judge_error(error)
            ending = "refused"
        else:
            ending = "accepted"
            read_s = time.process_time() - started_s
            _judge_topology(topology)
            if read_s > SLOW_S:
                raise WrongError("a text takes too long to be read", f"{read_s:.1f} s")
    return ending


def _judge_error(error: TopologyError) -> None:
    text = str(error)
    if len(text.splitlines()) != 1 or "\n" in text or not text.isprintable():
        raise WrongError("the error is not one line", repr(text))
    if not text.startswith("fuzz.yaml") or len(text) > 2_000:
        raise WrongError("the error does not name the file, or never ends", repr(text[:3_000]))
    if error.line is None and not error.key and "YAML" not in text and "larger" not in text:
        raise WrongError("the error names neither key nor line", text)


def _judge_topology(topology: Topology) -> None:
    """Everything that is made of a topology at the start of the engine and of provisioning, and some steps."""
    policy = Policy.from_topology(topology)
    for plan in topology.topic_plans(3):
        size, kept = plan.config.get("max.message.bytes", "0"), plan.config.get("retention.ms", "0")
        if not (0 < len(plan.name) <= 249 and int(size) <= INT_MAX and int(kept) <= LONG_MAX and plan.partitions > 0):
            raise WrongError("a topic that Kafka refuses", repr(plan))
    _walk(policy, topology, Codec(topology.limits))


def _walk(policy: Policy, topology: Topology, codec: Codec) -> None:
    """A vehicle with everything wrong, three times, and the answers that take its workflow on."""
    state, at_ms = None, START_MS
    waiting: list[Command] = []
    for number in range(9):
        at_ms += 20_000
        body: Telemetry | Reply = _answer(waiting.pop()) if number > 2 and waiting else _reading(at_ms)
        cause = Cause(topic=topology.topic_of("Telemetry"), partition=0, offset=number)
        started_s = time.process_time()
        outcome = step(policy, "v", state, Input(cause=cause, at_ms=at_ms, body=body))
        if (took_s := time.process_time() - started_s) > SLOW_STEP_S:
            raise WrongError("a step takes too long", f"{took_s:.1f} s")
        state = decode_state(encode_state(outcome.state))
        for message in _messages(outcome):
            codec.encode(message)
        for command in outcome.commands:
            TASKS[command.agent].model_validate(command.payload)
        waiting += outcome.commands


def _messages(outcome: Outcome) -> Iterator[Message]:
    yield from outcome.audit
    yield from outcome.commands
    yield from outcome.status
    yield from outcome.alerts


def _answer(command: Command) -> Reply:
    return Reply(
        command_id=command.command_id,
        workflow_id=command.workflow_id,
        vehicle_id="v",
        agent=command.agent,
        worker="w",
        handled_in_ms=1,
        result=RESULTS[command.agent]().to_wire(),
    )


@cache
def _wrong_signals() -> dict[str, Any]:
    """A value for each signal of the packaged rules at which they fire."""
    values: dict[str, Any] = {"engine_rpm": 2_000.0, "check_requested": True}
    for rule in STRUCTURE["triage"]["rules"].values():
        signals = rule["signal"] if isinstance(rule["signal"], list) else [rule["signal"]]
        limit = next(rule[name] for name in ("at_least", "above", "at_most", "below", "outside", "is") if name in rule)
        for signal in signals:
            beyond = limit[1] if isinstance(limit, list) else limit
            values[signal] = beyond if isinstance(beyond, bool) else float(beyond) + (1 if "above" in rule else 0)
    return values


def _reading(at_ms: int) -> Telemetry:
    dtcs = tuple(Dtc(code=code, status=0x08) for code in CODES)
    return Telemetry(vehicle_id="v", ts_ms=at_ms, model="m", dtcs=dtcs, **_wrong_signals())
