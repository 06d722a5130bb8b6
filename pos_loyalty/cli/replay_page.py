"""A replay as a picture with its table: one file, light and dark, nothing from the network."""

from collections.abc import Iterator
from html import escape

from pos_loyalty.cli.replay_table import UNTRIED, Table, formulas, tables, untried_lines
from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.replay_figures import MonthFigures, Replayed

_LEFT, _TOP, _BOTTOM, _RIGHT = 92, 64, 56, 16
_PLOT_HEIGHT = 280
_GROUP, _BAR, _GAP = 60, 20, 2
_WIDTH_MIN = 640
_LINES = 4
_CHARACTER = 7
_ROUND_STEPS = (1, 2, 5)

_COLORS = """
.replay { --page: #ffffff; --ink: #141a24; --faint: #475467; --rule: #d3dae4;
  --in-force: #667085; --draft: #1456b8; }
@media (prefers-color-scheme: dark) {
  .replay { --page: #12161d; --ink: #eef1f6; --faint: #b3bdcc; --rule: #333c4a;
    --in-force: #98a2b3; --draft: #7fb0ff; }
}
.replay text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.replay .title { font-size: 17px; font-weight: 600; }
.replay .faint { fill: var(--faint); }
.replay .rule { stroke: var(--rule); }
.replay .in-force { fill: var(--in-force); }
.replay .draft { fill: var(--draft); }
.replay .page { fill: var(--page); }
"""
_PAGE = """
:root { color-scheme: light dark; }
body.replay { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
figure, .wide { margin: 0 0 2rem; overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: start; font-weight: 600; padding: 0.5rem 0; }
th, td { text-align: end; padding: 0.25rem 0.75rem; border-bottom: 1px solid var(--rule);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child { text-align: start; }
li { color: var(--faint); }
.untried { border-inline-start: 4px solid var(--draft); padding-inline-start: 1rem; }
.untried h2 { font-size: 1rem; margin: 0; }
.untried li { color: var(--ink); }
"""


def page(found: Replayed) -> str:
    """Return a page of HTML: the picture, and all figures as tables. Members by id, no names."""
    title = escape(f"{found.draft.name}: what it would cost")
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_COLORS}{_PAGE}</style></head>",
        f'<body class="replay"><main><h1>{title}</h1>',
        *_notes(found),
        f"<figure>{picture(found, has_style=False)}</figure>",
        *(_html_table(table) for table in tables(found)),
        "<ul>",
        *(f"<li>{escape(line)}</li>" for line in formulas(found)),
        "</ul></main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _notes(found: Replayed) -> Iterator[str]:
    """Yield what the past could not try, above the figures."""
    lines = untried_lines(found)
    if lines:
        yield f'<section class="untried"><h2>{UNTRIED}</h2><ul>'
        yield from (f"<li>{escape(line)}</li>" for line in lines)
        yield "</ul></section>"


def picture(found: Replayed, *, has_style: bool = True) -> str:
    """Return the cost of both versions month by month as SVG.

    Args:
        found: the figures.
        has_style: whether it brings its own colors; inside the page it has those of the page.
    """
    width = max(_WIDTH_MIN, _LEFT + _GROUP * len(found.months) + _RIGHT)
    height = _TOP + _PLOT_HEIGHT + _BOTTOM
    costs = [cost for month in found.months for cost in (month.cost_in_force, month.cost_draft)]
    step = _step(max([1, *costs]))
    style = f"<style>{_COLORS}</style>" if has_style else ""
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="replay" role="img"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' aria-labelledby="replay-title replay-words">'
    )
    parts = [
        opening,
        style,
        '<title id="replay-title">Worth of points and stamps, month by month</title>',
        f'<desc id="replay-words">{escape(_in_words(found))}</desc>',
        f'<rect class="page" width="{width}" height="{height}"/>',
        *_heading(found, width),
        *_scale(found, step, width),
        *(
            part
            for place, month in enumerate(found.months)
            for part in _bars(found, month, place, step)
        ),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def _step(largest: int) -> int:
    """Return a round distance of the lines, so that the highest bar is below the topmost."""
    size = 1
    while True:
        for times in _ROUND_STEPS:
            if times * size * _LINES >= largest:
                return times * size
        size *= 10


def _heading(found: Replayed, width: int) -> Iterator[str]:
    without = ", ".join(found.tried.cards)
    ending = f"; the draft without {without}" if without else ""
    title = f"Worth of points and stamps each month, {found.currency}{ending}"
    yield f'<text class="title" x="{_LEFT}" y="24">{escape(title)}</text>'
    in_force = f"in force: {found.in_force.name}"
    second = _LEFT + 28 + _CHARACTER * len(in_force) + 24
    yield f'<rect class="in-force" x="{_LEFT}" y="36" width="12" height="12"/>'
    yield f'<text class="faint" x="{_LEFT + 18}" y="47">{escape(in_force)}</text>'
    yield f'<rect class="draft" x="{min(second, width)}" y="36" width="12" height="12"/>'
    yield (
        f'<text class="faint" x="{min(second, width) + 18}" y="47">'
        f"{escape(f'draft: {found.draft.name}')}</text>"
    )


def _scale(found: Replayed, step: int, width: int) -> Iterator[str]:
    """Yield the lines across with their amounts."""
    for number in range(_LINES + 1):
        y = _TOP + _PLOT_HEIGHT - number * _PLOT_HEIGHT // _LINES
        yield f'<line class="rule" x1="{_LEFT}" y1="{y}" x2="{width - _RIGHT}" y2="{y}"/>'
        yield (
            f'<text class="faint" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">'
            f"{_amount(number * step, found)}</text>"
        )


def _bars(found: Replayed, month: MonthFigures, place: int, step: int) -> Iterator[str]:
    """Yield the two bars of a month, each with its words for those who point at it."""
    left = _LEFT + place * _GROUP + (_GROUP - 2 * _BAR - _GAP) // 2
    both = (("in-force", "in force", month.cost_in_force), ("draft", "draft", month.cost_draft))
    for number, (kind, words, cost) in enumerate(both):
        height = max(0, cost) * _PLOT_HEIGHT // (step * _LINES)
        x, y = left + number * (_BAR + _GAP), _TOP + _PLOT_HEIGHT - height
        text = f"{month.month}, {words}: {found.currency} {_amount(cost, found)}"
        yield (
            f'<rect class="{kind}" x="{x}" y="{y}" width="{_BAR}" height="{height}">'
            f"<title>{escape(text)}</title></rect>"
        )
    middle = left + _BAR + _GAP // 2
    yield (
        f'<text class="faint" x="{middle}" y="{_TOP + _PLOT_HEIGHT + 20}"'
        f' text-anchor="middle">{escape(month.month)}</text>'
    )


def _in_words(found: Replayed) -> str:
    return "; ".join(
        f"{month.month}: in force {_amount(month.cost_in_force, found)},"
        f" draft {_amount(month.cost_draft, found)} {found.currency}"
        for month in found.months
    )


def _amount(amount: int, found: Replayed) -> str:
    return plain_amount(amount, currency_of(found.currency))


def _html_table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    caption = f"<caption>{escape(table.title)}</caption>"
    body = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>" if table.rows else ""
    return f'<div class="wide"><table>{caption}{body}</table></div>'
