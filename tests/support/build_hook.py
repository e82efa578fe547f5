"""The build hook, loaded from its file: no package has it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

HOOK = SimpleNamespace(**runpy.run_path(str(Path(__file__).resolve().parents[2] / "hatch_build.py")))

WHY_NOT: str | None = HOOK.why_not()
"""Why this interpreter cannot build the native codec, or None."""
