"""Runs before the program: let pyzbar find the zbar of the bundle.

WORKAROUND: pyzbar asks `ctypes.util.find_library`, which looks in the system only;
on a machine without zbar the copy in the bundle would lie unused.
"""

import ctypes.util
import sys
from pathlib import Path

_find_in_system = ctypes.util.find_library


def _find_library(name: str) -> str | None:
    """Return the bundle's zbar, and for every other name what the system has."""
    bundle = Path(getattr(sys, "_MEIPASS", ""))
    copies = sorted(bundle.glob("libzbar*")) if name == "zbar" else []
    return str(copies[0]) if copies else _find_in_system(name)


ctypes.util.find_library = _find_library
