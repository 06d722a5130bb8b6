"""The ring around what has the focus: 3 px thick with a gap of 2 px, never hidden by a panel."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from pos_loyalty.ui.look import RADIUS
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.painted import Painted

_WIDTH = 3
_GAP = 2
_FOLLOWED = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide})


class FocusRing(Painted):
    """Lies over a window and follows the focus within it; takes no input."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        """Follow the focus among the descendants of the parent."""
        super().__init__(theme, parent)
        self._host = parent
        self._target: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_moved)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the target when it moves or hides."""
        if watched is self._target and event.type() in _FOLLOWED:
            self._follow()
        return super().eventFilter(watched, event)

    def paint(self, canvas: Canvas) -> None:
        """Paint the ring only."""
        radius = RADIUS + _WIDTH + _GAP
        canvas.fill(canvas.area, None, radius=radius, border="focus", border_width=_WIDTH)

    def _focus_moved(self, _old: QWidget | None, new: QWidget | None) -> None:
        is_inside = new is not None and new is not self._host and self._host.isAncestorOf(new)
        target = new if is_inside else None
        around = target.parentWidget() if target is not None else None
        if around is not None and around.focusProxy() is target:
            # A line to type into is drawn by the field around it.
            target = around
        # While a window closes, Qt tells of the focus leaving widgets that are gone already.
        if self._target is not None and isValid(self._target):
            self._target.removeEventFilter(self)
        self._target = target
        if target is not None:
            target.installEventFilter(self)
        self._follow()

    def _follow(self) -> None:
        target = self._target
        if target is None or not isValid(target) or not target.isVisible():
            self.hide()
            return
        around = self.theme.px(_WIDTH + _GAP)
        corner = target.mapTo(self._host, QPoint(0, 0))
        box = QRect(corner, target.size()).adjusted(-around, -around, around, around)
        self.setGeometry(box)
        self.show()
        self.raise_()
