"""Left zone while nobody is on the sale: the three steps and today's counts."""

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import IdlePanel
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted, line_height

_ICON = 88
_STEP = 70
_DISC = 44
_FOOT = 52


class IdlePanelView(Painted):
    """Says what to do to somebody who sees the till for the first time."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(theme, parent)
        self._panel: IdlePanel | None = None

    def show_panel(self, panel: IdlePanel) -> None:
        """Show steps and counts."""
        if panel != self._panel:
            self._panel = panel
            steps = ". ".join(f"{title}: {below}" for title, below in panel.steps)
            tell(self, name=steps, description=panel.today)
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the picture of scanning, the steps below it, the counts at the bottom."""
        panel = self._panel
        canvas.fill(canvas.area, "surface", radius=PANEL_RADIUS)
        if panel is None:
            return
        px, area = canvas.px, canvas.area
        height = px(_ICON + 30 + _STEP * len(panel.steps))
        top = max((area.height() - px(_FOOT) - height) / 2, px(16))
        side = px(_ICON)
        canvas.icon(QRectF(area.center().x() - side / 2, top, side, side), "scan-line", "primary")
        top += px(_ICON + 30)
        for number, (title, below) in enumerate(panel.steps, start=1):
            self._paint_step(canvas, top + (number - 1) * px(_STEP), str(number), title, below)
        width = area.width() - px(32)
        today = fitted(
            panel.today, self.theme, TypeRole.NOTE, width, sizes=(16, 15, 14), lines_max=3
        )
        height = line_height(today.font) * max(len(today.lines), 1)
        foot = QRectF(px(16), area.bottom() - px(16) - height, width, height)
        canvas.lines(foot, today, "text2", align=Align.CENTER)

    def _paint_step(self, canvas: Canvas, top: float, number: str, title: str, below: str) -> None:
        px = canvas.px
        disc = QRectF(px(24), top + px(4), px(_DISC), px(_DISC))
        canvas.fill(disc, "primary_soft", radius=_DISC / 2)
        number_font = self.theme.font(TypeRole.BUTTON, px=20)
        canvas.line(disc, number, number_font, "on_primary_soft", align=Align.CENTER)
        left = disc.right() + px(14)
        width = canvas.area.width() - left - px(16)
        head = fitted(title, self.theme, TypeRole.BUTTON, width, sizes=(18, 17, 16))
        canvas.lines(QRectF(left, top, width, px(26)), head, "text")
        line = fitted(below, self.theme, TypeRole.BODY, width, sizes=(17, 16, 15, 14))
        canvas.lines(QRectF(left, top + px(26), width, px(24)), line, "text2")
