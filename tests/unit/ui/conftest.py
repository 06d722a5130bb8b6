"""Widget tests: a warning of Qt's is a failure. Nothing here imports Qt before a test asks."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from pos_loyalty.ui.theme import Theme

_FOLDER = Path(__file__).parent
_WITHOUT_QT = _FOLDER / "presenters"
# Said by the offscreen platform about every window; it means nothing.
_HARMLESS = "This plugin does not support propagateSizeHints"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let messages of Qt at WARNING fail the tests of this folder."""
    if not config.pluginmanager.hasplugin("pytest-qt"):
        return
    for item in items:
        if item.path.is_relative_to(_FOLDER) and not item.path.is_relative_to(_WITHOUT_QT):
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore(_HARMLESS))


@pytest.fixture
def theme(qtbot: "QtBot") -> "Theme":
    """Return a light theme, given to the application with the bundled fonts."""
    del qtbot
    from PySide6.QtWidgets import QApplication

    from pos_loyalty.ui.fonts import load_fonts
    from pos_loyalty.ui.theme import Theme

    load_fonts()
    made = Theme()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    made.apply_to(application)
    return made
