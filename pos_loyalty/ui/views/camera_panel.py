"""Left zone while the camera looks for a card: the live picture in a frame."""

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.look import PANEL_RADIUS, RADIUS
from pos_loyalty.ui.presenters.counter_screen import CameraPanel
from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.canvas import Canvas, centered_square
from pos_loyalty.ui.widgets.painted import Painted, tell
from pos_loyalty.ui.widgets.text_painting import Align, fitted

_PADDING = 16
_TITLE = 40
_NOTE = 60


class CameraPanelView(Painted):
    """Shows frames as they come; none are kept."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Start without a picture."""
        super().__init__(theme, parent)
        self._panel: CameraPanel | None = None
        self._frame = QImage()

    def show_panel(self, panel: CameraPanel) -> None:
        """Show title and note."""
        if panel != self._panel:
            self._panel = panel
            tell(self, name=panel.title, description=panel.note)
            self.update()

    def set_frame(self, frame: QImage) -> None:
        """Show a frame; an empty one takes the picture away."""
        self._frame = frame
        self.update()

    def paint(self, canvas: Canvas) -> None:
        """Paint the picture, cut to the box and mirrored by nobody."""
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
        self._paint_frame(canvas, box)

    def _paint_frame(self, canvas: Canvas, box: QRectF) -> None:
        canvas.fill(box, "surface2")
        if self._frame.isNull():
            canvas.icon(centered_square(box, canvas.px(56)), "camera", "text2")
            return
        painter = canvas.painter
        size = QSizeF(self._frame.size())
        size.scale(box.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        target = QRectF(
            box.center().x() - size.width() / 2,
            box.center().y() - size.height() / 2,
            size.width(),
            size.height(),
        )
        path = QPainterPath()
        path.addRoundedRect(box, canvas.px(RADIUS), canvas.px(RADIUS))
        painter.save()
        painter.setClipPath(path)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, self._frame)
        painter.restore()
        side = min(box.width(), box.height()) * 0.6
        canvas.icon(centered_square(box, round(side)), "maximize", "on_primary")
