"""What a figure was measured on."""

import os
import platform
import subprocess
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


def machine() -> dict[str, object]:
    """Facts that a reader of a result needs: cores, memory, versions, and how busy the machine was before."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "memory_mb": psutil.virtual_memory().total >> 20,
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": _commit(),
        "load_before": load(),
    }


def load() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    named = [line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
    return named[0].partition(": ")[2] if named else platform.machine()


def _commit() -> str | None:
    """What was measured; None outside a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
