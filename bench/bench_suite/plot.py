"""``python plot.py TARGET < JSON``: bars of medians with every round as a dot. Runs in the bench's own venv."""

import json
import statistics
import sys

import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]  # not in the product's venv
from matplotlib import pyplot as plt  # type: ignore[import-not-found,unused-ignore]  # as above


def main() -> None:
    """Draw what stdin says into the file of the first argument."""
    drawn = json.load(sys.stdin)
    names = list(drawn["bars"])[::-1]
    mpl.use("agg")
    figure, axes = plt.subplots(figsize=(9, 1 + 0.5 * len(names)))
    colours = ["tab:gray"] * (len(names) - 1) + ["tab:blue"]
    axes.barh(names, [statistics.median(drawn["bars"][name]) for name in names], color=colours, alpha=0.6)
    for name in names:
        axes.plot(drawn["bars"][name], [name] * len(drawn["bars"][name]), "k.", markersize=5)
    axes.set_xlabel(f"{drawn['figure']} (bar: median, dots: rounds)")
    axes.set_title(drawn["title"])
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=120)


if __name__ == "__main__":
    main()
