"""Paint the counter in every state, size and theme into a folder, without a screen.

python tools/take_pictures.py FOLDER [--states idle,member] [--sizes 1024x768] [--themes dark]
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from pos_loyalty.ui.fonts import load_fonts
from pos_loyalty.ui.look import Mode
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.counter_view import CounterView
from tools.sample_change_screens import ALL

SIZES = ("1024x720", "1024x768", "1366x768", "1920x1080")


def main() -> int:
    """Write the pictures; print the name of each."""
    arguments = _arguments()
    folder = Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    load_fonts()
    for theme_name in arguments.themes.split(","):
        theme = Theme(mode=Mode(theme_name))
        theme.apply_to(application)
        for size in arguments.sizes.split(","):
            view = CounterView(theme)
            if arguments.right_to_left:
                view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            width, height = (int(part) for part in size.split("x"))
            view.resize(width, height)
            for state in arguments.states.split(","):
                view.show_screen(ALL[state])
                save_picture(view, folder / f"{state}_{theme_name}_{width}x{height}.png")
            view.deleteLater()
    return 0


def save_picture(widget: QWidget, path: Path) -> None:
    """Paint a widget as it is now and write the picture."""
    widget.ensurePolished()
    if not widget.grab().save(str(path)):
        raise OSError(f"cannot write {path}")
    print(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--states", default=",".join(ALL))
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--right-to-left", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
