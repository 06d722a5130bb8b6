"""Left zone with a receipt's code, as large as the zone lets it be."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS
from pos_loyalty.ui.presenters.counter_screen import ReceiptPanel
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted

_PADDING = 16
_TITLE = 40
_NOTE = 60
_QUIET_MODULES = 4
"""White around the code; without it half the readers find nothing."""
_DARK = "1"


class ReceiptPanelView(Painted):
    """Paints the modules black on white whatever the theme, each a whole number of pixels."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start without a code."""
        super().__init__(theme, parent)
        self._panel: ReceiptPanel | None = None

    def show_panel(self, panel: ReceiptPanel) -> None:
        """Show title, code and note."""
        if panel != self._panel:
            self._panel = panel
            tell(self, name=panel.title, description=panel.note)
            self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the words and the code between them."""
        canvas.fill(canvas.area, "surface", radius=PANEL_RADIUS)
        panel = self._panel
        if panel is None:
            return
        px, area = canvas.px, canvas.area
        width = area.width() - px(2 * _PADDING)
        head = QRectF(px(_PADDING), px(12), width, px(_TITLE))
        title = fitted(panel.title, self.theme, TypeRole.NAME, width, sizes=(24, 22, 20, 18))
        canvas.lines(head, title, "text")
        foot = QRectF(px(_PADDING), area.bottom() - px(_NOTE + 10), width, px(_NOTE))
        note = fitted(panel.note, self.theme, TypeRole.BODY, width, sizes=(17, 16, 15), lines_max=2)
        canvas.lines(foot, note, "text2", align=Align.CENTER)
        box = QRectF(
            px(_PADDING), head.bottom() + px(6), width, foot.top() - head.bottom() - px(12)
        )
        _paint_code(canvas.painter, box, panel.modules)


def _paint_code(painter: QPainter, box: QRectF, modules: tuple[str, ...]) -> None:
    count = len(modules) + 2 * _QUIET_MODULES
    module = int(min(box.width(), box.height())) // count
    side = module * count
    left = int(box.center().x()) - side // 2
    top = int(box.center().y()) - side // 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.fillRect(left, top, side, side, QColor(Qt.GlobalColor.white))
    for row, line in enumerate(modules):
        for column, sign in enumerate(line):
            if sign == _DARK:
                x = left + (column + _QUIET_MODULES) * module
                y = top + (row + _QUIET_MODULES) * module
                painter.fillRect(x, y, module, module, QColor(Qt.GlobalColor.black))
    painter.restore()
