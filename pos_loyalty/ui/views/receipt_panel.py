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
_NAME = 44
_BETWEEN = 12
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
        if panel.invitation:
            self._paint_both(canvas, box, panel)
        else:
            _paint_code(canvas.painter, box, panel.modules)

    def _paint_both(self, canvas: Canvas, box: QRectF, panel: ReceiptPanel) -> None:
        """Paint both codes in modules of one size, each with its name below."""
        px = canvas.px
        name_height = px(_NAME)
        counts = [len(each) + 2 * _QUIET_MODULES for each in (panel.modules, panel.invitation)]
        width = box.width() - px(_BETWEEN)
        high = box.height() - name_height
        module = max(1, int(min(width / sum(counts), high / max(counts))))
        left = box.left() + (width - module * sum(counts)) / 2
        top = box.center().y() - (module * max(counts) + name_height) / 2
        codes = zip((panel.modules, panel.invitation), counts, panel.names, strict=True)
        for modules, count, name in codes:
            side = module * count
            # Both stand on one line, where their names begin.
            code = canvas.place(QRectF(left, top + module * max(counts) - side, side, side))
            _paint_code(canvas.painter, code, modules)
            below = QRectF(left, top + module * max(counts), side, name_height)
            words = fitted(name, self.theme, TypeRole.LABEL, side, sizes=(16, 15, 14), lines_max=2)
            canvas.lines(below, words, "text", align=Align.CENTER)
            left += side + px(_BETWEEN)


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
