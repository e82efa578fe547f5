"""A load generator's loop, for those in Python. ``load.py`` has the contract; the standard library is enough."""

import argparse
import asyncio
import itertools
import json
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

RunWorkflow = Callable[[int], Awaitable[bool]]
"""Runs the workflow of this number to its end; whether its result is right."""


def options() -> argparse.ArgumentParser:
    """The options of the contract; a program adds its own."""
    parser = argparse.ArgumentParser()
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--in-flight", type=int)
    how.add_argument("--rate", type=float)
    parser.add_argument("--warm", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=0.0)
    return parser


@dataclass
class WorkflowTally:
    """What has come of the workflows so far; times are monotonic seconds."""

    begin: float
    end: float
    started: int = 0
    right: int = 0
    counted: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    async def run(self, workflow: RunWorkflow, number: int, due: float, *, counts_when_due: bool) -> None:
        """One workflow, from when it was due."""
        self.started += 1
        right = await workflow(number)  # before the sum: += would read it before the workflow runs
        self.right += right
        ended = time.monotonic()
        self.counted += self.begin <= ended < self.end
        if self.begin <= (due if counts_when_due else ended) < self.end:
            self.latencies_ms.append(round(1000 * (ended - due), 2))


async def drive(workflow: RunWorkflow, arguments: argparse.Namespace) -> None:
    """Run the load that was asked for, and print the answer."""
    cpu_s, begin = time.process_time(), time.monotonic() + arguments.warm
    tally = WorkflowTally(begin, begin + arguments.seconds)
    if arguments.in_flight:
        await _keep_open(workflow, tally, arguments.in_flight, arguments.warm / 2)
    else:
        await _paced(workflow, tally, arguments.rate)
    answer = {
        "started": tally.started,
        "right": tally.right,
        "counted": tally.counted,
        "seconds": arguments.seconds,
        "latencies_ms": tally.latencies_ms,
        "cpu_s": time.process_time() - cpu_s,
        "ended_at": time.time(),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # kB on Linux
    }
    print(json.dumps(answer), flush=True)


async def _keep_open(workflow: RunWorkflow, tally: WorkflowTally, in_flight: int, spread_s: float) -> None:
    """All start within ``spread_s``: at once, they would go on to end at once, wave by wave."""
    numbers = itertools.count()

    async def slot(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while True:
            await tally.run(workflow, next(numbers), time.monotonic(), counts_when_due=False)
            if time.monotonic() >= tally.end:
                return

    await asyncio.gather(*(slot(spread_s * number / in_flight) for number in range(in_flight)))


async def _paced(workflow: RunWorkflow, tally: WorkflowTally, rate: float) -> None:
    first, running = time.monotonic(), []
    for number in itertools.count():
        due = first + number / rate
        if number and due >= tally.end:
            break
        await asyncio.sleep(due - time.monotonic())
        running.append(asyncio.create_task(tally.run(workflow, number, due, counts_when_due=True)))
    await asyncio.gather(*running)
