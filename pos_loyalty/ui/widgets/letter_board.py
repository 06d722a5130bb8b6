"""Our own letters for a till without a keyboard; they lie where the keypad was."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.widgets.canvas import Canvas, placed
from pos_loyalty.ui.widgets.keypad_key import KeypadKey
from pos_loyalty.ui.widgets.painted import Painted

BACKSPACE = "\b"
_COLUMNS = 9
_ROWS = 4
_GAP = 8
_KEYS_BESIDE_LETTERS = 3
LETTERS_MAX = _COLUMNS * _ROWS - _KEYS_BESIDE_LETTERS


class LetterBoard(Painted):
    """A board of letters in the order of the language's alphabet."""

    letter_pressed = Signal(str)
    close_pressed = Signal()

    def __init__(
        self,
        theme: Theme,
        *,
        space_name: str,
        backspace_name: str,
        close_name: str,
        parent: QWidget | None = None,
    ) -> None:
        """Make a board without letters; the names are read out for the three other keys."""
        super().__init__(theme, parent)
        self._letters: list[KeypadKey] = []
        self._alphabet = ""
        self._space = KeypadKey(theme, parent=self)
        self._space.show_face("", icon="space", name=space_name)
        self._backspace = KeypadKey(theme, parent=self)
        self._backspace.show_face("", icon="delete", name=backspace_name)
        self._close = KeypadKey(theme, parent=self)
        self._close.show_face("", icon="x", name=close_name, key="Esc")
        self._space.clicked.connect(lambda: self.letter_pressed.emit(" "))
        self._backspace.clicked.connect(lambda: self.letter_pressed.emit(BACKSPACE))
        self._close.clicked.connect(self.close_pressed)

    @property
    def keys(self) -> tuple[KeypadKey, ...]:
        """All keys in the order of reading."""
        return (*self._letters, self._space, self._backspace, self._close)

    def show_alphabet(self, alphabet: str) -> None:
        """Show the letters of a language, at most `LETTERS_MAX` of them."""
        if alphabet == self._alphabet:
            return
        self._alphabet = alphabet
        shown = alphabet[:LETTERS_MAX]
        while len(self._letters) < len(shown):
            key = KeypadKey(self.theme, text_px=26, parent=self)
            key.clicked.connect(lambda _checked=False, key=key: self._pressed(key))
            key.show()
            self._letters.append(key)
        for place, key in enumerate(self._letters):
            key.setVisible(place < len(shown))
            if place < len(shown):
                key.show_face(shown[place])
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the keys to the board."""
        super().resizeEvent(event)
        self._arrange()

    def paint(self, canvas: Canvas) -> None:
        """Cover what lies below."""
        canvas.painter.fillRect(canvas.area, canvas.color("bg"))

    def _arrange(self) -> None:
        count = len(self._alphabet[:LETTERS_MAX])
        for place, key in enumerate(self._letters[:count]):
            key.setGeometry(placed(self, self._cell(place, span=1)))
        # What is left of the last row is the space bar.
        first = _COLUMNS * (_ROWS - 1)
        place = max(first, count)
        span = _COLUMNS * _ROWS - (_KEYS_BESIDE_LETTERS - 1) - place
        self._space.setGeometry(placed(self, self._cell(place, span=span)))
        self._backspace.setGeometry(placed(self, self._cell(place + span, span=1)))
        self._close.setGeometry(placed(self, self._cell(place + span + 1, span=1)))

    def _cell(self, place: int, *, span: int) -> QRectF:
        gap = self.theme.px(_GAP)
        row, column = divmod(place, _COLUMNS)
        width = (self.width() - gap * (_COLUMNS - 1)) / _COLUMNS
        height = (self.height() - gap * (_ROWS - 1)) / _ROWS
        return QRectF(
            column * (width + gap), row * (height + gap), width * span + gap * (span - 1), height
        )

    def _pressed(self, key: KeypadKey) -> None:
        self.letter_pressed.emit(key.text())
