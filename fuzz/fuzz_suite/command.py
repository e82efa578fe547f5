"""``python fuzz TARGET --count N --seed S``: mutated input, in quantity; ``python fuzz replay FILE``: a finding again.

The last line of the output is the result, one line of JSON; the exit status is 1 if there is a finding.
"""

import argparse
import tempfile
from pathlib import Path

from fuzz_suite.findings import load
from fuzz_suite.shards import TARGETS, FuzzRun, target_of

DEFAULT_COUNTS = {"records": 1_000_000, "conduct": 1_000_000, "topology": 20_000, "arguments": 20_000, "ingest": 20_000}


def main() -> int:
    """The exit status."""
    given = _arguments()
    if given.target == "replay":
        finding = load(given.file)
        print(f"{finding.target}: {finding.kind}\n{finding.text}")
        print(target_of(finding.target).replay(bytes(finding.case)))
        return 0
    folder = given.folder or Path(tempfile.gettempdir()) / "fuzz-findings"
    if given.target == "kafka":
        from fuzz_suite.on_kafka import run_on_kafka

        return run_on_kafka(given.count, given.seed, folder)
    return FuzzRun(given.target, given.count, given.seed, given.jobs, folder).execute()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python fuzz", description=__doc__)
    targets = parser.add_subparsers(dest="target", required=True)
    for name in TARGETS:
        target = targets.add_parser(name)
        target.add_argument("--count", type=int, default=DEFAULT_COUNTS[name], help="cases")
        target.add_argument("--seed", type=int, default=1)
        target.add_argument("--jobs", type=int, default=2, help="processes")
        target.add_argument("--folder", type=Path, help="where findings go")
    kafka = targets.add_parser("kafka", help="records again, through a broker and an engine of their own")
    kafka.add_argument("--count", type=int, default=50_000, help="records")
    kafka.add_argument("--seed", type=int, default=1)
    kafka.add_argument("--folder", type=Path, help="where findings go")
    replay = targets.add_parser("replay", help="run the case of a finding again")
    replay.add_argument("file", type=Path)
    return parser.parse_args()
