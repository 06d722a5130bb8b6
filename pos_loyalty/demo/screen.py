"""What the window says, read as a screen reader reads it: from the widgets alone."""

import re
from dataclasses import dataclass
from typing import Final, TypeVar

from PySide6.QtWidgets import QAbstractButton, QWidget

from pos_loyalty.ui.main_window import MainWindow
from pos_loyalty.ui.views.camera_panel import CameraPanelView
from pos_loyalty.ui.views.list_panel import ListPanelView
from pos_loyalty.ui.views.member_panel import MemberPanelView
from pos_loyalty.ui.views.sign_up_panel import SignUpPanelView

_FIGURE: Final = r"[-\u2212+]?[\d,]+"
_POINTS: Final = re.compile(rf"({_FIGURE}) points?\b")
_SAVED: Final = re.compile(rf"^Saved\. ({_FIGURE})(?: ({_FIGURE}))? points for ")

PanelT = TypeVar("PanelT", bound=QWidget)


@dataclass(frozen=True)
class MemberShown:
    """Who is on the sale, as the left zone shows it."""

    name: str
    balance: int


@dataclass(frozen=True)
class SavedShown:
    """What the strip says of a sale that was saved."""

    earned: int
    redeemed: int


class Screen:
    """Reads one window."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self._view = window.view

    @property
    def strip(self) -> str:
        """The message strip."""
        return self._view.strip.accessibleName()

    @property
    def amount(self) -> str:
        """The big figure, without its title."""
        return self._view.amount.accessibleName().partition(": ")[2]

    @property
    def total(self) -> int:
        """The big figure as an amount in minor units."""
        return _number(re.sub(r"[^\d]", "", self.amount) or "0")

    @property
    def member(self) -> MemberShown | None:
        """Who is on the sale; None while nobody is."""
        panel = self._panel(MemberPanelView)
        if panel is None:
            return None
        found = _POINTS.search(panel.accessibleDescription())
        return MemberShown(panel.accessibleName(), _number(found[1]) if found else 0)

    @property
    def is_camera_open(self) -> bool:
        """Whether the camera looks for a card."""
        return self._panel(CameraPanelView) is not None

    @property
    def is_sign_up_open(self) -> bool:
        """Whether a sign-up is open."""
        return self._panel(SignUpPanelView) is not None

    @property
    def found(self) -> tuple[str, ...]:
        """The rows of the list that is open."""
        panel = self._panel(ListPanelView)
        rows = panel.pages.buttons if panel is not None and panel.pages.isVisible() else ()
        return tuple(row.accessibleName() for row in rows)

    @property
    def name_typed(self) -> str:
        """The name in the field of a sign-up."""
        field = self._view.left.name_field
        return field.edit.text() if field is not None else ""

    @property
    def search_typed(self) -> str:
        """What is searched for."""
        return self._view.search.edit.text()

    @property
    def chip(self) -> str:
        """The connection chip."""
        return self._view.chip.accessibleName()

    @property
    def saved(self) -> SavedShown:
        """What the strip says of the sale just saved; without a member there are no points."""
        found = _SAVED.match(self.strip)
        if found is None:
            return SavedShown(0, 0)
        return SavedShown(_number(found[1]), -_number(found[2] or "0"))

    @property
    def points_on_strip(self) -> int:
        """The points that the strip speaks of."""
        found = _POINTS.search(self.strip)
        return _number(found[1]) if found else 0

    def primary(self) -> QAbstractButton:
        """Return the big button."""
        return self._view.primary

    def keypad_key(self, face: str) -> QAbstractButton:
        """Return a key of the keypad."""
        return next(key for key in self._view.keypad.keys if key.accessibleName() == face)

    def list_button(self, label: str) -> QAbstractButton | None:
        """Return a button below the list that is open, or None."""
        panel = self._panel(ListPanelView)
        buttons = panel.buttons if panel is not None else []
        return next((each for each in buttons if each.accessibleName() == label), None)

    def bottom_button(self, label: str) -> QAbstractButton:
        """Return a button of the bottom row."""
        buttons = self._view.bottom.buttons
        return next(each for each in buttons if each.accessibleName() == label)

    def ready_reward(self) -> QAbstractButton | None:
        """Return the first reward that may be used now, or None."""
        panel = self._panel(MemberPanelView)
        keys = panel.rewards if panel is not None else []
        return next((key for key in keys if key.isVisible() and key.isEnabled()), None)

    def _panel(self, kind: type[PanelT]) -> PanelT | None:
        current = self._view.left.current
        return current if isinstance(current, kind) else None


def _number(text: str) -> int:
    """Read a figure as the counter writes it: with commas, and a real minus sign."""
    return int(text.replace(",", "").replace("\u2212", "-"))
