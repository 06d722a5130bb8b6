"""Short ways to open the counter in a test and to look at what it shows."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.presenters.counter_screen import CounterScreen
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.counter_view import CounterView
from tools.sample_change_screens import ALL
from tools.sample_screens import IDLE

SIZES = [(1024, 720), (1024, 768), (1366, 768), (1920, 1080)]
STATES = sorted(ALL)

# Codes, not words: they stay as they are in every language.
_NOT_TRANSLATED = frozenset({"icon", "key", "shortcut", "id", "initials"})
_Value = TypeVar("_Value")


def open_counter(
    qtbot: QtBot,
    theme: Theme,
    screen: CounterScreen = IDLE,
    *,
    size: tuple[int, int] = (1024, 768),
    right_to_left: bool = False,
) -> CounterView:
    """Return a counter on screen that shows a screen."""
    view = CounterView(theme)
    if right_to_left:
        view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    view.resize(*size)
    view.show_screen(screen)
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    view.activateWindow()
    view.setFocus()
    return view


def box_in(view: QWidget, widget: QWidget) -> QRect:
    """Return where a widget lies in the view."""
    return QRect(widget.mapTo(view, QPoint(0, 0)), widget.size())


def pressables(view: QWidget) -> list[QWidget]:
    """Return everything on screen that takes a tap."""
    found: list[QWidget] = [*view.findChildren(QAbstractButton), *view.findChildren(QLineEdit)]
    return [widget for widget in found if widget.isVisible()]


def each_text(value: _Value, change: Callable[[str], str]) -> _Value:
    """Return a screen with every text that is translated changed."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes: dict[str, Any] = {}
    for field in fields(value):
        before = getattr(value, field.name)
        if field.name not in _NOT_TRANSLATED:
            changes[field.name] = _changed(before, change)
    return replace(value, **changes)


def _changed(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - any field
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        parts = cast("tuple[Any, ...]", value)
        return tuple(_changed(part, change) for part in parts)
    return each_text(value, change)
