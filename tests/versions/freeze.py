"""Freeze what this version of the engine stores: ``python tests/versions/freeze.py``, once for each ``STATE_VERSION``.

Writes ``v<version>.jsonl``, a partition with vehicles in the middle of all that can happen, and ``v<version>.shape``,
the stored structs' fields. Neither is ever written again: later engines are tested against these very bytes.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # as pytest does

from support.frozen_fleet import FOLDER, frozen_fleet
from support.state_shape import state_shape

from master_orchestrator.core.state_versions import STATE_VERSION


def main() -> int:
    """Write both files; 1 if they are there already."""
    partition, shape = FOLDER / f"v{STATE_VERSION}.jsonl", FOLDER / f"v{STATE_VERSION}.shape"
    if partition.exists():
        sys.stderr.write(f"{partition} is there, and frozen: raise STATE_VERSION in core/state_versions.py first\n")
        return 1
    frozen_fleet().write(partition)
    shape.write_text(state_shape(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
