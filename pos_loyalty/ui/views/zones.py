"""Where the zones of the counter lie: a function of the window's size, and of nothing else.

No state of a sale is an argument, so no zone can move between states. Lengths are
designed pixels times the scale; the boxes are for left to right and get mirrored. The first
picture needs them, so nothing is imported here that takes long to make.
"""

from typing import NamedTuple

from PySide6.QtCore import QRectF, QSizeF

WIDE_FROM = 1360
_ROOMY_HEIGHT_FROM = 750
_TITLE_HEIGHT = 60
_STRIP_HEIGHT = 56
_AMOUNT_HEIGHT = 120
_PRIMARY_HEIGHT = 80
_BOTTOM_HEIGHT = 60
_LEFT_SHARE = 0.425
_LEFT_WIDTH_MIN = 420
# Nine letters of 56 and the gaps between them: see the letter board.
_MIDDLE_WIDTH_MIN = 568
_LAST_SALES_SHARE = 0.23
_MENU_WIDTH = 52
_CHIP_WIDTH = 204
_CASHIER_WIDTHS = (104, 150)
FIGURES = (("7", "8", "9"), ("4", "5", "6"), ("1", "2", "3"), ("00", "0", "."))
"""The figures of the keypad, row by row; the last column has the keys that are none."""
_KEY_COLUMNS = 4
_KEY_ROWS = 4


class Zones(NamedTuple):
    """The boxes of the counter. ``last_sales`` is None on a narrow window."""

    title: QRectF
    brand: QRectF
    search: QRectF
    chip: QRectF
    cashier: QRectF
    menu: QRectF
    strip: QRectF
    left: QRectF
    amount: QRectF
    keypad: QRectF
    primary: QRectF
    bottom: QRectF
    last_sales: QRectF | None
    key_gap: float


def zones(width_px: int, height_px: int, scale: float) -> Zones:
    """Return the zones for a window of this size in pixels."""
    width, height = width_px / scale, height_px / scale
    is_wide = width >= WIDE_FROM
    margin = 20 if is_wide else 12
    gap = 16 if is_wide else 12
    space = 12 if height >= _ROOMY_HEIGHT_FROM else 8
    right = width - margin

    strip_top = _TITLE_HEIGHT + space
    main_top = strip_top + _STRIP_HEIGHT + space
    bottom_top = height - space - _BOTTOM_HEIGHT
    main_height = bottom_top - space - main_top

    content = right - margin
    last_width = 0.0
    if is_wide:
        most = content - 2 * gap - _LEFT_WIDTH_MIN - _MIDDLE_WIDTH_MIN
        last_width = min(_LAST_SALES_SHARE * content, most)
    rest = content - gap - (last_width + gap if is_wide else 0)
    left_width = max(_LEFT_WIDTH_MIN, _LEFT_SHARE * rest)
    middle_x = margin + left_width + gap
    middle_width = rest - left_width

    keypad_top = main_top + _AMOUNT_HEIGHT + space
    primary_top = main_top + main_height - _PRIMARY_HEIGHT
    boxes = _title_row(width)
    boxes |= {
        "title": (0, 0, width, _TITLE_HEIGHT),
        "strip": (margin, strip_top, right - margin, _STRIP_HEIGHT),
        "left": (margin, main_top, left_width, main_height),
        "amount": (middle_x, main_top, middle_width, _AMOUNT_HEIGHT),
        "keypad": (middle_x, keypad_top, middle_width, primary_top - space - keypad_top),
        "primary": (middle_x, primary_top, middle_width, _PRIMARY_HEIGHT),
        "bottom": (margin, bottom_top, right - margin, _BOTTOM_HEIGHT),
        "last_sales": (right - last_width, main_top, last_width, main_height),
    }
    scaled = {name: _scaled(box, scale) for name, box in boxes.items()}
    last_sales = scaled.pop("last_sales")
    return Zones(
        **scaled,
        last_sales=last_sales if is_wide else None,
        key_gap=round((10 if height >= _ROOMY_HEIGHT_FROM else 8) * scale),
    )


def key_box(keypad: QSizeF, gap: float, *, row: int, column: int, rows: int = 1) -> QRectF:
    """Return where a key of the keypad lies in it, in whole pixels; a tall one takes two rows."""
    width = (keypad.width() - gap * (_KEY_COLUMNS - 1)) / _KEY_COLUMNS
    height = (keypad.height() - gap * (_KEY_ROWS - 1)) / _KEY_ROWS
    left, top = round(column * (width + gap)), round(row * (height + gap))
    right = round(column * (width + gap) + width)
    bottom = round((row + rows - 1) * (height + gap) + height)
    return QRectF(left, top, right - left, bottom - top)


def _title_row(width: float) -> dict[str, tuple[float, float, float, float]]:
    """Return the boxes of the title row; the search takes what the others leave."""
    edge = 14
    narrow, roomy = _CASHIER_WIDTHS
    cashier_width = roomy if width >= WIDE_FROM else narrow
    brand_width = min(max(0.172 * width, 176), 320)
    menu_x = width - edge - _MENU_WIDTH
    cashier_x = menu_x - 10 - cashier_width
    chip_x = cashier_x - 10 - _CHIP_WIDTH
    search_x = edge + brand_width + 10
    return {
        "brand": (edge, 6, brand_width, 48),
        "search": (search_x, 6, chip_x - 10 - search_x, 48),
        "chip": (chip_x, 6, _CHIP_WIDTH, 48),
        "cashier": (cashier_x, 6, cashier_width, 48),
        "menu": (menu_x, 6, _MENU_WIDTH, 48),
    }


def _scaled(box: tuple[float, float, float, float], scale: float) -> QRectF:
    """Return a box in whole pixels; edges that meet before meet after."""
    x, y, width, height = box
    left, top = round(x * scale), round(y * scale)
    return QRectF(left, top, round((x + width) * scale) - left, round((y + height) * scale) - top)
