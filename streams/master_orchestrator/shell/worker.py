"""One engine worker process: the Faust app with our settings, the engine, metrics."""

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, cast

import faust
import structlog
import uvloop

from master_orchestrator.core.policy import Policy
from master_orchestrator.exit_codes import ExitCode
from master_orchestrator.shell.actor_counts import ActorCounts
from master_orchestrator.shell.actor_job import ActorJob
from master_orchestrator.shell.counting import EngineCounts, InputCounts
from master_orchestrator.shell.credentials import faust_credentials
from master_orchestrator.shell.engine import JobEngine
from master_orchestrator.shell.errors import ShellError
from master_orchestrator.shell.faust_replacements import (
    EngineApp,
    EngineConsumer,
    EngineTable,
    EngineTables,
    EngineWorker,
)
from master_orchestrator.shell.gauges import bind_gauges, bind_work
from master_orchestrator.shell.health import EngineHealth
from master_orchestrator.shell.input_progress import LogPlace
from master_orchestrator.shell.job import Job
from master_orchestrator.shell.outgoing import NoticeWriter
from master_orchestrator.shell.processor import Processor
from master_orchestrator.shell.vehicle_job import VehicleJob
from master_orchestrator_schemas.codec import Codec
from master_orchestrator_schemas.interpreter import prepare_interpreter
from master_orchestrator_schemas.kafka import KafkaSettings
from master_orchestrator_schemas.metric_kinds import Process
from master_orchestrator_schemas.metrics import Metrics
from master_orchestrator_schemas.metrics_server import start_metrics_server
from master_orchestrator_schemas.places import Partition
from master_orchestrator_schemas.topology import Topology
from master_orchestrator_schemas.tracing import tracing_of_process

log = structlog.get_logger(__name__)

SESSION_S = 10.0
HEARTBEAT_S = 0.5
"""A dead worker is given up after the first; the others hear of it at their next heartbeat."""

MAX_POLL_RECORDS = 2_000
NEVER_S = 1_000_000.0
"""aiokafka leaves the group for good when no records are requested for this long; so would a worker without any."""


def run_engine(
    *,
    kafka: KafkaSettings,
    topology: Topology,
    data_dir: Path,
    worker: str,
    metrics_port: int | None,
    metrics_host: str = "127.0.0.1",
    process: Process = Process.ENGINE,
) -> int:
    """Run one worker of an app until SIGTERM or SIGINT; the exit code.

    Args:
        process: which app; by default the engine's.
        data_dir: the worker's own folder for RocksDB; two workers never share one.
        worker: a name that stays the same over restarts, so that a quick restart moves no partition.
        metrics_port: serve ``/metrics``, ``/ready`` and ``/live`` on this port of ``metrics_host``; None: do not.
    """
    made = APPS[process](topology, Metrics(process))
    app = build_app(made, kafka=kafka, topology=topology, data_dir=data_dir, worker=worker)
    server = None
    if metrics_port is not None:
        server = start_metrics_server(made.counts.metrics, metrics_port, metrics_host, health=app.health)
    prepare_interpreter()
    loop = uvloop.new_event_loop()
    service = EngineWorker(app, worker, loop=loop)
    try:
        service.execute_from_commandline()
    except SystemExit as stop:
        return ExitCode.DIED if stop.code else ExitCode.DONE  # Faust's codes mean other things
    except Exception as error:  # Faust's own crash, raised again by its worker
        log.critical("engine_crashed", note="start it again", error=error, exc_info=error)
        return ExitCode.DIED
    finally:
        if not app.engine.stop():
            die(
                ShellError("the broker did not answer while stopping; what was under way is taken up at the next start")
            )
        if server is not None:
            server.stop()


class MadeJob(NamedTuple):
    """A job with what its processor and its counts need."""

    job: Job[Any, Any, Any]
    writer: NoticeWriter
    counts: InputCounts


def vehicle_job(topology: Topology, metrics: Metrics) -> MadeJob:
    """The engine's job; ``metrics`` ask it for the work that is open."""
    codec, counts = Codec(topology.limits), EngineCounts(metrics)
    tracing = tracing_of_process("master-orchestrator-engine")
    job = VehicleJob(topology, Policy.from_topology(topology), codec, counts, tracing)
    bind_work(metrics, topology, job.overview)
    return MadeJob(job, job.writer, counts)


def actor_job(topology: Topology, metrics: Metrics) -> MadeJob:
    """The job of the ueba app; ``metrics`` ask it for risks and controls."""
    counts = ActorCounts(metrics, topology.topic_of("Activity"))
    job = ActorJob(topology, Codec(topology.limits), counts)
    metrics.risk_score.read, metrics.controls.read = job.overview.risks, job.overview.controls
    return MadeJob(job, job.writer, counts)


APPS = {Process.ENGINE: vehicle_job, Process.UEBA: actor_job}


def build_app(made: MadeJob, *, kafka: KafkaSettings, topology: Topology, data_dir: Path, worker: str) -> EngineApp:
    """The Faust app of one worker, with its engine. Topics must exist: they come from ``provision``."""
    names, metrics = made.job.names, made.counts.metrics
    data_dir.mkdir(parents=True, exist_ok=True)
    app = EngineApp(
        names.app_id,
        broker=[f"kafka://{address}" for address in kafka.bootstrap_servers.split(",")],
        broker_credentials=faust_credentials(kafka),
        Table=EngineTable,
        TableManager=EngineTables,
        store="rocksdb://",
        datadir=str(data_dir),
        table_standby_replicas=0,  # Faust's would be fetched, and dropped by us: its way to apply them loses records
        topic_partitions=topology.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_commit_interval=1.0,
        broker_max_poll_records=MAX_POLL_RECORDS,
        broker_max_poll_interval=NEVER_S,
        consumer_group_instance_id=f"{names.app_id}-{worker}",
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
    )
    app.die = die
    app.Table(names.table, key_type=bytes, value_type=bytes, partitions=topology.partitions)
    for topic in names.inputs:  # Faust subscribes to what an agent consumes; the engine reads the batches
        app.agent(app.topic(topic, key_type=bytes, value_type=bytes), name=f"engine:{topic}")(_never_called)
    processor = Processor(made.job, made.writer, made.counts)
    app.engine = JobEngine(
        topology=topology, kafka=kafka, job=made.job, processor=processor, counts=made.counts, die=die
    )
    app.health = EngineHealth(app.engine)
    bind_gauges(metrics, topology, app.engine, lambda: _log_places(app))
    app.on_partitions_revoked.connect(_release)  # type: ignore[arg-type]  # it wants a parameter it always passes by name
    return app


def _log_places(app: EngineApp) -> dict[Partition, LogPlace]:
    """What the consumer knows of the logs; nothing before there is one."""
    if app.engine.phase.partitions:
        return cast("EngineConsumer", app.consumer).log_places()
    return {}


async def _release(app: EngineApp, *_revoked: object, **_signal: object) -> None:
    await app.engine.release()


async def _never_called(stream: faust.StreamT[bytes]) -> None:
    async for _ in stream:
        pass


def die(error: BaseException) -> None:
    """End the process at once, with no clean-up that could write anything: the state in Kafka is consistent."""
    try:
        log.critical("engine_ends_itself", note="start it again", error=error, exc_info=error)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # a log that cannot be written must not keep it alive
        os._exit(ExitCode.DIED)
