"""Record golden histories again and show what changes: ``python tests/golden/record.py [FILE…]`` (all by default).

A new history is a YAML file in ``histories/`` with ``about`` and the ``input`` of each step; this fills in the rest.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # as pytest does

from support.golden_history import FOLDER, GoldenHistory


def main(names: list[str]) -> int:
    """Record the named files again; 0 always: what changed is for the reviewer to judge."""
    for path in [Path(name) for name in names] or sorted(FOLDER.glob("histories/*.yaml")):
        change = GoldenHistory(path).record()
        sys.stdout.write(f"{change}\n" if change else f"{path.name}: as recorded\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
