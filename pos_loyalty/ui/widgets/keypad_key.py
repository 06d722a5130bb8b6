"""A key of the keypad or of the letter board."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import KEY_FIGURE, key_figure
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, centered_square
from pos_loyalty.ui.widgets.painted import Pressable, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted, text_width

_SMALLEST = 14
_BADGE = 20
_BADGE_TEXT = 13


class KeypadKey(Pressable):
    """A large key with a figure, a word or an icon."""

    def __init__(
        self,
        theme: Theme,
        *,
        text_px: int = KEY_FIGURE,
        is_flat: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """Make an empty key; ``text_px`` is the size of its figure in designed pixels.

        A flat key lies inside a field and has no edge of its own.
        """
        super().__init__(theme, parent)
        self._is_flat = is_flat
        self._icon = ""
        self._text_px = text_px
        self._badge = ""

    def show_face(self, face: str, *, icon: str = "", name: str = "", key: str = "") -> None:
        """Show a figure or an icon; ``name`` is what a screen reader says instead."""
        if (face, icon) != (self.text(), self._icon):
            self._icon = icon
            self.setText(face)
            self.setShortcut("")
            self.update()
        tell(self, name=name or face, description=key)

    def show_badge(self, text: str) -> None:
        """Show a small figure in the upper trailing corner; nothing for an empty text."""
        if text != self._badge:
            self._badge = text
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the key; pressed, it turns blue at once."""
        ink = "text" if self.isEnabled() else "disabled_text"
        if self._is_flat and not self.isDown():
            ink = "text2" if self.isEnabled() else ink
        elif not self.isEnabled():
            canvas.fill(canvas.area, "surface2", border="divider")
        elif self.isDown():
            canvas.fill(canvas.area, "primary_soft", border="primary", border_width=2)
            ink = "on_primary_soft"
        else:
            canvas.fill(canvas.area, "surface", border="border")
        if self._icon:
            side = canvas.px(24 if self._is_flat else 30)
            canvas.icon(centered_square(canvas.area, side), self._icon, ink)
            self._paint_badge(canvas)
            return
        room = canvas.area.adjusted(canvas.px(8), 0, -canvas.px(8), 0)
        largest = self._text_px
        if largest == KEY_FIGURE:
            largest = key_figure(canvas.area.height(), self.theme.scale)
        sizes = tuple(range(largest, _SMALLEST - 1, -2))
        text = fitted(self.text(), self.theme, TypeRole.KEY, room.width(), sizes=sizes)
        canvas.lines(room, text, ink, align=Align.CENTER)

    def _paint_badge(self, canvas: Canvas) -> None:
        if not self._badge:
            return
        px = canvas.px
        font = self.theme.font(TypeRole.LABEL, px=_BADGE_TEXT)
        width = max(px(_BADGE), text_width(self._badge, font) + px(10))
        box = QRectF(canvas.area.right() - width - px(3), px(3), width, px(_BADGE))
        canvas.fill(box, "warn_soft", radius=_BADGE // 2, border="warn")
        canvas.line(box, self._badge, font, "warn", align=Align.CENTER)
