"""The message strip: what is true, what to do next, and at most two buttons."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import Button, Strip, Tone
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, placed
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.push_button import Density, Kind, PushButton
from pos_loyalty.ui.widgets.text_painting import fitted

BUTTONS_MAX = 2
_DENSITIES = (Density(17, 15), Density(16, 12), Density(15, 10))
_BUTTONS_SHARE_MAX = 0.5
_FILL_AND_INK = {
    Tone.QUIET: ("surface2", "text"),
    Tone.INFO: ("primary_soft", "on_primary_soft"),
    Tone.OK: ("ok_soft", "ok"),
    Tone.WARN: ("warn_soft", "warn"),
    Tone.BAD: ("bad_soft", "bad"),
    Tone.STOP: ("bad", "on_bad"),
}
_ASSERTIVE = frozenset({Tone.BAD, Tone.STOP})


class MessageStrip(Painted):
    """Shows one message in its tone and reads it out to a screen reader."""

    action_pressed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Make the strip with its two places for buttons."""
        super().__init__(theme, parent)
        self._strip: Strip | None = None
        self._shown: tuple[Button, ...] = ()
        self.buttons = tuple(PushButton(theme, Kind.OUTLINE, self) for _ in range(BUTTONS_MAX))
        for number, button in enumerate(self.buttons):
            button.hide()
            button.clicked.connect(lambda _checked=False, place=number: self._pressed(place))

    def show_strip(self, strip: Strip) -> None:
        """Show a message; a new text is announced."""
        if strip == self._strip:
            return
        is_new_text = self._strip is None or strip.text != self._strip.text
        self._strip = strip
        self._shown = strip.buttons[:BUTTONS_MAX]
        for number, button in enumerate(self.buttons):
            is_used = number < len(self._shown)
            if is_used:
                value = self._shown[number]
                button.show_words(value.label, key=value.key, enabled=value.enabled)
            button.setVisible(is_used)
        tell(self, name=strip.text)
        if is_new_text:
            self._announce(strip)
        self.arrange()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the buttons to the trailing end."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Place the buttons, the first one nearest to the text."""
        px = self.theme.px
        used = [button for button in self.buttons if not button.isHidden()]
        room = self.width() * _BUTTONS_SHARE_MAX
        density = _DENSITIES[-1]
        for density in _DENSITIES:
            if sum(button.width_for(density) + px(8) for button in used) <= room:
                break
        right = float(self.width() - px(4))
        for button in reversed(used):
            width = min(max(button.width_for(density), px(88)), room / len(used) - px(8))
            button.set_density(density)
            box = QRectF(right - width, px(4), width, self.height() - px(8))
            button.setGeometry(placed(self, box))
            right -= width + px(8)
        self._text_right = right

    def paint(self, canvas: Canvas) -> None:
        """Paint the box, icon and text; a long text takes two smaller lines."""
        strip = self._strip
        if strip is None:
            return
        px, area = canvas.px, canvas.area
        fill, ink = _FILL_AND_INK[strip.tone]
        canvas.fill(area, fill)
        side = px(24)
        canvas.icon(
            QRectF(px(14), area.center().y() - side / 2, side, side), strip.icon or "info", ink
        )
        left = px(14) + side + px(10)
        room = QRectF(left, 0, self._text_right - left - px(4), area.height())
        text = fitted(
            strip.text,
            self.theme,
            TypeRole.STRIP,
            room.width(),
            sizes=(19, 18, 17, 16),
            lines_max=2,
        )
        canvas.lines(room, text, ink)

    def _pressed(self, place: int) -> None:
        if place < len(self._shown):
            self.action_pressed.emit(self._shown[place].action.value)

    def _announce(self, strip: Strip) -> None:
        if not QAccessible.isActive():
            return
        event = QAccessibleAnnouncementEvent(self, strip.text)
        level = QAccessible.AnnouncementPoliteness
        event.setPoliteness(level.Assertive if strip.tone in _ASSERTIVE else level.Polite)
        QAccessible.updateAccessibility(event)
