"""The first picture is there before everything else, and shows the counter's own zones."""

import subprocess
import sys

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.look import DARK, LIGHT, Mode, scale_for
from pos_loyalty.ui.main_window import MainWindow
from pos_loyalty.ui.presenters.starting_screen import starting_screen
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.first_picture import FirstPicture
from tests.unit.ui.views.counter_robot import SIZES, box_in, open_counter

_SHOWN_ALONE = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6 import QtCore
from pos_loyalty.app import TillWindow, WindowSettings, application

def painted():
    print("Qt" in vars(QtCore), *sys.modules)
    qt.quit()

qt = application()
window = TillWindow(None, WindowSettings(None))
window.window.painted.connect(painted)
window.window.show()
qt.exec()
"""
_TOO_EARLY = {
    "PySide6.QtSvg",
    "dataclasses",
    "logging.handlers",
    "msgspec",
    "pos_loyalty.domain",
    "pos_loyalty.till",
    "pos_loyalty.ui.theme",
    "pos_loyalty.ui.views.counter_view",
    "sqlcipher3",
}


def _picture(qtbot: QtBot, size: tuple[int, int], *, right_to_left: bool) -> QImage:
    first = FirstPicture(Mode.LIGHT)
    if right_to_left:
        first.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    qtbot.addWidget(first)
    first.resize(*size)
    return first.grab().toImage()


def _edge(box: QRect) -> list[QPoint]:
    """Return the middle of each side of a box, in its outermost pixels."""
    middle = box.center()
    return [
        QPoint(box.left(), middle.y()),
        QPoint(box.right(), middle.y()),
        QPoint(middle.x(), box.top()),
        QPoint(middle.x(), box.bottom()),
    ]


def _is_alike(one: QColor, other: QColor) -> bool:
    """Return whether two pixels differ by no more than the smoothing of an edge."""
    return abs(one.lightness() - other.lightness()) <= 16


@pytest.mark.parametrize("right_to_left", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_every_zone_lies_where_the_counter_has_it(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], *, right_to_left: bool
) -> None:
    first = _picture(qtbot, size, right_to_left=right_to_left)
    dpi = QGuiApplication.primaryScreen().physicalDotsPerInch()
    theme.set_scale(scale_for(physical_dpi=dpi, width_px=size[0], height_px=size[1]))
    view = open_counter(qtbot, theme, starting_screen(), size=size, right_to_left=right_to_left)
    counter = view.grab().toImage()
    zones: list[QWidget] = [view.search, view.menu, view.strip, view.left, view.amount]
    zones += [view.primary, *view.keypad.keys]

    for zone in zones:
        for point in _edge(box_in(view, zone)):
            seen, wanted = first.pixelColor(point), counter.pixelColor(point)
            assert _is_alike(seen, wanted), (zone, point, seen.name(), wanted.name())


def test_nothing_that_can_wait_is_imported_before_it() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _SHOWN_ALONE],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    has_enumerations, *modules = result.stdout.split()
    assert has_enumerations == "False"
    assert _TOO_EARLY.isdisjoint(modules)


@pytest.mark.parametrize(
    ("mode", "ground"), [(Mode.LIGHT, LIGHT.bg), (Mode.DARK, DARK.bg)], ids=["light", "dark"]
)
def test_it_has_the_colors_that_the_person_chose(qtbot: QtBot, mode: Mode, ground: str) -> None:
    first = FirstPicture(mode)
    qtbot.addWidget(first)
    first.resize(1024, 768)

    assert first.grab().toImage().pixelColor(2, 400) == QColor(f"#{ground}")


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_it_follows_a_desktop_whose_palette_is_light_or_dark(
    qtbot: QtBot, theme: Theme, tokens: object
) -> None:
    ours = theme.palette()
    desktop = QPalette(ours)
    is_dark = tokens is DARK
    desktop.setColor(QPalette.ColorRole.Window, QColor("black" if is_dark else "white"))
    desktop.setColor(QPalette.ColorRole.WindowText, QColor("white" if is_dark else "black"))
    QGuiApplication.setPalette(desktop)
    try:
        first = FirstPicture(Mode.SYSTEM)
    finally:
        QGuiApplication.setPalette(ours)
    qtbot.addWidget(first)
    first.resize(1024, 768)

    ground = DARK.bg if is_dark else LIGHT.bg
    assert first.grab().toImage().pixelColor(2, 400) == QColor(f"#{ground}")


def test_the_counter_takes_its_place_and_the_keys(qtbot: QtBot, theme: Theme) -> None:
    window = MainWindow(Mode.LIGHT)
    qtbot.addWidget(window)
    window.resize(1024, 768)
    with qtbot.waitSignal(window.painted):
        window.show()

    window.furnish(theme)
    window.show_screen(starting_screen())

    qtbot.waitUntil(window.view.isVisible)
    assert window.view.size() == window.size()
    assert not any(first.isVisible() for first in window.findChildren(FirstPicture))
    window.activateWindow()
    qtbot.waitUntil(window.view.hasFocus)


def test_the_counter_takes_the_focus_when_the_window_comes_back(qtbot: QtBot, theme: Theme) -> None:
    window, other = MainWindow(Mode.LIGHT), QWidget()
    qtbot.addWidget(window)
    qtbot.addWidget(other)
    window.furnish(theme)
    window.show_screen(starting_screen())
    window.show()
    other.show()
    other.activateWindow()
    qtbot.waitUntil(other.isActiveWindow)
    window.view.clearFocus()

    window.activateWindow()

    qtbot.waitUntil(window.view.hasFocus)
