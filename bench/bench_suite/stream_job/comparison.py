"""The contenders of the stream job, ours first."""

from pathlib import Path

from bench_suite.contenders import Contender
from bench_suite.stream_job.engines import Faust, JobPeer, KafkaStreams, Product, Quix, ShellPeer, StreamPeer
from bench_suite.stream_job.job import JobLoad
from bench_suite.stream_job.latency import Latency
from bench_suite.stream_job.stage import stage
from bench_suite.stream_job.throughput import figures
from bench_suite.stream_job.watch import ProgressWatch

FULL, SLOW = JobLoad(50_000, 200_000), JobLoad(4_000, 16_000)
QUICK, QUICK_SLOW = JobLoad(5_000, 20_000), JobLoad(1_000, 4_000)


class Throughput:
    """A job at full load, the load waiting in its topic."""

    def __init__(self, job: JobPeer) -> None:
        self.name, self.terms, self._job = job.name, job.terms, job
        self._full, self._quick = (SLOW, QUICK_SLOW) if job.slow else (FULL, QUICK)

    def prepare(self, home: Path) -> None:
        """Install what the job needs."""
        self._job.prepare(home)

    def measure(self, *, quick: bool) -> dict[str, float]:
        """One run on a broker of its own."""
        job, load = self._job, self._quick if quick else self._full
        with stage() as where:
            job.create(where)
            where.preload(job.input_topic, job.inputs(load))
            with where.worker(job.command(where)) as worker, ProgressWatch(where, job.watched_topic, worker) as watch:
                return figures(watch, load, lambda: job.read(where, load))


JOBS: tuple[JobPeer, ...] = (
    ShellPeer(
        "ours, outputs as commands", "state once; outputs at least once, repeats with same id and bytes", "commands"
    ),
    ShellPeer("ours, outputs as records", "exactly once: one transaction per partition and batch", "records"),
    Product("ours, product's core, 20 signals", "as above; readings that open nothing: no output"),
    KafkaStreams("Kafka Streams 4.3.1, exactly once", "v2, commit every 100 ms; cache", "exactly_once_v2"),
    KafkaStreams("Kafka Streams 4.3.1", "at least once, commit every 30 s; cache", "at_least_once"),
    Quix("Quix Streams 3.28.1", "at least once, commit every 5 s", "quix_worker"),
    StreamPeer("bare confluent-kafka", "at least once, commit every batch; no restore", "bare_worker"),
    Faust("stock Faust 0.15.3", "at least once, commit every 2.8 s; loses updates", "faust_worker"),
)

PROMPT: tuple[JobPeer, ...] = (
    KafkaStreams(
        "Kafka Streams 4.3.1, exactly once, for latency", "v2, commit every 10 ms, linger 0; cache", "exactly_once_v2",
        commit_interval_ms=10, producer_linger_ms=0,
    ),
    KafkaStreams(
        "Kafka Streams 4.3.1, for latency", "at least once, linger 0; cache", "at_least_once", producer_linger_ms=0
    ),
)  # fmt: skip

STREAM: tuple[Contender, ...] = tuple(Throughput(job) for job in JOBS)
LATENCY: tuple[Contender, ...] = tuple(Latency(job) for job in (*JOBS, *PROMPT) if not isinstance(job, Product))
