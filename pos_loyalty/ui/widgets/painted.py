"""The two kinds of widget that we paint: those that show, and those that can be pressed."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.widgets.canvas import Canvas

TARGET = 48
"""The least side of anything that a finger must hit, in designed pixels."""


def tell(widget: QWidget, *, name: str, description: str = "") -> None:
    """Say to a screen reader what a widget is, and which key does the same."""
    if widget.accessibleName() != name:
        widget.setAccessibleName(name)
    if widget.accessibleDescription() != description:
        widget.setAccessibleDescription(description)


class Painted(QWidget):
    """A widget that only shows: it paints itself from the theme and takes no input."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Keep the theme; the parent owns the widget."""
        super().__init__(parent)
        self.theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint with smooth edges."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(Canvas(painter, self, self.theme))
        painter.end()

    def paint(self, canvas: Canvas) -> None:
        """Paint the widget; each kind has its own way."""
        raise NotImplementedError


class Pressable(QAbstractButton):
    """A button that paints itself; it acts when the finger, mouse or key lets go.

    Touch and mouse do not take the focus: after a tap, what is typed still goes where
    it went before. Return presses a focused button as Space does, but never by repeat.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Keep the theme; the parent owns the button."""
        super().__init__(parent)
        self.theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint with smooth edges."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(Canvas(painter, self, self.theme))
        painter.end()

    def paint(self, canvas: Canvas) -> None:
        """Paint the button; each kind has its own way."""
        raise NotImplementedError

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Return and Enter press the focused button."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if not event.isAutoRepeat():
                self.click()
            event.accept()
            return
        super().keyPressEvent(event)

    def nextCheckState(self) -> None:
        """Leave a tick as it is: only the presenter changes what is shown."""

    def sizeHint(self) -> QSize:
        """Return the least size that a finger hits."""
        side = self.theme.px(TARGET)
        return QSize(side, side)
