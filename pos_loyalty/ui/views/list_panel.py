"""Left zone for anything that is a list: find, last sales, menu, connection, part of a reward."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import ListPanel, ListRow
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.views.step_lines import paint_steps
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.widgets.canvas import Canvas, placed
from pos_loyalty.ui.widgets.list_rows import RowPages
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.push_button import Density, Kind, PushButton
from pos_loyalty.ui.widgets.text_painting import (
    Align,
    Fitted,
    fitted,
    line_height,
    text_width,
    wrapped,
)

_PADDING = 16
_TITLE = 40
_BUTTON = 56
_GAP = 10
_NOTE_LINES_MAX = 9
_LINE = 34
"""A line of a table; where there are many, they move together."""
_TABLE_SIZES = (17, 16, 15, 14, 13)
_DENSITIES = (
    Density(18, 14),
    Density(17, 12),
    Density(16, 10),
    Density(17, 12, has_icon=False),
    Density(16, 8, has_icon=False),
)


class ListPanelView(Painted):
    """Title, note, rows with pages, and buttons at the bottom."""

    row_pressed = Signal(str)
    action_pressed = Signal(str)

    def __init__(self, theme: Theme, words: CounterWords, parent: QWidget | None = None) -> None:
        """Make the list; buttons are made when they are needed."""
        super().__init__(theme, parent)
        self._panel: ListPanel | None = None
        self.pages = RowPages(theme, up_name=words.page_up, down_name=words.page_down, parent=self)
        self.pages.row_pressed.connect(self.row_pressed)
        self.buttons: list[PushButton] = []

    def show_panel(self, panel: ListPanel) -> None:
        """Show a list."""
        if panel == self._panel:
            return
        self._panel = panel
        tell(self, name=panel.title, description=_description(panel))
        while len(self.buttons) < len(panel.buttons):
            button = PushButton(self.theme, Kind.QUIET, self)
            place = len(self.buttons)
            button.clicked.connect(lambda _checked=False, place=place: self._pressed(place))
            self.buttons.append(button)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(panel.buttons))
        for button, value in zip(self.buttons, panel.buttons, strict=False):
            button.show_words(value.label, key=value.key, icon=value.icon, enabled=value.enabled)
        self._arrange()
        rows = () if panel.is_table or panel.is_steps else panel.rows
        self.pages.show_rows(rows)
        self.pages.setVisible(bool(rows))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place list and buttons anew."""
        super().resizeEvent(event)
        self._arrange()

    def paint(self, canvas: Canvas) -> None:
        """Paint title, note, and what is said about an empty list."""
        canvas.fill(canvas.area, "surface", radius=PANEL_RADIUS)
        panel = self._panel
        if panel is None:
            return
        px, area = canvas.px, canvas.area
        head = QRectF(px(_PADDING), px(12), area.width() - px(2 * _PADDING), px(_TITLE))
        title = fitted(panel.title, self.theme, TypeRole.NAME, head.width(), sizes=(24, 22, 20, 18))
        canvas.lines(head, title, "text")
        note = self._note()
        if note.lines:
            height = line_height(note.font) * len(note.lines)
            box = QRectF(head.left(), head.bottom() + px(2), head.width(), height)
            canvas.lines(box, note, "text2")
        if panel.is_table:
            self._paint_table(canvas, panel.rows)
        elif panel.is_steps and panel.rows:
            paint_steps(canvas, self.theme, self._list_box(), panel.rows)
        elif not panel.rows and panel.empty:
            self._paint_empty(canvas, panel.empty)

    def _paint_table(self, canvas: Canvas, rows: tuple[ListRow, ...]) -> None:
        """Paint every row as a line of two columns, in one size of letters."""
        box = self._list_box()
        height = min(canvas.px(_LINE), box.height() / max(len(rows), 1))
        size = next(
            (each for each in _TABLE_SIZES if self._fits(rows, each, height=height)),
            _TABLE_SIZES[-1],
        )
        bold = self.theme.font(TypeRole.BODY_STRONG, px=size)
        plain = self.theme.font(TypeRole.BODY, px=size)
        first = self._first_column(rows, bold)
        for place, row in enumerate(rows):
            top = box.top() + place * height
            canvas.line(QRectF(box.left(), top, first, height), row.title, bold, "text")
            rest = QRectF(box.left() + first, top, box.width() - first, height)
            canvas.line(rest, row.detail, plain, "text2")

    def _fits(self, rows: tuple[ListRow, ...], size: int, *, height: float) -> bool:
        """Return whether a table fits in letters of this size."""
        plain = self.theme.font(TypeRole.BODY, px=size)
        first = self._first_column(rows, self.theme.font(TypeRole.BODY_STRONG, px=size))
        second = max(text_width(row.detail, plain) for row in rows)
        is_narrow = first + second <= self._list_box().width()
        return is_narrow and line_height(plain) <= height

    def _first_column(self, rows: tuple[ListRow, ...], font: QFont) -> float:
        return max(text_width(row.title, font) for row in rows) + self.theme.px(_PADDING)

    def _paint_empty(self, canvas: Canvas, text: str) -> None:
        px, box = canvas.px, self._list_box()
        middle = box.center().y() - px(10)
        side = px(44)
        icon = QRectF(box.center().x() - side / 2, middle - side - px(8), side, side)
        canvas.icon(icon, "search", "text2")
        font = self.theme.font(TypeRole.BODY)
        lines = wrapped(text, font, box.width() - px(24), lines_max=3)
        area = QRectF(box.left() + px(12), middle + px(4), box.width() - px(24), px(72))
        canvas.lines(area, Fitted(font, lines), "text2", align=Align.CENTER)

    def _note(self) -> Fitted:
        font = self.theme.font(TypeRole.NOTE)
        panel = self._panel
        if panel is None or not panel.note:
            return Fitted(font, ())
        width = self.width() - self.theme.px(2 * _PADDING)
        return Fitted(font, wrapped(panel.note, font, width, lines_max=_NOTE_LINES_MAX))

    def _button_rows(self) -> list[list[PushButton]]:
        """Return the buttons in rows of two, or of one where the words are long."""
        used = self.buttons[: len(self._panel.buttons)] if self._panel else []
        half = (self.width() - self.theme.px(2 * _PADDING + _GAP)) / 2
        is_long = any(button.width_for(_DENSITIES[-1]) > half for button in used)
        per_row = 1 if is_long or len(used) == 1 else 2
        return [used[place : place + per_row] for place in range(0, len(used), per_row)]

    def _list_box(self) -> QRectF:
        px = self.theme.px
        note = self._note()
        note_height = line_height(note.font) * len(note.lines) + px(8) if note.lines else 0
        top = px(12 + _TITLE + 8) + note_height
        rows = len(self._button_rows())
        bottom = self.height() - px(_PADDING) - rows * px(_BUTTON + _GAP)
        return QRectF(px(_PADDING), top, self.width() - px(2 * _PADDING), max(bottom - top, 0))

    def _arrange(self) -> None:
        px = self.theme.px
        self.pages.setGeometry(placed(self, self._list_box()))
        rows = self._button_rows()
        top = self.height() - px(_PADDING) - len(rows) * px(_BUTTON + _GAP) + px(_GAP)
        for row in rows:
            room = self.width() - px(2 * _PADDING) - px(_GAP) * (len(row) - 1)
            width = room / len(row)
            fits = [each for each in _DENSITIES if all(one.width_for(each) <= width for one in row)]
            for place, button in enumerate(row):
                button.set_density(fits[0] if fits else _DENSITIES[-1])
                left = px(_PADDING) + place * (width + px(_GAP))
                button.setGeometry(placed(self, QRectF(left, top, width, px(_BUTTON))))
            top += px(_BUTTON + _GAP)

    def _pressed(self, place: int) -> None:
        if self._panel is not None and place < len(self._panel.buttons):
            self.action_pressed.emit(self._panel.buttons[place].action.value)


def _description(panel: ListPanel) -> str:
    """Return what a screen reader says of the panel beside its title and its buttons."""
    if panel.is_steps:
        return f"{panel.note} " + ". ".join(f"{row.title} {row.trailing}" for row in panel.rows)
    if panel.is_table:
        return ". ".join(f"{row.title}: {row.detail}" for row in panel.rows)
    return panel.note or panel.empty
