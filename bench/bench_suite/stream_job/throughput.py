"""Records per second of a job whose load waits in full, and what a record costs."""

from collections.abc import Callable

from bench_suite.stream_job.job import JobLoad
from bench_suite.stream_job.progress import JobProgress
from bench_suite.stream_job.watch import GIVEN_UP_S, QUIET_S, ProgressWatch, Sample


def figures(watch: ProgressWatch, load: JobLoad, read: Callable[[], JobProgress]) -> dict[str, float]:
    """Wait until the job is done; its figures from the end of the warm-up to the last output a reader could see."""
    watch.await_quiet(QUIET_S)
    outcome = read()
    if outcome.marks.total < load.total:
        watch.await_quiet(GIVEN_UP_S)
        outcome = read()
    samples, marks = list(watch.samples), outcome.marks
    first = _first(samples, lambda one: marks.at(one.ends) >= min(load.warm_up, marks.total))
    last = _first(samples, lambda one: marks.at(one.ends) == marks.total)
    records = marks.total - marks.at(first.ends)
    if not records:
        raise TimeoutError(f"only {marks.total} of {load.total} records were done: too few to measure")
    micro = 1e6 / records
    return {
        "records_per_s": records / (last.at_s - first.at_s),
        "worker_cpu_us_per_record": micro * (last.worker_cpu_s - first.worker_cpu_s),
        "broker_cpu_us_per_record": micro * (last.broker_cpu_s - first.broker_cpu_s),
        "worker_peak_mb": max(one.worker_mb for one in samples),
        **outcome.verdict(),
    }


def _first(samples: list[Sample], holds: Callable[[Sample], bool]) -> Sample:
    return next(one for one in samples if holds(one))
