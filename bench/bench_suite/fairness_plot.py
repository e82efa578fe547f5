"""``python fairness_plot.py TARGET < JSON``: waits, bounds, and how urgent ones overtake. Runs in the bench's venv."""

import json
import sys
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]  # not in the product's venv
from matplotlib import pyplot as plt  # type: ignore[import-not-found,unused-ignore]  # as above


def main() -> None:
    """Draw what stdin says into the file of the first argument."""
    drawn = json.load(sys.stdin)
    mpl.use("agg")
    overloads, overtakings = drawn["overloads"], drawn["overtakings"]
    figure = plt.figure(figsize=(15, 3.4 * (len(overloads) + 1)), layout="constrained")
    rows: Any = figure.subfigures(len(overloads) + 1, 1)
    for row, (title, lanes) in zip(rows, overloads.items(), strict=False):
        _overload(row, title, lanes)
    _overtakings(rows[-1], overtakings)
    figure.savefig(sys.argv[1], dpi=110)


def _overload(row: Any, title: str, lanes: dict[str, dict[str, list[float]]]) -> None:
    row.suptitle(title, fontsize=10)
    for axes, (lane, points) in zip(row.subplots(1, len(lanes)), lanes.items(), strict=True):
        axes.plot(points["at_s"], points["bound_s"], ".", color="tab:red", markersize=2, label="bound")
        axes.plot(points["at_s"], points["waited_s"], ".", color="tab:blue", markersize=2, label="wait")
        axes.set(title=lane, xlabel="appended, s", yscale="log", ylim=(1e-3, None))
        axes.grid(alpha=0.3)
    row.axes[0].set_ylabel("wait, s")
    row.axes[0].legend(markerscale=5, loc="lower right")


def _overtakings(row: Any, runs: dict[str, list[float]]) -> None:
    row.suptitle("URGENT overtakes a ROUTINE backlog: wait of each from when a worker was free", fontsize=10)
    for axes, (title, waited_ms) in zip(row.subplots(1, len(runs)), runs.items(), strict=True):
        axes.plot(sorted(waited_ms), [(n + 1) / len(waited_ms) for n in range(len(waited_ms))], "k.-", markersize=4)
        axes.axvline(100, color="tab:red")
        axes.set(
            title=title, xlabel="ms; red: what is promised", ylabel="share of them", ylim=(0, 1.02), xlim=(0, None)
        )
        axes.grid(alpha=0.3)


if __name__ == "__main__":
    main()
