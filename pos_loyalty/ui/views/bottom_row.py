"""The bottom row: the same keys in the same order in every state."""

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import Button
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.widgets.canvas import placed
from pos_loyalty.ui.widgets.push_button import Density, Kind, PushButton

_GAP = 10
# From the roomiest to the tightest; the first in which all words fit is taken by all.
_DENSITIES = (
    Density(18, 18),
    Density(18, 13),
    Density(17, 12),
    Density(16, 11),
    Density(16, 8),
    Density(15, 8),
    Density(17, 10, has_icon=False),
    Density(16, 9, has_icon=False),
    Density(15, 9, has_icon=False),
    Density(14, 8, has_icon=False),
)


class BottomRow(QWidget):
    """Buttons that share the width by what their words need."""

    action_pressed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        """Start without buttons; they come with the first screen."""
        super().__init__(parent)
        self._theme = theme
        self._values: tuple[Button, ...] = ()
        self.buttons: list[PushButton] = []

    def show_buttons(self, values: tuple[Button, ...]) -> bool:
        """Show buttons; return whether there are new ones to take into the tab order."""
        if values == self._values:
            return False
        texts_before = [(value.label, value.key, value.icon) for value in self._values]
        self._values = values
        count_before = len(self.buttons)
        while len(self.buttons) < len(values):
            button = PushButton(self._theme, Kind.QUIET, self)
            place = len(self.buttons)
            button.clicked.connect(lambda _checked=False, place=place: self._pressed(place))
            self.buttons.append(button)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(values))
        for button, value in zip(self.buttons, values, strict=False):
            button.show_words(value.label, key=value.key, icon=value.icon, enabled=value.enabled)
        if texts_before != [(value.label, value.key, value.icon) for value in values]:
            self.arrange()
        return len(self.buttons) > count_before

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Choose the density and place the buttons."""
        used = self.buttons[: len(self._values)]
        if not used:
            return
        gap = self._theme.px(_GAP)
        room = self.width() - gap * (len(used) - 1)
        density, wanted = _DENSITIES[-1], [0.0]
        for density in _DENSITIES:
            wanted = [button.width_for(density) for button in used]
            if sum(wanted) <= room:
                break
        widths = _shared(wanted, room)
        left = 0.0
        for button, width in zip(used, widths, strict=True):
            button.set_density(density)
            edge, right = round(left), round(left + width)
            button.setGeometry(placed(self, QRectF(edge, 0, right - edge, self.height())))
            left += width + gap

    def _pressed(self, place: int) -> None:
        if place < len(self._values):
            self.action_pressed.emit(self._values[place].action.value)


def _shared(wanted: list[float], room: float) -> list[float]:
    """Return widths that fill the room: all the same if that suffices, else by need."""
    equal = room / len(wanted)
    if max(wanted) <= equal:
        return [equal] * len(wanted)
    spare = (room - sum(wanted)) / len(wanted)
    return [width + spare for width in wanted]
