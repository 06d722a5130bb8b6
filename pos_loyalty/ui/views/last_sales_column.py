"""The last sales on a wide window, and the key that undoes the newest one."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import Button, LastSaleRow
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, centered_square, placed
from pos_loyalty.ui.widgets.painted import Painted, Pressable, tell
from pos_loyalty.ui.widgets.push_button import Density, Kind, PushButton
from pos_loyalty.ui.widgets.text_painting import Align, Fitted, text_width, wrapped

_PADDING = 18
_HEAD = 54
_ROW = 56
_KEY_GAP = 8
_KEY_EDGE = 8
_UNDO_HEIGHT = 56
_DENSITIES = (Density(18, 16), Density(17, 12), Density(16, 10), Density(16, 10, has_icon=False))


class SaleKey(Pressable):
    """A row of the column; it opens the page of its sale."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._row: LastSaleRow | None = None
        self._points_width = 0.0

    @property
    def key(self) -> str:
        """The key of the sale shown; empty for none."""
        return self._row.key if self._row else ""

    def show_sale(self, row: LastSaleRow, points_width: float) -> None:
        """Show a sale; the points of all rows have the same width."""
        if (row, points_width) == (self._row, self._points_width):
            return
        self._row, self._points_width = row, points_width
        self.setEnabled(bool(row.key))
        tell(self, name=f"{row.time} {row.name} {row.amount} {row.points}")
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the columns; while pressed the row is tinted."""
        row = self._row
        if row is None:
            return
        px, faded = canvas.px, row.undone
        if self.isDown():
            canvas.fill(canvas.area, "surface2")
        box = canvas.area.adjusted(px(_KEY_EDGE), 0, -px(_KEY_EDGE), 0)
        time_font = self.theme.font(TypeRole.NOTE, px=15)
        amount_font = self.theme.font(TypeRole.LABEL)
        points_font = self.theme.font(TypeRole.LABEL, px=15)
        time_width = canvas.line(box, row.time, time_font, "text2") + px(10)
        points = QRectF(
            box.right() - self._points_width, box.top(), self._points_width, box.height()
        )
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


class LastSalesColumn(Painted):
    """Time, name, amount and points of each sale, in columns that line up."""

    action_pressed = Signal(str)
    sale_pressed = Signal(str)
    """The key of a row."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start without sales."""
        super().__init__(theme, parent)
        self.keys: list[SaleKey] = []
        self._title = ""
        self._rows: tuple[LastSaleRow, ...] = ()
        self._empty = ""
        self._undo_value: Button | None = None
        self.undo = PushButton(theme, Kind.OUTLINE, self)
        self.undo.clicked.connect(self._pressed)

    def show_sales(
        self, *, title: str, rows: tuple[LastSaleRow, ...], empty: str, undo: Button
    ) -> bool:
        """Show the sales, newest first; ``empty`` is said where there are none.

        Return whether there are new rows for the tab order.
        """
        count_before = len(self.keys)
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
            self._arrange_rows()
            self.update()
        return len(self.keys) > count_before

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the key to the bottom."""
        super().resizeEvent(event)
        self._arrange()
        self._arrange_rows()

    def paint(self, canvas: Canvas) -> None:
        """Paint the panel and as many sales as fit."""
        px, area = canvas.px, canvas.area
        canvas.fill(area, "surface", radius=PANEL_RADIUS)
        left, right = px(_PADDING), area.right() - px(_PADDING)
        title = QRectF(left, px(18), right - left, px(26))
        canvas.line(title, self._title, self.theme.font(TypeRole.TITLE), "text")
        if not self._rows:
            room = QRectF(left, px(_HEAD), right - left, self._list_bottom() - px(_HEAD))
            self._paint_empty(canvas, room)
            return
        for number in range(self._shown_count()):
            canvas.rule(left, right, px(_HEAD) + (number + 1) * px(_ROW) - 1)

    def _paint_empty(self, canvas: Canvas, box: QRectF) -> None:
        font = self.theme.font(TypeRole.NOTE)
        lines = wrapped(self._empty, font, box.width(), lines_max=3)
        side = canvas.px(32)
        middle = box.center()
        icon = QRectF(middle.x() - side / 2, middle.y() - side - canvas.px(6), side, side)
        canvas.icon(icon, "receipt", "text2")
        text = QRectF(box.left(), middle.y() + canvas.px(4), box.width(), canvas.px(66))
        canvas.lines(text, Fitted(font, lines), "text2", align=Align.CENTER)

    def _list_bottom(self) -> float:
        return self.height() - self.theme.px(_PADDING + _UNDO_HEIGHT + 12)

    def _shown_count(self) -> int:
        room = self._list_bottom() - self.theme.px(_HEAD)
        return min(len(self._rows), max(int(room // self.theme.px(_ROW)), 0))

    def _arrange_rows(self) -> None:
        """Show as many sales as fit, their points in one column."""
        px = self.theme.px
        shown = self._rows[: self._shown_count()]
        while len(self.keys) < len(shown):
            key = SaleKey(self.theme, self)
            key.clicked.connect(lambda _checked=False, key=key: self._row_pressed(key))
            self.keys.append(key)
        font = self.theme.font(TypeRole.LABEL, px=15)
        points_width = max((text_width(row.points, font) for row in shown), default=0.0)
        width = self.width() - px(2 * (_PADDING - _KEY_EDGE))
        for place, key in enumerate(self.keys):
            is_used = place < len(shown)
            if is_used:
                key.show_sale(shown[place], points_width)
                top = px(_HEAD) + place * px(_ROW) + px(_KEY_GAP / 2)
                box = QRectF(px(_PADDING - _KEY_EDGE), top, width, px(_ROW - _KEY_GAP))
                key.setGeometry(placed(self, box))
            key.setVisible(is_used)

    def _row_pressed(self, key: SaleKey) -> None:
        if key.key:
            self.sale_pressed.emit(key.key)

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
