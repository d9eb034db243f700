"""Draws figures over time as a line plot in SVG."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

WIDTH_PX, HEIGHT_PX, LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 960, 480, 64, 48, 220, 48
COLORS = ("#1b6ec2", "#c2571b", "#2a8a4a", "#8a2a7a", "#a08a1b", "#1b9aa0", "#c21b3a", "#5a5a5a")


def line_plot(title: str, unit: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return an SVG with a line for each series of (seconds, figure) pairs; the vertical axis begins at zero."""
    points = [point for each in series.values() for point in each]
    last_s = max((x for x, _ in points), default=1.0) or 1.0
    highest = max((y for _, y in points), default=1.0) * 1.05 or 1.0
    wide, high = WIDTH_PX - LEFT_PX - RIGHT_PX, HEIGHT_PX - TOP_PX - BOTTOM_PX

    def position(x: float, y: float) -> str:
        return f"{LEFT_PX + x / last_s * wide:.1f},{TOP_PX + high - y / highest * high:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{HEIGHT_PX}" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT_PX}" y="24" font-size="16">{html.escape(title)}</text>',
    ]
    for step in range(6):
        y, x = highest * step / 5, last_s * step / 5
        (left, level), (at, _) = position(0, y).split(","), position(x, 0).split(",")
        parts += [
            f'<line x1="{left}" y1="{level}" x2="{LEFT_PX + wide}" y2="{level}" stroke="#ddd"/>',
            f'<text x="{LEFT_PX - 6}" y="{level}" text-anchor="end">{y:.0f}</text>',
            f'<text x="{at}" y="{HEIGHT_PX - 24}" text-anchor="middle">{x / 60:.1f}</text>',
        ]
    parts.append(f'<text x="{LEFT_PX + wide / 2}" y="{HEIGHT_PX - 6}" text-anchor="middle">minutes; {unit}</text>')
    for number, (name, each) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        line = " ".join(position(x, y) for x, y in each)
        label_y = TOP_PX + 16 * (number + 1)
        parts += [
            f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{line}"/>',
            f'<text x="{LEFT_PX + wide + 8}" y="{label_y}" fill="{color}">{html.escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
