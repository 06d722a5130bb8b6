"""Rows of a list panel, with pages instead of swiping."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import ListRow
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, key_cap_width, placed
from pos_loyalty.ui.widgets.keypad_key import KeypadKey
from pos_loyalty.ui.widgets.painted import Pressable, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted, text_width

ROW_HEIGHT = 60
_ROW_HEIGHT_MIN = 49
"""Rows become so low where all of them fit by that, rather than turn pages."""
_GAP = 8
_PAGER_HEIGHT = 48
_SENTENCE_LINES = 3
_WIDEST_KEY = "Alt 8"
"""Rows to tick keep this much room for a key, so that their figures stand in one column."""


class RowButton(Pressable):
    """One row: icon, title, a line below, and something at the trailing end.

    A row to be ticked is filled when it is; the edge alone says where the arrow keys are.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self.setCheckable(True)
        self._row: ListRow | None = None

    @property
    def key(self) -> str:
        """The key of the row shown; empty for none."""
        return self._row.key if self._row else ""

    def show_row(self, row: ListRow) -> None:
        """Show a row."""
        if row == self._row:
            return
        self._row = row
        self.setChecked(row.selected if row.ticked is None else row.ticked)
        self.setEnabled(row.enabled)
        parts = (row.title, row.detail, row.trailing)
        tell(self, name=", ".join(part for part in parts if part), description=row.shortcut)
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the row; the selected one is tinted and has a thick edge."""
        row = self._row
        if row is None:
            return
        px, area = canvas.px, canvas.area
        ink, ink2 = self._paint_ground(canvas, row)
        left, right = float(px(15)), area.right() - px(14)
        if row.ticked is not None:
            right = self._paint_key(canvas, row.shortcut, right=area.right() - px(10), ink=ink)
        if row.icon:
            side = px(22)
            canvas.icon(QRectF(left, area.center().y() - side / 2, side, side), row.icon, ink)
            left += side + px(11)
        if row.trailing:
            font = self.theme.font(TypeRole.LABEL)
            width = min(text_width(row.trailing, font), (right - left) * 0.45)
            box = QRectF(right - width, 0, width, area.height())
            canvas.line(box, row.trailing, font, ink2, align=Align.TRAILING)
            right = box.left() - px(10)
        self._paint_words(canvas, row, QRectF(left, 0, right - left, area.height()), (ink, ink2))

    def _paint_ground(self, canvas: Canvas, row: ListRow) -> tuple[str, str]:
        """Paint fill and edge; return the two inks that can be read on them."""
        area = canvas.area
        if not row.enabled:
            canvas.fill(area, "surface2", border="divider")
            return ("disabled_text", "disabled_text")
        is_at = row.selected or self.isDown()
        is_filled = is_at if row.ticked is None else row.ticked or self.isDown()
        canvas.fill(
            area,
            "primary_soft" if is_filled else "surface",
            border="primary" if is_at or is_filled else "border",
            border_width=2 if is_at else 1,
        )
        return ("on_primary_soft", "on_primary_soft") if is_filled else ("text", "text2")

    def _paint_key(self, canvas: Canvas, key: str, *, right: float, ink: str) -> float:
        """Paint the key that presses the row, if it has one; return where its room begins."""
        px, middle = canvas.px, canvas.area.center().y()
        cap = QRectF(0, middle - px(13), key_cap_width(self.theme, _WIDEST_KEY), px(26))
        cap.moveRight(right)
        if key:
            edge = ink if ink == "on_primary_soft" else "border"
            canvas.key_cap(cap, key, ink=ink, edge=edge)
        return cap.left() - px(10)

    def _paint_words(
        self, canvas: Canvas, row: ListRow, box: QRectF, inks: tuple[str, str]
    ) -> None:
        """Paint the title, and below it the line that says more."""
        px, middle = canvas.px, box.center().y()
        title_box = box
        if row.detail:
            title_box = QRectF(box.left(), middle - px(23), box.width(), px(24))
            below = QRectF(box.left(), middle + px(2), box.width(), px(20))
            sizes = (14, 13, 12)
            detail = fitted(row.detail, self.theme, TypeRole.HINT, below.width(), sizes=sizes)
            canvas.lines(below, detail, inks[1])
        # A row of one sentence may take the whole height.
        title = fitted(
            row.title,
            self.theme,
            TypeRole.BODY_STRONG,
            title_box.width(),
            sizes=(17, 16, 15, 14),
            lines_max=1 if row.detail else _SENTENCE_LINES,
        )
        canvas.lines(title_box, title, inks[0])


class RowPages(QWidget):
    """As many rows as fit, and two keys to the other pages when there are more."""

    row_pressed = Signal(str)

    def __init__(self, theme: Theme, *, up_name: str, down_name: str, parent: QWidget) -> None:
        """Make an empty list; the names are what a screen reader says for the two keys."""
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[ListRow, ...] = ()
        self._first = 0
        self._buttons: list[RowButton] = []
        self._up = KeypadKey(theme, parent=self)
        self._down = KeypadKey(theme, parent=self)
        self._up.show_face("", icon="chevron-up", name=up_name)
        self._down.show_face("", icon="chevron-down", name=down_name)
        self._up.clicked.connect(lambda: self.turn_page(-1))
        self._down.clicked.connect(lambda: self.turn_page(1))

    @property
    def buttons(self) -> tuple[RowButton, ...]:
        """The rows on screen."""
        return tuple(button for button in self._buttons if not button.isHidden())

    @property
    def all_keys(self) -> tuple[QWidget, ...]:
        """Everything that can be pressed, shown or not, for the tab order."""
        return (*self._buttons, self._up, self._down)

    def show_rows(self, rows: tuple[ListRow, ...]) -> None:
        """Show rows; a selected row is always on the page."""
        if [row.key for row in rows] != [row.key for row in self._rows]:
            self._first = 0
        self._rows = rows
        self._turn_to_selected()
        self.arrange()

    def turn_page(self, step: int) -> None:
        """Go one page up (-1) or down (1)."""
        first = self._first + step * self._page_size()
        if 0 <= first < len(self._rows):
            self._first = first
            self.arrange()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn pages with a wheel, where there is one."""
        self.turn_page(-1 if event.angleDelta().y() > 0 else 1)
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many rows as fit now; pages begin elsewhere when they hold more or fewer."""
        super().resizeEvent(event)
        self._turn_to_selected()
        self.arrange()

    def arrange(self) -> None:
        """Place the rows of the page, and the two keys if there are more pages."""
        px = self._theme.px
        size = self._page_size()
        shown = self._rows[self._first : self._first + size]
        while len(self._buttons) < len(shown):
            button = RowButton(self._theme, self)
            button.clicked.connect(lambda _checked=False, row=button: self._pressed(row))
            self._buttons.append(button)
        height = self._row_height()
        step = height + px(_GAP)
        for place, button in enumerate(self._buttons):
            is_used = place < len(shown)
            if is_used:
                button.show_row(shown[place])
                box = QRectF(0, place * step, self.width(), height)
                button.setGeometry(placed(self, box))
            button.setVisible(is_used)
        self._arrange_pager(has_pages=len(self._rows) > size)

    def _turn_to_selected(self) -> None:
        """Go to the page of the selected row; without one, to that of the first row on screen."""
        size = self._page_size()
        selected = (place for place, row in enumerate(self._rows) if row.selected)
        self._first = next(selected, self._first) // size * size

    def _arrange_pager(self, *, has_pages: bool) -> None:
        px = self._theme.px
        width = (self.width() - px(_GAP)) / 2
        top = self.height() - px(_PAGER_HEIGHT)
        for number, key in enumerate((self._up, self._down)):
            box = QRectF(number * (width + px(_GAP)), top, width, px(_PAGER_HEIGHT))
            key.setGeometry(placed(self, box))
            key.setVisible(has_pages)
        self._up.setEnabled(self._first > 0)
        self._down.setEnabled(self._first + self._page_size() < len(self._rows))

    def _row_height(self) -> int:
        """Return the height at which all rows fit, or the usual one where none does that."""
        px = self._theme.px
        share = (self.height() + px(_GAP)) // max(len(self._rows), 1) - px(_GAP)
        return min(share, px(ROW_HEIGHT)) if share >= px(_ROW_HEIGHT_MIN) else px(ROW_HEIGHT)

    def _page_size(self) -> int:
        px = self._theme.px
        step = self._row_height() + px(_GAP)
        fitting = (self.height() + px(_GAP)) // step
        if len(self._rows) > fitting:
            fitting = (self.height() - px(_PAGER_HEIGHT)) // step
        return max(fitting, 1)

    def _pressed(self, row: RowButton) -> None:
        if row.key:
            self.row_pressed.emit(row.key)
