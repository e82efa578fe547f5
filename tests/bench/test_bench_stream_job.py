"""What the stream job's figures are computed from: samples of a log's ends, and what stood at its offsets."""

from typing import cast

import pytest
from bench_suite.stream_job.job import JobLoad, output, unpack_count
from bench_suite.stream_job.progress import Marks
from bench_suite.stream_job.throughput import figures
from bench_suite.stream_job.watch import ProgressWatch, Sample


class Watched:
    """A watch that has seen everything already."""

    def __init__(self, *samples: Sample) -> None:
        self.samples = samples

    def await_quiet(self, quiet_s: float) -> None:
        """It is quiet."""


class Done:
    """Two records in the first partition with a control marker between them, one in the second."""

    def __init__(self) -> None:
        self.marks = Marks()
        for partition, offset, done in ((0, 0, 1), (0, 2, 2), (1, 0, 1)):
            self.marks.mark(partition, offset, done)

    def verdict(self) -> dict[str, float]:
        return {"keys_wrong": 0}


def sample(at_s: float, *ends: int, cpu_s: float = 0.0) -> Sample:
    return Sample(at_s, (*ends, 0, 0), cpu_s, 2 * cpu_s, 100 + at_s)


def test_markers_in_the_log_are_no_records() -> None:
    marks = Done().marks
    assert [0, 1, 1, 2, 2] == [marks.at((end, 0, 0, 0)) for end in range(5)]
    assert 3 == marks.at((4, 1, 0, 0)) == marks.total


def test_measured_is_from_the_end_of_the_warm_up_to_the_last_visible_output() -> None:
    watch = Watched(
        sample(1, 0, 0),
        sample(2, 1, 0, cpu_s=1),  # the warm-up's record
        sample(3, 2, 0, cpu_s=2),  # its marker
        sample(4, 3, 1, cpu_s=3),  # all
        sample(9, 4, 1, cpu_s=8),  # a marker: nothing more to see
    )
    measured = figures(cast("ProgressWatch", watch), JobLoad(warm_up=1, measured=2), Done)
    assert {
        "records_per_s": 1.0,
        "worker_cpu_us_per_record": 1e6,
        "broker_cpu_us_per_record": 2e6,
        "worker_peak_mb": 109,
        "keys_wrong": 0,
    } == measured


def test_what_is_too_little_to_measure_is_told() -> None:
    watch = cast("ProgressWatch", Watched(sample(1, 0, 0), sample(2, 3, 1)))
    with pytest.raises(TimeoutError, match="only 3 of 9 records"):
        figures(watch, JobLoad(warm_up=4, measured=5), Done)


def test_an_output_tells_its_count_and_the_load_is_the_same_each_time() -> None:
    load = JobLoad(10, 20)
    assert load.inputs() == load.inputs()
    assert 30 == load.counts().total()
    assert {300} == {len(value) for _, value in load.inputs()}
    made = output(7, load.inputs()[0].value)
    assert (100, 7) == (len(made), unpack_count(made))
