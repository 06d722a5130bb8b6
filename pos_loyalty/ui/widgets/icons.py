"""Icons: one-color SVG files, tinted and drawn sharp at the size that is asked for."""

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from pos_loyalty.assets import assets_folder

UNKNOWN = "info"
"""Shown for a name that has no file: a missing picture must never stop a sale."""

_POINTS_SOMEWHERE = frozenset({"undo-2", "chevron-left", "chevron-right", "log-out", "delete"})
_IMAGES_KEPT = 512


@cache
def icon_names() -> frozenset[str]:
    """Return the name of every icon that there is."""
    return frozenset(path.stem for path in (assets_folder() / "icons").glob("*.svg"))


def draw_icon(
    painter: QPainter, name: str, box: QRectF, color: QColor, *, mirrored: bool = False
) -> None:
    """Draw an icon into a square; ``mirrored`` turns those that point somewhere."""
    ratio = painter.device().devicePixelRatioF()
    flipped = mirrored and name in _POINTS_SOMEWHERE
    image = _image(name, color.rgba(), round(box.width() * ratio), flipped=flipped)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(round(box.x()), round(box.y())), image)


@cache
def _source(name: str) -> str:
    known = name if name in icon_names() else UNKNOWN
    return (assets_folder() / "icons" / f"{known}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=_IMAGES_KEPT)
def _image(name: str, rgba: int, side: int, *, flipped: bool) -> QImage:
    color = QColor.fromRgba(rgba)
    svg = _source(name).replace("currentColor", color.name())
    image = QImage(max(side, 1), max(side, 1), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(color.alphaF())
    if flipped:
        painter.translate(side, 0)
        painter.scale(-1, 1)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return image
