"""The title row's own parts: whose till this is, and who is signed on."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import fitted, text_width


class BrandLine(Painted):
    """The shop's name and the till's: in one line where they fit, else one above the other."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._shop = ""
        self._till = ""

    def show_names(self, *, shop: str, till: str) -> None:
        """Show both names."""
        if (shop, till) != (self._shop, self._till):
            self._shop, self._till = shop, till
            tell(self, name=f"{shop} · {till}")
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint one line or two."""
        area, px = canvas.area, canvas.px
        strong, small = self.theme.font(TypeRole.TITLE), self.theme.font(TypeRole.NOTE, px=15)
        till = f"· {self._till}" if self._till else ""
        shop_width = text_width(self._shop, strong)
        if shop_width + px(8) + text_width(till, small) <= area.width():
            canvas.line(area, self._shop, strong, "text")
            left = shop_width + px(8)
            rest = QRectF(left, px(1), area.width() - left, area.height())
            canvas.line(rest, till, small, "text2")
            return
        top = QRectF(0, px(2), area.width(), px(24))
        canvas.line(top, self._shop, self.theme.font(TypeRole.TITLE, px=16), "text")
        below = QRectF(0, px(26), area.width(), px(20))
        canvas.line(below, self._till, self.theme.font(TypeRole.HINT), "text2")


class CashierPill(Painted):
    """The name of the cashier who is signed on."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._name = ""

    def show_cashier(self, name: str, *, title: str) -> None:
        """Show a name; ``title`` says to a screen reader whose it is."""
        if name != self._name:
            self._name = name
            tell(self, name=f"{title}: {name}")
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint a pill as wide as its name, at the trailing end of its zone."""
        if not self._name:
            return
        area, px = canvas.area, canvas.px
        side, gap, edge = px(18), px(6), px(12)
        around = edge + side + gap + edge
        room_width = area.width() - around
        name = fitted(self._name, self.theme, TypeRole.LABEL, room_width, sizes=(16, 15, 14, 13))
        name_width = min(text_width(name.lines[0], name.font), room_width)
        width = around + name_width
        pill = QRectF(area.right() - width, area.center().y() - px(20), width, px(40))
        canvas.fill(pill, "surface2", radius=20)
        icon = QRectF(pill.left() + edge, area.center().y() - side / 2, side, side)
        canvas.icon(icon, "user", "text")
        room = QRectF(icon.right() + gap, pill.top(), name_width + 1, pill.height())
        canvas.lines(room, name, "text")
