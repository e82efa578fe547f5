"""One run: start, load, faults, quiet, judgement. The same seed gives the same faults in the same order."""

import json
import logging
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos_suite.brokers import NAMES, Brokers
from chaos_suite.faults import FAULTS, Fault
from chaos_suite.health import HealthWatch
from chaos_suite.journal import Journal, now_ms
from chaos_suite.load import ChaosLoad
from chaos_suite.network import Network
from chaos_suite.plan import Planned, plan
from chaos_suite.quiet import await_judged, await_quiet
from chaos_suite.system import ChaosSystem

Say = Callable[[str], None]
HEALTHY_S = 180.0
QUIET_S = 420.0
"""The longest a run waits for its last workflow: an answer may take 5 min and its retries."""
JUDGED_S = 120.0
"""The longest it waits for the last session to be judged."""


@dataclass(frozen=True)
class RunTerms:
    """What a run is asked for. ``only``: kinds of faults, all by default."""

    seed: int
    minutes: float
    faults: int
    folder: Path
    workflows_per_s: float
    only: Sequence[str] = ()


class ChaosRun:
    """A run in its folder. ``say`` tells a person how it goes."""

    def __init__(self, terms: RunTerms, say: Say) -> None:
        self._terms, self._say = terms, say
        terms.folder.mkdir(parents=True)
        self._system = ChaosSystem(terms.folder, seed=terms.seed)
        # The clients log that brokers are broken, which is expected here.
        logging.basicConfig(filename=terms.folder / "logs" / "suite.log", level=logging.INFO)
        self._kinds = _kinds(terms.only, namespaces=self._system.network.available)
        self._planned = plan(terms.seed, terms.minutes * 60, terms.faults, self._kinds)
        self._journal = Journal(terms.folder / "faults.jsonl")
        self._broken: list[BaseException] = []
        self._cut_short = threading.Event()

    def run(self, judge: Callable[[Path], dict[str, object]]) -> dict[str, object]:
        """Everything; ``judge`` is called while the brokers still run. The summary."""
        started_ms, began = now_ms(), time.monotonic()
        self._say(f"starting 3 brokers, 2 engines, 2 ueba workers, 12 runners (logs in {self._terms.folder}/logs)")
        with self._system as system, self._journal, closing(HealthWatch(system, self._terms.folder)) as watch:
            watch.await_up(HEALTHY_S)
            self._say(f"up after {time.monotonic() - began:.0f} s; {len(self._planned)} faults are planned")
            load = self._under_load()
            load_ended_ms = now_ms()
            self._say(f"load has ended: {load.acked:,} of {load.sent:,} records acknowledged; waiting for quiet")
            left = await_quiet(system, watch, QUIET_S, self._say)
            self._say("quiet; judging" if not left else f"not quiet after {QUIET_S:.0f} s: {left}; judging")
            self._describe(started_ms, load_ended_ms)
            system.stop_workers()
            if left := await_judged(system, JUDGED_S):
                self._say(f"{left}, after {JUDGED_S:.0f} s")
            system.stop_judges()
            verdict = judge(self._terms.folder)
        return self._summary(verdict, time.monotonic() - began)

    def _under_load(self) -> ChaosLoad:
        terms, system = self._terms, self._system
        load = ChaosLoad(
            kafka=system.kafka,
            topology=system.topology,
            seed=terms.seed,
            journal_folder=terms.folder,
            workflows_per_s=terms.workflows_per_s,
        )
        load.start()
        started = time.monotonic()
        lanes = {fault.lane for fault in self._kinds.values()}
        threads = [threading.Thread(target=self._lane, args=(lane, load, started), name=lane) for lane in sorted(lanes)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self._cut_short.wait(max(0.0, started + terms.minutes * 60 - time.monotonic()))
        except KeyboardInterrupt:
            self._say("interrupted: the faults under way and the load come to their end, nothing is judged")
            self._cut_short.set()
            for thread in threads:
                thread.join()
            raise
        finally:
            load.stop()
        if self._broken:
            raise self._broken[0]
        return load

    def _lane(self, lane: str, load: ChaosLoad, started: float) -> None:
        try:
            for planned in self._planned:
                if planned.lane == lane:
                    if self._cut_short.wait(max(0.0, started + planned.at_s - time.monotonic())):
                        return
                    self._inject(planned, load)
        except BaseException as error:  # raised again by the main thread
            self._broken.append(error)
            self._cut_short.set()
            raise

    def _inject(self, planned: Planned, load: ChaosLoad) -> None:
        fault, from_ms = self._kinds[planned.name], now_ms()
        detail = fault.inject(self._system, random.Random(planned.draw_seed), load)
        self._journal.write(
            {
                "n": planned.n, "lane": planned.lane, "name": planned.name, "from_ms": from_ms, "to_ms": now_ms(),
                "disturbs": sorted(fault.disturbs), "detail": detail,
            }
        )  # fmt: skip
        self._say(f"fault {planned.n + 1:3} {planned.name:16} {(now_ms() - from_ms) / 1000:5.1f} s  {detail}")

    def _describe(self, started_ms: int, load_ended_ms: int) -> None:
        system = self._system
        described = {
            "seed": self._terms.seed,
            "minutes": self._terms.minutes,
            "faults": len(self._planned),
            "namespaces": system.network.available,
            "bootstrap_servers": system.kafka.bootstrap_servers,
            "topology": "topology.yaml",
            "engines": {name: str(folder) for name, folder in system.engine_folders().items()},
            "agents_data": str(system.agents_folder()),
            "started_ms": started_ms,
            "load_ended_ms": load_ended_ms,
            "quiet_ms": now_ms(),
        }
        (self._terms.folder / "run.json").write_text(json.dumps(described, indent=1) + "\n")

    def _summary(self, verdict: dict[str, object], seconds: float) -> dict[str, object]:
        violations = verdict["violations"]
        return {
            "seed": self._terms.seed,
            "minutes": self._terms.minutes,
            "faults": len(self._planned),
            "kinds": len({planned.name for planned in self._planned}),
            "left_out": sorted(FAULTS.keys() - self._kinds.keys()),
            "namespaces": self._system.network.available,
            "deaths_not_injected": self._system.deaths_not_injected,
            "seconds": round(seconds),
            "violations": len(violations) if isinstance(violations, list) else violations,
            **dict(sorted(dict(verdict["counts"]).items())),  # type: ignore[call-overload]  # counts is a dict
        }


@contextmanager
def brokers_of(folder: Path) -> Iterator[None]:
    """The brokers of a run that has ended, started again on what it left; ``run.json`` says where."""
    network = Network()
    network.lay_out(NAMES)
    brokers = Brokers(folder.absolute(), network)
    described = json.loads((folder / "run.json").read_text())
    try:
        brokers.start()
        described["bootstrap_servers"] = brokers.bootstrap_servers
        (folder / "run.json").write_text(json.dumps(described, indent=1) + "\n")
        if not brokers.await_in_sync():
            raise TimeoutError(f"the brokers of {folder} are not in sync: see its logs")
        yield
    finally:
        brokers.stop()


def _kinds(only: Sequence[str], *, namespaces: bool) -> dict[str, Fault]:
    kinds = only or tuple(FAULTS)
    unknown = sorted(set(kinds) - FAULTS.keys())
    if unknown:
        sys.exit(f"there is no fault {', '.join(unknown)}; there are: {', '.join(sorted(FAULTS))}")
    return {name: FAULTS[name] for name in kinds if namespaces or not FAULTS[name].needs_namespace}
