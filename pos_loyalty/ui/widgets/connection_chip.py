"""The connection chip: whether the till reaches the server; never a reason to wait."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import Chip, Connection
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.painted import Pressable, tell
from pos_loyalty.ui.widgets.text_painting import fitted

_SIZES = (16, 15, 14, 13)
_FILL_EDGE_INK: dict[Connection, tuple[str | None, str | None, str]] = {
    Connection.ONLINE: (None, None, "text2"),
    Connection.ALONE: (None, None, "text2"),
    Connection.SENDING: ("primary_soft", "primary", "on_primary_soft"),
    Connection.OFFLINE: ("warn_soft", "warn", "warn"),
    Connection.LOOK: ("bad_soft", "bad", "bad"),
}


class ConnectionChip(Pressable):
    """A pill of fixed width; a tap shows the details."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start without a state."""
        super().__init__(theme, parent)
        self._chip: Chip | None = None

    def show_chip(self, chip: Chip) -> None:
        """Show a state of the connection."""
        if chip == self._chip:
            return
        self._chip = chip
        tell(self, name=chip.text, description="Ctrl+D")
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the pill, lower than the target that takes the finger."""
        chip = self._chip
        if chip is None:
            return
        px = canvas.px
        fill, edge, ink = _FILL_EDGE_INK[chip.connection]
        if self.isDown():
            fill, edge, ink = "primary_soft", "primary", "on_primary_soft"
        height = px(40)
        pill = QRectF(0, canvas.area.center().y() - height / 2, canvas.area.width(), height)
        if fill is not None:
            canvas.fill(pill, fill, radius=20, border=edge)
        side = px(18)
        canvas.icon(
            QRectF(px(12), pill.center().y() - side / 2, side, side), chip.icon or "wifi", ink
        )
        left = px(12) + side + px(6)
        room = QRectF(left, pill.top(), pill.width() - left - px(10), height)
        text = fitted(
            chip.text, self.theme, TypeRole.LABEL, room.width(), sizes=_SIZES, lines_max=2
        )
        canvas.lines(room, text, ink)
