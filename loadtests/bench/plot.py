"""Plots as SVG, written by hand: bars for each row of a table, one for each contender. Pure: a table in, text out."""

import math
from collections.abc import Callable
from html import escape

from loadtests.bench.figures import Table, middle

COLOURS = ["#1f5fbf", "#6aa6ff", "#4d9a51", "#c9822b", "#a0408f", "#8a8a8a", "#b5443c"]
LEFT, WIDTH, RIGHT = 250, 520, 90
BAR, GAP, TOP = 14, 16, 64


def bars(table: Table, *, relative_to: str = "", logarithmic: bool = False) -> str:
    """Shorter is better. With a contender to be relative to, its bar in each row is 1: rows of any size compare."""
    scaled = {row: _scaled(cells, relative_to) for row, cells in table.rows.items()}
    names = table.contenders
    length = _lengths([value for cells in scaled.values() for value in cells.values()], logarithmic)
    unit = f"{relative_to} = 1" if relative_to else table.unit + (", logarithmic" if logarithmic else "")
    parts = [_text(0, 20, f"{table.title} ({unit}; shorter is better)", size=14), *_legend(names)]
    y = TOP
    for row, cells in scaled.items():
        height = len(cells) * BAR
        parts.append(_text(LEFT - 10, y + height / 2 + 4, row, anchor="end"))
        for place, (name, value) in enumerate(cells.items()):
            parts += _bar(y + place * BAR, length(value), COLOURS[names.index(name) % len(COLOURS)], value)
        y += height + GAP
    return _svg(LEFT + WIDTH + RIGHT, y, parts)


def _lengths(values: list[float], logarithmic: bool) -> Callable[[float], float]:
    most, least = max(values), min(values) / 2
    if logarithmic and least > 0:
        return lambda value: WIDTH * math.log(value / least) / math.log(most / least)
    return lambda value: WIDTH * value / (most or 1.0)


def _scaled(cells: dict[str, list[float]], relative_to: str) -> dict[str, float]:
    one = middle(cells[relative_to]) if relative_to else 1.0
    return {name: middle(values) / one for name, values in cells.items()}


def _bar(y: float, width: float, colour: str, value: float) -> list[str]:
    shape = f'<rect x="{LEFT}" y="{y:.0f}" width="{max(width, 1):.1f}" height="{BAR - 2}" fill="{colour}"/>'
    return [shape, _text(LEFT + width + 5, y + BAR - 4, f"{value:.3g}", size=10)]


def _legend(names: list[str]) -> list[str]:
    parts, x = [], 0.0
    for place, name in enumerate(names):
        parts.append(f'<rect x="{x:.0f}" y="34" width="12" height="12" fill="{COLOURS[place % len(COLOURS)]}"/>')
        parts.append(_text(x + 17, 44, name))
        x += 40 + 7 * len(name)
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width: float, height: float, parts: list[str]) -> str:
    space = 16
    box = f"{-space} 0 {width + 2 * space:.0f} {height:.0f}"
    back = f'<rect x="{-space}" y="0" width="{width + 2 * space:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif" fill="#222222">'
    return "\n".join([head, back, *parts, "</svg>", ""])
