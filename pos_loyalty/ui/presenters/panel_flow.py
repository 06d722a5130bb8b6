"""The panels beside the sale: menu, last sales, connection, keys, camera."""

from typing import Final

from pos_loyalty.domain.ids import SaleId
from pos_loyalty.ui.presenters.activity_flow import ActivityFlow
from pos_loyalty.ui.presenters.attention_flow import AttentionFlow
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.list_panels import row_keys
from pos_loyalty.ui.presenters.page_flow import PageFlow

CAMERA_MS_MAX: Final = 20_000
"""The camera's box closes after this long without a card."""


class PanelFlow:
    """Opens, moves in and closes what lies over the left zone."""

    def __init__(
        self, desk: Desk, *, attention: AttentionFlow, page: PageFlow, activities: ActivityFlow
    ) -> None:
        self._desk = desk
        self._attention = attention
        self._page = page
        self._activities = activities

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    def toggle(self, mode: Mode) -> None:
        """Open a panel, or close it if it is open."""
        was_open = self._state.mode is mode
        if self._state.mode is Mode.SIGN_UP:
            # A sign-up in hand is not thrown away by a look at something else.
            return
        self._desk.show_sale()
        if not was_open:
            self._state.mode = mode
            if mode is Mode.ATTENTION:
                self._attention.read()

    def row_pressed(self, key: str) -> None:
        """Choose a row: it is opened, or done."""
        state = self._state
        keys = row_keys(state, self._desk.clock)
        if key not in keys:
            return
        state.selected = keys.index(key)
        self._take(key)

    def enter(self) -> None:
        """Go where the selected row leads."""
        if key := self.selected_key():
            self._take(key)

    def _take(self, key: str) -> None:
        match self._state.mode:
            case Mode.MENU:
                self._go(key)
            case Mode.ATTENTION:
                self._attention.open_item(key)
            case Mode.ATTENTION_ITEM:
                self._attention.choose(key)
            case Mode.LAST_SALES:
                self._page.open(SaleId(key))
            case Mode.ACTIVITIES:
                self._activities.choose(key)
            case _:
                return

    def enter_row(self, place: int) -> None:
        """Go where the digit of a row of the menu leads; places count from 0.

        An amount that is typed into a forgotten menu must not close the till.
        """
        keys = row_keys(self._state, self._desk.clock)
        if 0 <= place < len(keys) and keys[place] != "close":
            self._go(keys[place])

    def move(self, rows: int) -> None:
        """Move the selection down, or up with a negative number."""
        last = len(row_keys(self._state, self._desk.clock)) - 1
        self._state.selected = max(0, min(last, self._state.selected + rows))

    def selected_key(self) -> str:
        """Return the key of the selected row; nothing if there is no row."""
        keys = row_keys(self._state, self._desk.clock)
        return keys[self._state.selected] if self._state.selected < len(keys) else ""

    def open_camera(self) -> None:
        """Let the camera look for a card, for twenty seconds."""
        if self._state.mode is Mode.SIGN_UP:
            return
        self._desk.leave_done()
        self._desk.show_sale()
        self._state.mode = Mode.CAMERA
        self._state.camera_until_ms = self._desk.clock.monotonic_ms() + CAMERA_MS_MAX
        self._desk.window.start_camera()

    def next_theme(self) -> None:
        """Change to the next theme."""
        self._state.theme = self._desk.window.next_theme()

    def tick(self) -> None:
        """Close the camera when its time is up."""
        until_ms = self._state.camera_until_ms
        if until_ms is not None and self._desk.clock.monotonic_ms() >= until_ms:
            self._desk.show_sale()

    def _go(self, key: str) -> None:
        match key:
            case "theme":
                self.next_theme()
            case "full_screen":
                self._desk.show_sale()
                self._desk.window.toggle_full_screen()
            case "close":
                self._desk.show_sale()
                self._desk.window.close_till()
            case _:
                self.toggle(Mode(key))
