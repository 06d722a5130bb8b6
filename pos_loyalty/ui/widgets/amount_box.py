"""The big figure above the keypad: the amount of the sale, or the phone number of a sign-up."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import AmountBox, AmountLook
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted, text_width

_SIZES = (56, 50, 44, 38, 32, 28, 24)
_LINES_SHOWN = 3
_FILLS = {AmountLook.EMPTY: "surface", AmountLook.TYPED: "surface", AmountLook.SAVED: "ok_soft"}
_INKS = {AmountLook.EMPTY: "disabled_text", AmountLook.TYPED: "text", AmountLook.SAVED: "ok"}


class AmountDisplay(Painted):
    """Shows the amount; figures run from left to right in every language."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._value: AmountBox | None = None
        self._has_caret = False
        # The place in the tab order that a screen reader stops at to hear the amount.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_amount(self, value: AmountBox, *, has_caret: bool = False) -> None:
        """Show an amount; the caret says that a number of another kind is typed here."""
        if (value, has_caret) == (self._value, self._has_caret):
            return
        self._value, self._has_caret = value, has_caret
        tell(self, name=f"{value.title}: {value.text}", description=value.hint)
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint title, hint, lines of the sale and the figure."""
        value = self._value
        if value is None:
            return
        px, area = canvas.px, canvas.area
        ink = _INKS[value.look]
        border = "ok" if value.look is AmountLook.SAVED else "border"
        canvas.fill(area, _FILLS[value.look], border=border)
        inner = area.adjusted(px(18), px(10), -px(18), -px(8))
        head = QRectF(inner.left(), inner.top(), inner.width(), px(22))
        label = self.theme.font(TypeRole.LABEL)
        hint_width = min(text_width(value.hint, label), head.width() * 0.6) if value.hint else 0.0
        title_box = head.adjusted(0, 0, -(hint_width + px(12)) if hint_width else 0, 0)
        title_ink = "ok" if value.look is AmountLook.SAVED else "text2"
        canvas.line(title_box, value.title, label, title_ink)
        if value.hint:
            hint_ink = "ok" if value.look is AmountLook.SAVED else "accent_text"
            hint_box = QRectF(head.right() - hint_width, head.top(), hint_width, head.height())
            canvas.line(hint_box, value.hint, label, hint_ink, align=Align.TRAILING)
        body = inner.adjusted(0, px(24), 0, 0)
        if value.lines:
            self._paint_lines(canvas, QRectF(body.topLeft(), body.size()), value.lines)
            body.setLeft(body.left() + body.width() * 0.44)
        self._paint_figure(canvas, body, value.text, ink)

    def _paint_lines(self, canvas: Canvas, body: QRectF, lines: tuple[str, ...]) -> None:
        """Paint the newest lines; the last one is always there."""
        font, height = self.theme.font(TypeRole.HINT), canvas.px(19)
        shown = lines[-_LINES_SHOWN:]
        width = body.width() * 0.42
        top = body.bottom() - height * len(shown) - canvas.px(4)
        for number, text in enumerate(shown):
            box = QRectF(body.left(), top + number * height, width, height)
            is_last = number == len(shown) - 1
            canvas.line(box, text, font, "text" if is_last else "text2")

    def _paint_figure(self, canvas: Canvas, body: QRectF, text: str, ink: str) -> None:
        caret = canvas.px(3) if self._has_caret else 0
        room = body.adjusted(0, 0, -(caret + canvas.px(6)) if caret else 0, 0)
        shown = fitted(text, self.theme, TypeRole.AMOUNT, room.width(), sizes=_SIZES)
        # The figure stands at the right end in every language, as on any till.
        mirrored = canvas.mirrored
        canvas.mirrored = False
        canvas.lines(room, shown, ink, align=Align.TRAILING)
        if caret:
            tall = shown.font.pixelSize() * 0.9
            bar = QRectF(body.right() - caret, body.center().y() - tall / 2, caret, tall)
            canvas.fill(bar, "primary", radius=1)
        canvas.mirrored = mirrored
