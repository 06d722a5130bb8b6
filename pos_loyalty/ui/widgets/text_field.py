"""A field to type into, painted like everything else; Qt keeps the caret and the selection."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, placed
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import text_width

_LENGTH_MAX = 200
_INSET = 4
_SIZES = (17, 16, 15, 14)


class TextField(Painted):
    """An edge with an icon around a plain line to type into, and room for buttons at its end."""

    edited = Signal(str)

    def __init__(
        self, theme: Theme, *, icon: str = "", fill: str = "surface", parent: QWidget | None = None
    ) -> None:
        """Make an empty field; ``fill`` is the token of its ground."""
        super().__init__(theme, parent)
        self._icon = icon
        self._fill = fill
        self._room_at_end = 0
        self.edit = QLineEdit(self)
        self.edit.setFrame(False)
        self.edit.setMaxLength(_LENGTH_MAX)
        self.edit.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.edit.setAttribute(Qt.WidgetAttribute.WA_MacShowFocusRect, on=False)
        self.edit.textEdited.connect(self.edited)
        self.edit.installEventFilter(self)
        self.setFocusProxy(self.edit)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        theme.changed.connect(self._dress)
        self._dress()

    def show_text(self, text: str, *, placeholder: str) -> None:
        """Show a text without moving the caret of who types it right now."""
        if self.edit.text() != text:
            self.edit.setText(text)
        if self.edit.placeholderText() != placeholder:
            self.edit.setPlaceholderText(placeholder)
            tell(self.edit, name=placeholder)
            self._arrange()

    def keep_room_at_end(self, designed: int) -> None:
        """Leave room for a button that lies over the trailing end, in designed pixels."""
        self._room_at_end = designed
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the line to the box."""
        super().resizeEvent(event)
        self._arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Let a tap beside the line mean the line."""
        self.edit.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Repaint the edge when the focus comes or goes."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().eventFilter(watched, event)

    def paint(self, canvas: Canvas) -> None:
        """Paint ground, edge and icon."""
        focused = self.edit.hasFocus()
        canvas.fill(
            canvas.area,
            "surface" if focused else self._fill,
            border="primary" if focused else "border",
            border_width=2 if focused else 1,
        )
        if self._icon:
            side = canvas.px(22)
            box = QRectF(canvas.px(12), canvas.area.center().y() - side / 2, side, side)
            canvas.icon(box, self._icon, "text2")

    def _arrange(self) -> None:
        px = self.theme.px
        left = px(12 + 22 + 11) if self._icon else px(12)
        width = self.width() - left - px(self._room_at_end or 10)
        box = QRectF(left, px(3), max(width, 1), self.height() - px(6))
        self.edit.setGeometry(placed(self, box))
        # Qt's own line keeps a little room on both sides of the text.
        room = box.width() - px(2 * _INSET)
        hint = self.edit.placeholderText()
        fonts = [self.theme.font(TypeRole.BODY, px=size) for size in _SIZES]
        self.edit.setFont(next((f for f in fonts if text_width(hint, f) <= room), fonts[-1]))

    def _dress(self) -> None:
        """Give the line its font and colors; its ground is the box behind it."""
        palette = self.theme.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(Qt.GlobalColor.transparent))
        self.edit.setPalette(palette)
        self._arrange()
