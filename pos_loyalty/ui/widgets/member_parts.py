"""The small parts that show who a member is: initials, tier and progress."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import Progress, TierBadge
from pos_loyalty.ui.theme import Theme, TypeRole, tier_look
from pos_loyalty.ui.widgets.canvas import Canvas, centered_square
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted, text_width

_WHOLE = 1000


class Avatar(Painted):
    """The initials in a ring of the tier's color."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._initials = ""
        self._ring = tier_look("member").fill

    def show_initials(self, initials: str, *, tier_id: str) -> None:
        """Show the initials of a member of a tier."""
        ring = tier_look(tier_id).fill
        if (initials, ring) != (self._initials, self._ring):
            self._initials, self._ring = initials, ring
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint a disc with a ring and the letters in its middle."""
        area, width = canvas.area, 4.0
        half = canvas.px(width) / 2
        painter = canvas.painter
        painter.setPen(QPen(canvas.color(self._ring), canvas.px(width)))
        painter.setBrush(canvas.color("primary_soft"))
        painter.drawEllipse(area.adjusted(half, half, -half, -half))
        if not self._initials:
            canvas.icon(centered_square(area, canvas.px(26)), "user", "on_primary_soft")
            return
        room = area.adjusted(canvas.px(8), 0, -canvas.px(8), 0)
        text = fitted(self._initials, self.theme, TypeRole.TITLE, room.width(), sizes=(22, 18, 14))
        canvas.lines(room, text, "on_primary_soft", align=Align.CENTER)


class TierPill(Painted):
    """A member tier: word, icon and pips, so that color is never alone."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._tier = TierBadge(id="member", name="")

    def show_tier(self, tier: TierBadge) -> None:
        """Show a tier."""
        if tier != self._tier:
            self._tier = tier
            tell(self, name=tier.name)
            self.update()

    def width_wanted(self) -> float:
        """Return the width at which the name of the tier is shown in full."""
        px = self.theme.px
        pips = tier_look(self._tier.id).pips
        words = text_width(self._tier.name, self.theme.font(TypeRole.LABEL, px=15))
        return px(12 + 16 + 6) + words + (px(7) + pips * px(6) if pips else 0) + px(11)

    def paint(self, canvas: Canvas) -> None:
        """Paint the pill."""
        look, px, area = tier_look(self._tier.id), canvas.px, canvas.area
        canvas.fill(area, look.fill, radius=14, border="border")
        side = px(16)
        canvas.icon(QRectF(px(11), area.center().y() - side / 2, side, side), look.icon, look.text)
        pips_width = px(7) + look.pips * px(6) if look.pips else 0
        left = px(11) + side + px(6)
        room = QRectF(left, 0, area.width() - left - pips_width - px(10), area.height())
        used = canvas.line(room, self._tier.name, self.theme.font(TypeRole.LABEL, px=15), look.text)
        for pip in range(look.pips):
            x = left + used + px(7) + pip * px(6)
            bar = QRectF(x, area.center().y() - px(5), px(3), px(10))
            canvas.fill(bar, look.text, radius=1.5)


class ProgressBar(Painted):
    """The way to the next reward: what the member has, what this sale adds, what is left."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._progress = Progress(has_permille=0)

    def show_progress(self, progress: Progress) -> None:
        """Show how far the member is."""
        if progress != self._progress:
            self._progress = progress
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the track, the solid part and the gain."""
        area, painter = canvas.area, canvas.painter
        radius = area.height() / 2
        has = min(max(self._progress.has_permille, 0), _WHOLE)
        reached = min(max(has + self._progress.gain_permille, 0), _WHOLE)
        painter.save()
        path = QPainterPath()
        path.addRoundedRect(area, radius, radius)
        painter.setClipPath(path)
        painter.fillRect(area, canvas.color("surface2"))
        end_has = area.width() * has / _WHOLE
        solid = canvas.place(QRectF(area.topLeft(), QPointF(end_has, area.bottom())))
        painter.fillRect(solid, canvas.color("accent"))
        if reached > has:
            # A gain is never thinner than the eye can see.
            width = max(area.width() * (reached - has) / _WHOLE, canvas.px(4))
            start = min(end_has, area.width() - width)
            gain = canvas.place(QRectF(start, area.top(), width, area.height()))
            painter.fillRect(gain, canvas.color("ok"))
        painter.restore()
        canvas.fill(area, None, radius=radius / self.theme.scale, border="border")
