"""Tests of the whole window: a message of Qt's at WARNING is a failure here as well."""

from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent
# Said by the offscreen platform about every window; it means nothing.
_HARMLESS = "This plugin does not support propagateSizeHints"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let messages of Qt at WARNING fail the tests of this folder."""
    if not config.pluginmanager.hasplugin("pytest-qt"):
        return
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore(_HARMLESS))
