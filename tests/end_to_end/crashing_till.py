"""A till's window as a process of its own that types a sale and waits to be killed.

`python -m tests.end_to_end.crashing_till FOLDER CARD AMOUNT [--complete]`
"""

import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.devices.camera_sources import FrameFeed
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import open_till
from pos_loyalty.ui.theme import Mode

_ENTER_AFTER_MS = 1_500
"""Long after the draft was written."""


def main(folder: Path, card: str, amount: str, *, completes: bool) -> None:
    """Put the card on the sale, type the amount, and complete it if that is wished."""
    qt = application()
    till_window = TillWindow(
        lambda: open_till(folder / "till", keys=FileKeys(folder / "keys")),
        WindowSettings(FrameFeed, Mode.LIGHT),
    )

    def sell() -> None:
        presenter = till_window.presenter
        assert presenter is not None
        presenter.card_scanned((card,))
        for digit in amount:
            presenter.text_typed(digit)
        if completes:
            QTimer.singleShot(_ENTER_AFTER_MS, lambda: presenter.key_pressed("Enter"))

    till_window.opened.connect(sell)
    till_window.start()
    qt.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], completes="--complete" in sys.argv)
