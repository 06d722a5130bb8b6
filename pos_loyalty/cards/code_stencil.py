"""A QR code as what a PDF paints fastest: one stencil of 1 bit a module.

Lengths are millimeters here and points only where the file is written.
"""

from typing import Final

_POINTS_PER_MM: Final = 72 / 25.4
_MASK_PATTERN: Final = 2
"""Any of the eight does: searching the best costs 13 times the whole rest and reads no better."""


def points(millimeters: float) -> float:
    """Return a length in the unit of PDF."""
    return millimeters * _POINTS_PER_MM


def code_matrix(payload: str) -> list[list[bool]]:
    """Return the modules of a card's code, dark is true, without the quiet zone."""
    from qrcode.constants import ERROR_CORRECT_Q

    return _matrix(payload, version=2, error_correction=ERROR_CORRECT_Q)


def command_matrix(code: str) -> list[list[bool]]:
    """Return the modules of a code of the command sheet: 10 letters fill version 1 at level H."""
    from qrcode.constants import ERROR_CORRECT_H

    return _matrix(code, version=1, error_correction=ERROR_CORRECT_H)


def receipt_matrix(code: str) -> list[list[bool]]:
    """Return the modules of a receipt's code: 218 letters fill version 8 at level M."""
    from qrcode.constants import ERROR_CORRECT_M

    return _matrix(code, version=8, error_correction=ERROR_CORRECT_M)


def invitation_matrix(code: str) -> list[list[bool]]:
    """Return the modules of an invitation's code: 38 letters fit version 3 at level Q."""
    from qrcode.constants import ERROR_CORRECT_Q

    return _matrix(code, version=3, error_correction=ERROR_CORRECT_Q)


def stencil(rows: list[list[bool]], x: float, y: float, side: float) -> str:
    """Return the PDF operators that paint a code with its lower left corner at `x`, `y`."""
    modules = len(rows)
    row_bytes = -(-modules // 8)
    hex_rows = (_row_bits(row).to_bytes(row_bytes, "big").hex() for row in rows)
    return (
        f"q {points(side):.4f} 0 0 {points(side):.4f} {points(x):.4f} {points(y):.4f} cm"
        f" BI /W {modules} /H {modules} /IM true"
        f" /BPC 1 /D [1 0] /F /AHx ID {''.join(hex_rows)}> EI Q"
    )


def _matrix(text: str, *, version: int, error_correction: int) -> list[list[bool]]:
    from qrcode.main import QRCode

    code = QRCode(
        version=version, error_correction=error_correction, border=0, mask_pattern=_MASK_PATTERN
    )
    code.add_data(text, optimize=0)
    code.make(fit=False)
    return code.get_matrix()


def _row_bits(row: list[bool]) -> int:
    """Return a row as a number, first module highest, filled up to whole bytes."""
    bits = int("".join("1" if is_dark else "0" for is_dark in row), 2)
    return bits << -len(row) % 8
