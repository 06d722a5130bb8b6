"""New rules: said on the strip once for each version, when nobody is being served."""

from typing import Final, NamedTuple

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.program_news import ProgramNews
from pos_loyalty.ui.presenters import change_strips
from pos_loyalty.ui.presenters.counter_services import Lane
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode, News
from pos_loyalty.ui.presenters.desk import Desk

ASK_MS: Final = 10_000
"""How often to look whether rules have come into force; they may do so by the clock alone."""
LEFT_ALONE_MS: Final = 20_000
"""A saved sale that stands so long on the screen is no longer being looked at."""


class _Rules(NamedTuple):
    news: ProgramNews | None
    program: LoyaltyProgram


class NewsFlow:
    """Asks for news, waits for a quiet moment, and notes that it was read."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._is_asking = False
        self._asked_ms: int | None = None
        self._input_ms = desk.clock.monotonic_ms()

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    def tick(self) -> None:
        """Ask now and then, and say what waits."""
        now_ms = self._desk.clock.monotonic_ms()
        is_due = self._asked_ms is None or now_ms - self._asked_ms >= ASK_MS
        if is_due:
            self.ask()
        self._say_if_quiet()

    def ask(self) -> None:
        """Ask whether there are new rules; away from the store's lane, as nobody waits for it."""
        if self._is_asking:
            return
        self._is_asking = True
        self._asked_ms = self._desk.clock.monotonic_ms()
        self._desk.run(self._read, self._answered, self._not_answered, lane=Lane.FIND)

    def input_taken(self) -> None:
        """Note that somebody is at the counter: what was said has been read."""
        self._input_ms = self._desk.clock.monotonic_ms()
        news = self._state.news
        if news is None or not news.is_said:
            return
        self._state.news = None
        services, version = self._desk.services, news.program.version
        self._desk.run(lambda: services.program_seen(version), _nothing, _nothing)

    def _read(self) -> _Rules:
        services = self._desk.services
        return _Rules(services.program_news(), services.program())

    def _answered(self, rules: _Rules) -> None:
        self._is_asking = False
        state, news = self._state, rules.news
        before = state.program
        if before is not None and before.version != rules.program.version:
            state.program = rules.program
        if news is None:
            return
        if state.news is None or state.news.program.version != news.version:
            is_other = before is not None and before.version != rules.program.version
            changed = change_strips.changed_parts(before, rules.program) if is_other else ""
            state.news = News(news, changed)
        self._say_if_quiet()

    def _not_answered(self, error: Exception) -> None:
        del error
        self._is_asking = False

    def _say_if_quiet(self) -> None:
        state = self._state
        news = state.news
        if news is None or news.is_said or not self._is_quiet():
            return
        news.is_said = True
        self._desk.say(change_strips.new_rules(news, self._desk.clock))

    def _is_quiet(self) -> bool:
        """Return whether nobody is being served."""
        state = self._state
        is_busy = state.is_saving or state.is_blocked or state.look_ups > 0
        if is_busy or state.mode is not Mode.SALE or state.message is not None:
            return False
        if state.done is not None:
            return self._desk.clock.monotonic_ms() - self._input_ms >= LEFT_ALONE_MS
        return state.draft.is_empty


def _nothing(_: object) -> None:
    """Show nothing: if it could not be written, it is said once more."""
