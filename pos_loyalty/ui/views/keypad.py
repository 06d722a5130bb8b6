"""The keypad: figures in the order of a till, from left to right in every language."""

from PySide6.QtCore import QSizeF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import Action
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.views.zones import FIGURES, key_box
from pos_loyalty.ui.widgets.keypad_key import KeypadKey

_LAST_COLUMN = 3
DECIMAL = "."


class Keypad(QWidget):
    """Sixteen cells: figures, delete, clear, and a tall key that adds a line."""

    digit_pressed = Signal(str)
    action_pressed = Signal(str)

    def __init__(self, theme: Theme, words: CounterWords, parent: QWidget) -> None:
        """Make the keys; they never change places."""
        super().__init__(parent)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._gap = theme.px(10)
        self._cells: list[tuple[KeypadKey, int, int, int]] = []
        for row, figures in enumerate(FIGURES):
            for column, figure in enumerate(figures):
                key = KeypadKey(theme, parent=self)
                key.show_face(figure, key=figure)
                key.clicked.connect(
                    lambda _checked=False, figure=figure: self.digit_pressed.emit(figure)
                )
                self._cells.append((key, row, column, 1))
        self._decimal = self._cells[-1][0]
        self._plus = KeypadKey(theme, text_px=20, parent=self)
        backspace = KeypadKey(theme, parent=self)
        backspace.show_face("", icon="delete", name=words.backspace, key="Backspace")
        clear = KeypadKey(theme, text_px=24, parent=self)
        clear.show_face(words.clear_face, name=words.clear, key="Del")
        special = (
            (backspace, Action.BACKSPACE),
            (clear, Action.CLEAR),
            (self._plus, Action.ADD_LINE),
        )
        for row, (key, action) in enumerate(special):
            key.clicked.connect(
                lambda _checked=False, action=action: self.action_pressed.emit(action.value)
            )
            self._cells.append((key, row, _LAST_COLUMN, 2 if key is self._plus else 1))

    @property
    def keys(self) -> tuple[KeypadKey, ...]:
        """The keys in the order of reading, for the tab order."""
        return tuple(key for key, *_ in sorted(self._cells, key=lambda cell: (cell[1], cell[2])))

    def show_labels(self, *, decimal: str, plus: str) -> None:
        """Show the decimal sign of the language and the word on the tall key."""
        self._decimal.show_face(decimal, key=decimal)
        self._plus.show_face(plus, key="+")

    def set_gap(self, gap: float) -> None:
        """Set the distance between the keys in pixels."""
        self._gap = round(gap)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the keys to the zone."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        size = QSizeF(self.size())
        for key, row, column, rows in self._cells:
            box = key_box(size, self._gap, row=row, column=column, rows=rows)
            key.setGeometry(box.toRect())
