"""The last sales on a wide window, and the key that undoes the newest one."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import Button, LastSaleRow
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, centered_square, placed
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.push_button import Density, Kind, PushButton
from pos_loyalty.ui.widgets.text_painting import Align, Fitted, text_width, wrapped

_PADDING = 18
_HEAD = 54
_ROW = 56
_UNDO_HEIGHT = 56
_DENSITIES = (Density(18, 16), Density(17, 12), Density(16, 10), Density(16, 10, has_icon=False))


class LastSalesColumn(Painted):
    """Time, name, amount and points of each sale, in columns that line up."""

    action_pressed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start without sales."""
        super().__init__(theme, parent)
        self._title = ""
        self._rows: tuple[LastSaleRow, ...] = ()
        self._empty = ""
        self._undo_value: Button | None = None
        self.undo = PushButton(theme, Kind.OUTLINE, self)
        self.undo.clicked.connect(self._pressed)

    def show_sales(
        self, *, title: str, rows: tuple[LastSaleRow, ...], empty: str, undo: Button
    ) -> None:
        """Show the sales, newest first; ``empty`` is said where there are none."""
        if undo != self._undo_value:
            self._undo_value = undo
            self.undo.show_words(
                undo.label, key=undo.key, icon=undo.icon or "undo-2", enabled=undo.enabled
            )
            self._arrange()
        if (title, rows, empty) != (self._title, self._rows, self._empty):
            self._title, self._rows, self._empty = title, rows, empty
            told = "; ".join(f"{row.time} {row.name} {row.amount} {row.points}" for row in rows)
            tell(self, name=title, description=told or empty)
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the key to the bottom."""
        super().resizeEvent(event)
        self._arrange()

    def paint(self, canvas: Canvas) -> None:
        """Paint the panel and as many sales as fit."""
        px, area = canvas.px, canvas.area
        canvas.fill(area, "surface", radius=PANEL_RADIUS)
        left, right = px(_PADDING), area.right() - px(_PADDING)
        title = QRectF(left, px(18), right - left, px(26))
        canvas.line(title, self._title, self.theme.font(TypeRole.TITLE), "text")
        bottom = area.bottom() - px(_PADDING + _UNDO_HEIGHT + 12)
        if not self._rows:
            self._paint_empty(canvas, QRectF(left, px(_HEAD), right - left, bottom - px(_HEAD)))
            return
        shown = self._rows[: int((bottom - px(_HEAD)) // px(_ROW))]
        points_font = self.theme.font(TypeRole.LABEL, px=15)
        points_width = max(text_width(row.points, points_font) for row in shown)
        for number, row in enumerate(shown):
            box = QRectF(left, px(_HEAD) + number * px(_ROW), right - left, px(_ROW))
            self._paint_row(canvas, box, row, points_width)
            canvas.rule(left, right, box.bottom() - 1)

    def _paint_row(
        self, canvas: Canvas, box: QRectF, row: LastSaleRow, points_width: float
    ) -> None:
        px, faded = canvas.px, row.undone
        time_font = self.theme.font(TypeRole.NOTE, px=15)
        amount_font = self.theme.font(TypeRole.LABEL)
        points_font = self.theme.font(TypeRole.LABEL, px=15)
        time_width = canvas.line(box, row.time, time_font, "text2") + px(10)
        points = QRectF(box.right() - points_width, box.top(), points_width, box.height())
        is_gain = row.points.startswith("+") and not faded
        ink = "ok" if is_gain else "text2"
        canvas.line(points, row.points, points_font, ink, align=Align.TRAILING)
        right = points.left() - px(10)
        amount_width = min(text_width(row.amount, amount_font), box.width() * 0.4)
        amount = QRectF(right - amount_width, box.top(), amount_width, box.height())
        canvas.line(
            amount, row.amount, amount_font, "text2" if faded else "text", align=Align.TRAILING
        )
        right = amount.left() - px(8)
        left = box.left() + time_width
        if row.unsent:
            icon = centered_square(QRectF(left, box.top(), px(18), box.height()), px(17))
            canvas.icon(icon, "cloud-off", "warn")
            left += px(18 + 6)
        name = QRectF(left, box.top(), max(right - left, 0), box.height())
        used = canvas.line(
            name, row.name, self.theme.font(TypeRole.NOTE), "text2" if faded else "text"
        )
        if faded:
            canvas.strike(QRectF(left, box.top(), used, box.height()), "text2")
            canvas.strike(amount, "text2")

    def _paint_empty(self, canvas: Canvas, box: QRectF) -> None:
        font = self.theme.font(TypeRole.NOTE)
        lines = wrapped(self._empty, font, box.width(), lines_max=3)
        side = canvas.px(32)
        middle = box.center()
        icon = QRectF(middle.x() - side / 2, middle.y() - side - canvas.px(6), side, side)
        canvas.icon(icon, "receipt", "text2")
        text = QRectF(box.left(), middle.y() + canvas.px(4), box.width(), canvas.px(66))
        canvas.lines(text, Fitted(font, lines), "text2", align=Align.CENTER)

    def _arrange(self) -> None:
        px = self.theme.px
        width = self.width() - px(2 * _PADDING)
        density = _DENSITIES[-1]
        for density in _DENSITIES:
            if self.undo.width_for(density) <= width:
                break
        self.undo.set_density(density)
        top = self.height() - px(_PADDING + _UNDO_HEIGHT)
        self.undo.setGeometry(placed(self, QRectF(px(_PADDING), top, width, px(_UNDO_HEIGHT))))

    def _pressed(self) -> None:
        if self._undo_value is not None:
            self.action_pressed.emit(self._undo_value.action.value)
