"""A box to tick, as large as a finger, with the key that does the same."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, key_cap_width
from pos_loyalty.ui.widgets.painted import Pressable, tell
from pos_loyalty.ui.widgets.text_painting import fitted


class CheckButton(Pressable):
    """Shows whether something is agreed to; only the presenter changes it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start unticked."""
        super().__init__(theme, parent)
        self.setCheckable(True)
        self._key = ""

    def show_check(self, label: str, *, ticked: bool, key: str) -> None:
        """Show words and tick; repaints only if something differs."""
        if (label, ticked, key) == (self.text(), self.isChecked(), self._key):
            return
        self._key = key
        self.setChecked(ticked)
        self.setText(label)
        self.setShortcut("")
        tell(self, name=label, description=key)
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the box, the words and the key."""
        px, area = canvas.px, canvas.area
        marked = self.isChecked() or self.isDown()
        fill, border = ("primary_soft", "primary") if marked else ("surface", "border")
        ink = "on_primary_soft" if marked else "text"
        canvas.fill(area, fill, border=border)
        side = px(24)
        icon = "square-check" if self.isChecked() else "square"
        canvas.icon(QRectF(px(14), area.center().y() - side / 2, side, side), icon, ink)
        left, right = px(14) + side + px(8), area.right() - px(10)
        cap_width = key_cap_width(self.theme, self._key)
        if cap_width:
            cap = QRectF(right - cap_width, area.center().y() - px(13), cap_width, px(26))
            canvas.key_cap(cap, self._key, ink=ink, edge="border")
            right = cap.left() - px(8)
        room = QRectF(left, 0, right - left, area.height())
        text = fitted(
            self.text(), self.theme, TypeRole.LABEL, room.width(), sizes=(17, 16, 15), lines_max=2
        )
        canvas.lines(room, text, ink)
