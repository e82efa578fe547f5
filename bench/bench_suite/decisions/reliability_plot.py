"""The reliability plot as SVG, small enough for a page of the documentation."""

from collections.abc import Iterator, Mapping, Sequence

from bench_suite.decisions.calibration import Bin

SIDE, MARGIN, GAP = 240, 44, 64
"""Of one panel, in pixels."""
LAST = "#1f77b4"
OTHERS = ("#b0b0b0", "#e3a857")

Curve = Sequence[Bin | None]


def reliability_svg(panels: Mapping[str, Mapping[str, Curve]]) -> str:
    """A panel per title: predicted against confirmed, a dot per tenth, its area by how many there are.

    Each panel has up to three curves by name; the last one is in blue.
    """
    width = MARGIN + len(panels) * (SIDE + GAP)
    height = SIDE + 2 * MARGIN + 18
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (title, curves) in enumerate(panels.items()):
        parts.append(f'<g transform="translate({MARGIN + number * (SIDE + GAP)},{MARGIN})">')
        parts += _frame(title)
        for place, (name, curve) in enumerate(curves.items()):
            colour = LAST if place == len(curves) - 1 else OTHERS[place]
            parts += _curve(curve, colour)
            parts.append(f'<circle cx="12" cy="{16 + 16 * place}" r="5" fill="{colour}"/>')
            parts.append(f'<text x="22" y="{20 + 16 * place}">{name}</text>')
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _frame(title: str) -> Iterator[str]:
    yield f'<text x="{SIDE / 2}" y="-14" text-anchor="middle" font-size="13">{title}</text>'
    yield f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#444"/>'
    yield f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#999" stroke-dasharray="4"/>'
    for tenth in range(0, 11, 2):
        at = tenth / 10 * SIDE
        yield f'<text x="{at:g}" y="{SIDE + 16}" text-anchor="middle">{tenth / 10:g}</text>'
        yield f'<text x="-6" y="{SIDE - at + 4:g}" text-anchor="end">{tenth / 10:g}</text>'
    yield f'<text x="{SIDE / 2}" y="{SIDE + 34}" text-anchor="middle">probability given</text>'
    yield f'<text transform="translate(-30,{SIDE / 2}) rotate(-90)" text-anchor="middle">share that was so</text>'


def _curve(curve: Curve, colour: str) -> Iterator[str]:
    for one in filter(None, curve):
        radius = min(14.0, 2.5 + one.claims**0.5 / 2)
        x, y = one.claimed * SIDE, SIDE - one.right * SIDE
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.75"/>'
