"""Log files: small, rotated, and without personal data.

Messages carry codes, ids of events and names of exceptions; never names, phone
numbers, card payloads or amounts.
"""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LOGGER = logging.getLogger("pos_loyalty")
_FILE_BYTES_MAX = 1_000_000
_FILES_KEPT = 3


def log_to(folder: Path) -> None:
    """Write the product's log into a folder, beside the data it speaks of."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "till.log", maxBytes=_FILE_BYTES_MAX, backupCount=_FILES_KEPT, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def report_fault(error: BaseException) -> None:
    """Log a fault of our own with its trace: code locations only, no values."""
    _LOGGER.error("fault: %s", type(error).__name__, exc_info=error)
