"""The counter's first picture: its zones and what is going on, painted in one go.

It is on screen while everything else is still imported, so it imports next to nothing
itself. PySide makes every enumeration of ``Qt`` as soon as one of them may be an argument,
such as a pen's: that takes longer than this whole picture, so everything is a filled path.
"""

from functools import cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.fonts import make_font
from pos_loyalty.ui.look import (
    DARK,
    LIGHT,
    PANEL_RADIUS,
    RADIUS,
    Mode,
    Tokens,
    TypeRole,
    key_figure,
    scale_for,
)
from pos_loyalty.ui.presenters import starting_words as words
from pos_loyalty.ui.views.zones import FIGURES, Zones, key_box, zones

_AMOUNT_INSET: Final = 18
_AMOUNT_TITLE: Final = 22
_STRIP_INSET: Final = 48
"""Where the text of the strip begins, behind the place of its icon."""
_PRIMARY_ICON: Final = 34
_SPECIAL_KEYS: Final = ((0, 1), (1, 1), (2, 2))
"""The keys of the last column that are no figures: row, and how many rows they take."""


class FirstPicture(QWidget):
    """Shows where everything is going to be; takes no input."""

    def __init__(self, mode: Mode) -> None:
        """Choose the colors of a mode."""
        super().__init__()
        is_dark = mode is Mode.DARK or (mode is Mode.SYSTEM and _is_desktop_dark())
        self._tokens = DARK if is_dark else LIGHT

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the zones where the counter has them, in the look of a counter at rest."""
        del event
        scale = scale_for(
            physical_dpi=self.screen().physicalDotsPerInch(),
            width_px=self.width(),
            height_px=self.height(),
        )
        places, tokens = zones(self.width(), self.height(), scale), self._tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        sketch = _Sketch(painter, tokens, scale)
        sketch.mirror_at = self.width() if self.isRightToLeft() else None
        sketch.box(QRectF(self.rect()), tokens.bg, radius=0)
        _sketch_title_row(sketch, places)
        _sketch_zones(sketch, places)
        _sketch_keypad(sketch, places)
        painter.end()


class _Sketch:
    """Boxes and words in the tokens of a theme, mirrored for right to left."""

    def __init__(self, painter: QPainter, tokens: Tokens, scale: float) -> None:
        self._painter = painter
        self.tokens = tokens
        self.scale = scale
        self.mirror_at: float | None = None
        """The width of what is mirrored; None for left to right."""

    def px(self, designed: float) -> int:
        return round(designed * self.scale)

    def placed(self, place: QRectF) -> QRectF:
        """Return where a box lies: the same, or mirrored."""
        if self.mirror_at is None:
            return place
        return place.translated(self.mirror_at - place.right() - place.left(), 0)

    def box(
        self, place: QRectF, fill: str, border: str | None = None, *, radius: float = RADIUS
    ) -> None:
        """Draw a rounded box, its border inside it."""
        outer, corner = self.placed(place), self.px(radius)
        if border is not None:
            self._fill_rounded(outer, corner, border)
            outer, corner = outer.adjusted(1, 1, -1, -1), corner - 1
        self._fill_rounded(outer, corner, fill)

    def words(
        self,
        place: QRectF,
        text: str,
        role: TypeRole,
        ink: str,
        *,
        px: int | None = None,
        aside: float = 0.5,
    ) -> None:
        """Write one line; ``px`` replaces the role's designed size.

        ``aside`` is the share of the free room before the line, 0 to 1.
        """
        designed, weight = role.value
        font = make_font(self.px(px or designed), weight)
        metrics = QFontMetricsF(font)
        place = self.placed(place)
        before = 1 - aside if self.mirror_at is not None else aside
        x = place.x() + (place.width() - metrics.horizontalAdvance(text)) * before
        path = QPainterPath()
        path.addText(QPointF(x, place.center().y() + metrics.capHeight() / 2), font, text)
        self._painter.fillPath(path, _brush(ink))

    def _fill_rounded(self, place: QRectF, corner: float, color: str) -> None:
        path = QPainterPath()
        path.addRoundedRect(place, corner, corner)
        self._painter.fillPath(path, _brush(color))


def _sketch_title_row(sketch: _Sketch, places: Zones) -> None:
    tokens = sketch.tokens
    sketch.box(places.title, tokens.surface, radius=0)
    rule = QRectF(places.title.left(), places.title.bottom() - 1, places.title.width(), 1)
    sketch.box(rule, tokens.divider, radius=0)
    sketch.box(places.search, tokens.bg, tokens.border)
    sketch.box(places.menu, tokens.surface, tokens.border)


def _sketch_zones(sketch: _Sketch, places: Zones) -> None:
    tokens, px = sketch.tokens, sketch.px
    sketch.box(places.strip, tokens.surface2)
    sentence = places.strip.adjusted(px(_STRIP_INSET), 0, 0, 0)
    sketch.words(sentence, words.OPENING, TypeRole.STRIP, tokens.text, aside=0)
    sketch.box(places.left, tokens.surface, radius=PANEL_RADIUS)
    if places.last_sales is not None:
        sketch.box(places.last_sales, tokens.surface, radius=PANEL_RADIUS)
    sketch.box(places.amount, tokens.surface, tokens.border)
    inner = places.amount.adjusted(px(_AMOUNT_INSET), px(10), -px(_AMOUNT_INSET), -px(8))
    title = QRectF(inner.left(), inner.top(), inner.width(), px(_AMOUNT_TITLE))
    sketch.words(title, words.AMOUNT_TITLE, TypeRole.LABEL, tokens.text2, aside=0)
    figure = inner.adjusted(0, px(_AMOUNT_TITLE + 2), 0, 0)
    # The figure stands at the right end in every language, as on any till.
    end = 1 if sketch.mirror_at is None else 0
    sketch.words(figure, words.AMOUNT, TypeRole.AMOUNT, tokens.disabled_text, aside=end)
    sketch.box(places.primary, tokens.surface2)
    label = places.primary.adjusted(px(_PRIMARY_ICON), 0, 0, 0)
    sketch.words(label, words.COMPLETE, TypeRole.PRIMARY, tokens.disabled_text)
    sketch.box(places.bottom, tokens.surface2)


def _sketch_keypad(sketch: _Sketch, places: Zones) -> None:
    tokens, zone = sketch.tokens, sketch.placed(places.keypad)
    size, corner = zone.size(), zone.topLeft()
    # A keypad runs from left to right in every language.
    sketch.mirror_at = None
    for row, figures in enumerate(FIGURES):
        for column, figure in enumerate(figures):
            key = key_box(size, places.key_gap, row=row, column=column).translated(corner)
            sketch.box(key, tokens.surface, tokens.border)
            figure_px = key_figure(key.height(), sketch.scale)
            sketch.words(key, figure, TypeRole.KEY, tokens.text, px=figure_px)
    for row, rows in _SPECIAL_KEYS:
        column = len(FIGURES[0])
        key = key_box(size, places.key_gap, row=row, column=column, rows=rows).translated(corner)
        sketch.box(key, tokens.surface, tokens.border)


@cache
def _brush(color: str) -> QBrush:
    """Return a brush of a color; by way of a palette, as its own makers take a ``Qt`` value."""
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Base, QColor(f"#{color}"))
    return palette.base()


def _is_desktop_dark() -> bool:
    """Return whether the desktop writes in light on dark."""
    palette = QGuiApplication.palette()
    return palette.window().color().lightness() < palette.windowText().color().lightness()
