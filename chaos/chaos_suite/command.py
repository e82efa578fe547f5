"""``python chaos run`` makes a run and judges it, ``python chaos check FOLDER`` judges one again.

The last line of the output is the summary, one line of JSON; the exit status is 1 on any violation, 130 where a run
was interrupted (Ctrl-C) and nothing was judged.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import chaos_checker

from chaos_suite.network import in_namespace_of_its_own
from chaos_suite.run import ChaosRun, RunTerms, brokers_of

COMMAND = (sys.executable, "-m", "master_orchestrator.cli")
"""How the judge calls ``audit verify``."""

INTERRUPTED = 130


def main() -> int:
    """The exit status."""
    given = _arguments()
    in_namespace_of_its_own(sys.argv)
    if given.command == "check":
        with brokers_of(given.folder):
            return _tell(_summary(chaos_checker.check(given.folder, command=COMMAND)))
    folder = given.folder or Path(tempfile.mkdtemp(prefix="chaos-")) / "run"
    started = time.monotonic()
    terms = RunTerms(
        seed=given.seed, minutes=given.minutes, faults=given.faults, folder=folder,
        workflows_per_s=given.workflows_per_s, only=tuple(given.only.split(",")) if given.only else (),
    )  # fmt: skip
    run = ChaosRun(terms, lambda text: print(f"{time.monotonic() - started:7.1f} s  {text}", flush=True))
    try:
        return _tell(run.run(lambda where: chaos_checker.check(where, command=COMMAND)))
    except KeyboardInterrupt:
        return INTERRUPTED


def _summary(verdict: dict[str, object]) -> dict[str, object]:
    return {**verdict, "violations": len(list(verdict["violations"]))}  # type: ignore[call-overload]  # a list


def _tell(summary: dict[str, object]) -> int:
    print(json.dumps(summary))
    return 1 if summary["violations"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python chaos", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start a system, break it, judge it")
    run.add_argument("--seed", type=int, default=1, help="of faults and load")
    run.add_argument("--minutes", type=float, default=30.0, help="how long the load lasts")
    run.add_argument("--faults", type=int, default=150, help="how many")
    run.add_argument("--only", default="", help="kinds of faults, separated by commas; default: all")
    run.add_argument("--workflows-per-s", type=float, default=7.0, help="workflows that the load opens")
    run.add_argument("--folder", type=Path, help="a new folder for the run; default: a temporary one")
    check = commands.add_parser("check", help="judge a run again: its brokers are started on its folder")
    check.add_argument("folder", type=Path)
    return parser.parse_args()
