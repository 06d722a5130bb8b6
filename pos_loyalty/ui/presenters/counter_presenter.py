"""The counter's presenter: takes every input, decides, and says what the screen shows.

Plain Python: keys, taps and scans come in as words, a `CounterScreen` goes out. What is asked of
the till's database runs on the runner; the answers come back here on the window's thread.
"""

from collections.abc import Callable, Sequence
from typing import Final

from pos_loyalty.devices.repeat_guard import RepeatGuard
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.command_codes import read_command
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.ui.presenters import key_bindings, strips
from pos_loyalty.ui.presenters.amount_entry import ascii_key
from pos_loyalty.ui.presenters.counter_screen import Action
from pos_loyalty.ui.presenters.counter_services import (
    CounterServices,
    CounterView,
    CounterWindow,
    Runner,
    Sounds,
)
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.mode_inputs import ModeInputs

_KEEPS_QUESTION: Final = frozenset(
    {Action.COMPLETE, Action.USE_KNOWN, Action.DIFFERENT_PERSON, Action.NEW_MEMBER}
)
"""What may answer a question on the strip; any other input lets go of it."""
BOARD_BACKSPACE: Final = "\b"
_LISTS: Final = frozenset(
    {
        Mode.FIND,
        Mode.LAST_SALES,
        Mode.MENU,
        Mode.REWARD_PART,
        Mode.ATTENTION,
        Mode.ATTENTION_ITEM,
        Mode.SALE_PAGE,
        Mode.WHY,
        Mode.ACTIVITIES,
    }
)
_COMMAND_REPEAT_MS: Final = 500
"""Shorter than for cards: 55 is typed by scanning the same code twice."""
_MINUS_SIGNS: Final = frozenset("-\u2212")
_SIGNS: Final = frozenset("?*/=") | _MINUS_SIGNS


class CounterPresenter:
    """One counter: a view, a till, and everything between the two."""

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
        self._desk = Desk(
            services=services,
            view=view,
            window=window,
            runner=runner,
            sounds=sounds,
            clock=clock,
            new_sale_id=new_sale_id,
        )
        self._inputs = ModeInputs(self._desk)
        self._inputs.card.enter_again = self._complete
        self._desk.after_change = self._inputs.draft.look
        self._tags = services.shop.tags
        self._commands = RepeatGuard(window_ms=_COMMAND_REPEAT_MS)
        self._is_asking_connection = False
        self._is_reading = False
        self._is_stale = False
        self._handlers = self._inputs.actions()

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    @property
    def is_list_open(self) -> bool:
        """Return whether the arrow keys move a selection now."""
        return self._state.mode in _LISTS

    @property
    def is_sign_up_open(self) -> bool:
        """Return whether digits are a phone number now, wherever the caret is."""
        return self._state.mode is Mode.SIGN_UP

    @property
    def is_text_wanted(self) -> bool:
        """Return whether letters, spaces included, are text now."""
        return self._state.mode in {Mode.FIND, Mode.SIGN_UP, Mode.SECOND_NAME}

    @property
    def is_space_wanted(self) -> bool:
        """Return whether a space means something by itself, and presses nothing."""
        return self.is_text_wanted or self._inputs.page.goods.has_lines_open

    # --- life

    def start(self) -> None:
        """Paint the idle counter and read what it needs."""
        self._desk.refresh()
        self.data_changed()

    def data_changed(self) -> None:
        """Read what is on screen again: the till has heard from its server."""
        self._ask_connection()
        self._inputs.news.ask()
        if self._is_reading:
            self._is_stale = True
            return
        self._is_reading, self._is_stale = True, False
        services = self._desk.services
        self._desk.run(services.program, self._program_read)
        self._desk.load_sales()
        self._inputs.attention.count()
        self._inputs.sale.read_member_again()
        # The last of its lane: when it is there, everything is.
        self._desk.run(services.unusual_amount, self._unusual_amount_read, self._not_read)

    def tick(self) -> None:
        """Let time pass: about once a second."""
        self._inputs.panels.tick()
        self._inputs.news.tick()
        self._ask_connection()
        self._desk.refresh()

    def fault(self) -> None:
        """Say that the program met a fault of its own; the sale in hand stays as it is."""
        self._desk.say(strips.fault(self._desk.owner))
        self._desk.refresh()

    # --- inputs

    def action_pressed(self, name: str) -> None:
        """Handle a button by its action's name."""
        if name not in self._handlers:
            return
        action = Action(name)
        if action is Action.COMPLETE:
            self._enter_pressed()
        else:
            self._take(self._handlers[action], keeps_question=action in _KEEPS_QUESTION)

    def digit_pressed(self, key: str) -> None:
        """Handle a digit, ``00`` or the decimal point, from keypad or keyboard."""
        self._take(lambda: self._inputs.digit(key))

    def reward_pressed(self, position: int) -> None:
        """Handle a reward button, or its key; where a sale's lines are open, it is one of them."""
        self._take(lambda: self._inputs.position(position))

    def row_pressed(self, key: str) -> None:
        """Handle a row of the open list."""
        self._take(lambda: self._inputs.row(key))

    def sale_pressed(self, sale_id: str) -> None:
        """Handle a row of the column of last sales."""
        self._take(lambda: self._inputs.page.open(SaleId(sale_id)))

    def search_edited(self, text: str) -> None:
        """Handle the text of the search field as it stands."""
        self._take(lambda: self._inputs.search(text))

    def name_edited(self, text: str) -> None:
        """Handle the text of the name field as it stands."""
        self._take(lambda: self._inputs.name(text))

    def letter_pressed(self, letter: str) -> None:
        """Handle a letter, from keyboard or letter board."""
        self._take(lambda: self._inputs.letter(letter))

    def board_letter_pressed(self, letter: str) -> None:
        """Handle a key of our own letter board, which has capitals alone."""
        if letter == BOARD_BACKSPACE:
            self.action_pressed(Action.BACKSPACE)
            return
        text = {
            Mode.FIND: self._state.find.text,
            Mode.SECOND_NAME: self._state.activity.approved_by,
        }.get(self._state.mode, self._state.sign_up.name)
        begins_word = not text[-1:].isalpha()
        self.letter_pressed(letter if begins_word else letter.lower())

    def text_typed(self, text: str) -> bool:
        """Handle what a key types; return whether it meant anything."""
        if ascii_key(text):
            self.digit_pressed(text)
        elif text == "+":
            self.action_pressed(Action.ADD_LINE)
        elif text in _SIGNS and not self.is_text_wanted:
            return self._sign_typed(text)
        elif text == " ":
            return self._space_typed()
        elif text.isprintable() and text:
            self.letter_pressed(text)
        else:
            return False
        return True

    def _space_typed(self) -> bool:
        """Handle a space: a letter, or the line that the arrows are on; else it is a button's."""
        if self.is_text_wanted:
            self.letter_pressed(" ")
        elif self.is_space_wanted:
            self._take(self._inputs.page.goods.toggle_selected)
        else:
            return False
        return True

    def _sign_typed(self, sign: str) -> bool:
        """Handle a sign where no text is wanted; most mean nothing."""
        if sign == "?":
            self.action_pressed(Action.WHY)
        elif sign in _MINUS_SIGNS and self._state.mode is Mode.SALE_PAGE:
            self.action_pressed(Action.GOODS_BACK)
        else:
            return False
        return True

    def key_pressed(self, key: str) -> bool:
        """Handle a key that types nothing, by its name; return whether it meant anything."""
        if key in key_bindings.ACTIONS:
            self.action_pressed(key_bindings.ACTIONS[key])
        elif key in key_bindings.REWARDS:
            self.reward_pressed(key_bindings.REWARDS[key])
        elif key == key_bindings.FULL_SCREEN:
            self._desk.window.toggle_full_screen()
        elif key in key_bindings.ROWS and self.is_list_open:
            self._take(lambda: self._inputs.move(key_bindings.ROWS[key]))
        else:
            return False
        return True

    def card_scanned(self, texts: Sequence[str]) -> None:
        """Handle a scan: how the keystrokes may be read, best first."""
        command = next(filter(None, (read_command(text, self._tags) for text in texts)), None)
        if command is not None:
            self._command_scanned(command)
            return
        if not texts or self._state.is_blocked or self._inputs.card.is_repeat(texts[0]):
            return
        self._begin_input(keeps_question=False)
        self._desk.hear_typing()
        self._state.is_asking_amount = False
        self._state.is_choosing_reward = False
        self._inputs.card.look_up(texts)
        self._desk.refresh()

    def _command_scanned(self, command: str) -> None:
        """Handle a code of the command sheet: like its key, but a scanner may double."""
        if self._commands.is_repeat(command, self._desk.clock.monotonic_ms()):
            return
        key = key_bindings.COMMANDS.get(command)
        if key is not None:
            self.key_pressed(key)
        elif command == "LINE":
            self.action_pressed(Action.ADD_LINE)
        else:
            self.digit_pressed(command)

    def camera_failed(self, code: Code) -> None:
        """Say that the camera cannot be used; hand scanner and typing go on."""
        if self._state.mode is Mode.CAMERA:
            self._desk.show_sale()
        self._desk.refuse(CardError(code))
        self._desk.refresh()

    # --- how an input is taken

    def _take(self, handle: Callable[[], None], *, keeps_question: bool = False) -> None:
        """Handle an input now, or after the saving that is under way; blocked, not at all."""

        def handle_input() -> None:
            if self._state.is_blocked:
                return
            state = self._state
            self._begin_input(keeps_question=keeps_question)
            was_asking, was_choosing = state.is_asking_amount, state.is_choosing_reward
            switched = state.switched
            handle()
            # A question lives until the next input, whatever that is.
            state.is_asking_amount = state.is_asking_amount and not was_asking
            state.is_choosing_reward = state.is_choosing_reward and not was_choosing
            if state.switched is switched:
                state.switched = None

        self._desk.take_input(handle_input)
        self._desk.refresh()

    def _begin_input(self, *, keeps_question: bool) -> None:
        """Let go of what was said about the input before."""
        state = self._state
        self._inputs.news.input_taken()
        state.message = None
        state.is_enter_waiting = False
        if not keeps_question:
            state.sign_up.known = None
            if state.mode is not Mode.SIGN_UP:
                self._inputs.sign_up.forget_offer()

    def _enter_pressed(self) -> None:
        """Handle Enter and taps on the primary button: never twice, never while saving."""
        if not self._state.is_saving and not self._desk.is_deaf:
            self._complete()
        self._desk.refresh()

    def _complete(self) -> None:
        state = self._state
        if state.look_ups and not state.is_blocked:
            state.is_enter_waiting = True
            return
        if not state.is_blocked:
            self._begin_input(keeps_question=True)
            state.switched = None
            state.is_choosing_reward = False
        self._inputs.complete()

    # --- answers

    def _program_read(self, program: LoyaltyProgram) -> None:
        self._state.program = program
        # Not before: without the program the rewards on a sale from before mean nothing.
        self._inputs.draft.begin()

    def _unusual_amount_read(self, amount: int) -> None:
        self._state.unusual_amount = amount
        self._read()

    def _not_read(self, _: Exception) -> None:
        self._read()

    def _read(self) -> None:
        """Begin anew if something changed while everything was read."""
        self._is_reading = False
        if self._is_stale:
            self.data_changed()

    def _ask_connection(self) -> None:
        """Ask how it stands with the server, one question at a time."""
        if self._is_asking_connection:
            return
        self._is_asking_connection = True
        self._desk.run(self._desk.services.connection, self._connection_read, self._no_connection)

    def _connection_read(self, status: ConnectionStatus) -> None:
        self._is_asking_connection = False
        self._state.chip.update(status, self._desk.clock.now_ms())

    def _no_connection(self, _: Exception) -> None:
        self._is_asking_connection = False
