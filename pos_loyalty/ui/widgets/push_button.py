"""The push button: icon, words, and the picture of the key that does the same."""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, key_cap_width
from pos_loyalty.ui.widgets.painted import Pressable, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted, text_width

_CAP_HEIGHT = 26
_CLEAR_OF_KEY = 20


class Kind(Enum):
    """How loud a button is."""

    PRIMARY = "primary"
    QUIET = "quiet"
    OUTLINE = "outline"


@dataclass(frozen=True)
class Density:
    """How much room a button takes: designed pixels of its words, padding, with icon or without."""

    text_px: int
    padding: int
    has_icon: bool = True


ROOMY = Density(text_px=18, padding=16)


@dataclass(frozen=True)
class _Colors:
    fill: str
    border: str | None
    ink: str
    cap_edge: str


class PushButton(Pressable):
    """A button with words. What it shows can change; where it is does not."""

    def __init__(self, theme: Theme, kind: Kind, parent: QWidget | None = None) -> None:
        """Make an empty button of a kind."""
        super().__init__(theme, parent)
        self._kind = kind
        self._key = ""
        self._icon = ""
        self._density = ROOMY

    def show_words(
        self, label: str, *, key: str = "", icon: str = "", enabled: bool = True
    ) -> None:
        """Show words, key and icon; repaints only if something differs."""
        if (label, key, icon) != (self.text(), self._key, self._icon):
            self._key, self._icon = key, icon
            # An ampersand in a reward's name is no shortcut of Qt's.
            self.setText(label)
            self.setShortcut("")
            self.update()
        if enabled != self.isEnabled():
            self.setEnabled(enabled)
        tell(self, name=label, description=key)

    def set_density(self, density: Density) -> None:
        """Take more or less room."""
        if density != self._density:
            self._density = density
            self.update()

    def width_for(self, density: Density) -> float:
        """Return the width at which everything is shown in full."""
        px, shown = self.theme.px, float(self.theme.px(2 * density.padding))
        shown += text_width(self.text(), self.theme.font(TypeRole.BUTTON, px=density.text_px))
        if self._icon and density.has_icon:
            shown += px(22 + 8)
        if self._key:
            # The cap stands nearer to the edge than words do.
            shown += key_cap_width(self.theme, self._key) + px(10) - px(max(density.padding - 9, 0))
        return shown

    def paint(self, canvas: Canvas) -> None:
        """Paint box, icon and words in the middle, the key at the trailing end."""
        colors = self._colors()
        area = canvas.area
        canvas.fill(area, colors.fill, border=colors.border)
        room = area.adjusted(canvas.px(self._padding()), 0, -canvas.px(self._padding()), 0)
        cap_width = key_cap_width(self.theme, self._key)
        if cap_width:
            height = canvas.px(_CAP_HEIGHT)
            cap = QRectF(
                area.right() - canvas.px(9) - cap_width,
                area.center().y() - height / 2,
                cap_width,
                height,
            )
            canvas.key_cap(cap, self._key, ink=colors.ink, edge=colors.cap_edge)
            room.setRight(cap.left() - canvas.px(8))
        self._paint_words(canvas, room, colors.ink)

    def _paint_words(self, canvas: Canvas, room: QRectF, ink: str) -> None:
        big = self._kind is Kind.PRIMARY
        icon_side = canvas.px(24 if big else 22)
        gap = canvas.px(10 if big else 8)
        has_icon = bool(self._icon) and self._density.has_icon
        before = icon_side + gap if has_icon else 0
        role = TypeRole.PRIMARY if big else TypeRole.BUTTON
        sizes = (24, 22, 20, 18, 16) if big else _sizes_down_from(self._density.text_px)
        text = fitted(self.text(), self.theme, role, room.width() - before, sizes=sizes)
        width = before + text_width(text.lines[0], text.font) if text.lines else before
        # In the middle of the whole button, unless that comes too near to the key.
        x = canvas.area.center().x() - width / 2
        if x + width > room.right() - canvas.px(_CLEAR_OF_KEY) or x < room.left():
            x = max(room.left(), room.center().x() - width / 2)
        if has_icon:
            icon_box = QRectF(x, canvas.area.center().y() - icon_side / 2, icon_side, icon_side)
            canvas.icon(icon_box, self._icon, ink)
        words = QRectF(x + before, room.top(), room.right() - x - before, room.height())
        canvas.lines(words, text, ink, align=Align.LEADING)

    def _padding(self) -> int:
        return self._density.padding

    def _colors(self) -> _Colors:
        if not self.isEnabled():
            border = "divider" if self._kind is Kind.OUTLINE else None
            return _Colors("surface2", border, "disabled_text", "disabled_text")
        down = self.isDown()
        if self._kind is Kind.PRIMARY:
            fill = "primary_pressed" if down else "primary"
            return _Colors(fill, None, "on_primary", "on_primary")
        if down:
            return _Colors("primary_soft", "primary", "on_primary_soft", "border")
        if self._kind is Kind.QUIET:
            return _Colors("surface2", None, "text", "border")
        return _Colors("surface", "border", "text", "border")


def _sizes_down_from(largest: int) -> tuple[int, ...]:
    return tuple(size for size in (18, 17, 16, 15, 14) if size <= largest)
