"""What the flows of the counter share: the state, the till, the runner, and painting."""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.domain.money import Currency
from pos_loyalty.services.last_sales import DayCounts, LastSale
from pos_loyalty.ui.presenters.amount_entry import AmountEntry
from pos_loyalty.ui.presenters.counter_screen import CounterScreen, Strip, Tone
from pos_loyalty.ui.presenters.counter_services import (
    CounterServices,
    CounterView,
    CounterWindow,
    Lane,
    Runner,
    Sound,
    Sounds,
)
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode, SaleDraft, new_state
from pos_loyalty.ui.presenters.screen_builder import build_screen
from pos_loyalty.ui.presenters.strips import refusal

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

DEAF_MS: Final = 600
"""So long after a commit nothing commits: a bouncing key or a trembling finger is one sale."""
_WAITING_INPUTS_MAX: Final = 64


class Desk:
    """The state of the counter with everything that a flow needs to change it."""

    def __init__(
        self,
        *,
        services: CounterServices,
        view: CounterView,
        window: CounterWindow,
        runner: Runner,
        sounds: Sounds,
        clock: Clock,
        new_sale_id: Callable[[], SaleId],
    ) -> None:
        self.services = services
        self.window = window
        self.clock = clock
        self.new_sale_id = new_sale_id
        self.state: CounterState = new_state(services.shop)
        self._view = view
        self._runner = runner
        self._sounds = sounds
        self._shown: CounterScreen | None = None
        self._waiting: list[Callable[[], None]] = []
        self.after_change: Callable[[], None] = _nobody_looks
        """Called whenever the screen may have changed."""

    @property
    def currency(self) -> Currency:
        """The till's currency."""
        return self.state.currency

    @property
    def owner(self) -> str:
        """Whom to call."""
        return self.state.shop.owner

    def refresh(self) -> None:
        """Paint, unless the screen shows just that already."""
        screen = build_screen(self.state, self.clock)
        if screen != self._shown:
            self._shown = screen
            self._view.show_screen(screen)
        self.after_change()

    def run(
        self,
        work: Callable[[], Result],
        on_success: Callable[[Result], None],
        on_failure: Callable[[Exception], None] | None = None,
        *,
        lane: Lane = Lane.STORE,
    ) -> None:
        """Do work away from the window; afterwards its outcome is painted."""

        def succeeded(result: Result) -> None:
            on_success(result)
            self.refresh()

        def failed(error: Exception) -> None:
            (on_failure or _note)(error)
            self.refresh()

        self._runner.run(work, on_success=succeeded, on_failure=failed, lane=lane)

    def play(self, sound: Sound) -> None:
        """Let the strip's twin be heard."""
        self._sounds.play(sound)

    def say(self, strip: Strip) -> None:
        """Say something until the next input; what needs a look is heard as well.

        While a sale could not be saved, nothing else is said over that.
        """
        if self.state.is_blocked and strip.tone is not Tone.STOP:
            return
        self.state.message = strip
        if strip.tone in {Tone.WARN, Tone.BAD, Tone.STOP}:
            self.play(Sound.LOOK)

    def refuse(self, error: Exception) -> None:
        """Say why something was not possible."""
        self.say(refusal(error, self.owner))

    def be_deaf(self, *, until_typed: bool = True) -> None:
        """Let nothing commit for a moment; after a sale even if something is typed meanwhile."""
        self.state.deaf_until_ms = self.clock.monotonic_ms() + DEAF_MS
        self.state.is_deaf_until_typed = until_typed

    def hear_typing(self) -> None:
        """Let Enter count again: something new was typed or scanned since it did something."""
        if self.state.is_deaf_until_typed:
            self.state.deaf_until_ms = 0

    @property
    def is_deaf(self) -> bool:
        """Return whether Enter and taps on the primary button do nothing now."""
        return self.clock.monotonic_ms() < self.state.deaf_until_ms

    def begin_saving(self) -> None:
        """Let inputs wait until the answer of the store is there."""
        self.state.is_saving = True

    def end_saving(self) -> None:
        """Take the inputs that came meanwhile, in order."""
        self.state.is_saving = False
        waiting, self._waiting = self._waiting, []
        for handle in waiting:
            if self.state.is_blocked:
                return
            # An input may start to save again; then the rest goes on waiting.
            self.take_input(handle)

    def take_input(self, handle: Callable[[], None]) -> None:
        """Handle an input now, or when the saving that is under way has ended."""
        if not self.state.is_saving:
            handle()
        elif len(self._waiting) < _WAITING_INPUTS_MAX:
            self._waiting.append(handle)

    def fresh_sale(self) -> None:
        """Begin the next sale: nobody on it, nothing typed."""
        state = self.state
        state.draft = SaleDraft(entry=AmountEntry(self.currency))
        state.done = None
        state.switched = None
        state.is_asking_amount = False
        state.is_choosing_reward = False

    def leave_done(self) -> None:
        """Begin the next sale if the last one is still on screen."""
        if self.state.done is not None:
            self.fresh_sale()

    def show_sale(self) -> None:
        """Close whatever lies over the sale."""
        state = self.state
        if state.mode is Mode.CAMERA:
            self.window.stop_camera()
            state.camera_until_ms = None
        state.mode = Mode.SALE
        state.letters_open = False
        state.selected = 0

    def load_sales(self) -> None:
        """Read the last sales and today's counts again."""
        self.run(self.services.last_sales, self._sales_read)
        self.run(self.services.day_counts, self._counts_read)

    def _sales_read(self, sales: tuple[LastSale, ...]) -> None:
        self.state.last_sales = sales

    def _counts_read(self, counts: DayCounts) -> None:
        self.state.counts = counts


def _nobody_looks() -> None:
    """Stand in where nobody keeps the sale in hand."""


def _note(error: Exception) -> None:
    """Keep a failure of something that nobody waits for."""
    _log.info("background work: %s", error)
