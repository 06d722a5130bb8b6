"""What each input means in each mode of the counter: which flow gets it."""

import unicodedata
from collections.abc import Callable

from pos_loyalty.ui.presenters.activity_flow import ActivityFlow
from pos_loyalty.ui.presenters.amount_entry import ascii_key
from pos_loyalty.ui.presenters.attention_flow import AttentionFlow
from pos_loyalty.ui.presenters.card_flow import CardFlow
from pos_loyalty.ui.presenters.counter_screen import Action
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.draft_flow import DraftFlow
from pos_loyalty.ui.presenters.find_flow import FindFlow
from pos_loyalty.ui.presenters.news_flow import NewsFlow
from pos_loyalty.ui.presenters.page_flow import PageFlow
from pos_loyalty.ui.presenters.panel_flow import PanelFlow
from pos_loyalty.ui.presenters.receipt_flow import ReceiptFlow
from pos_loyalty.ui.presenters.reward_flow import RewardFlow
from pos_loyalty.ui.presenters.sale_flow import SaleFlow
from pos_loyalty.ui.presenters.sign_up_flow import SignUpFlow
from pos_loyalty.ui.presenters.undo_flow import UndoFlow


class ModeInputs:
    """The flows of one counter, and the way of every input to one of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.sale = SaleFlow(desk)
        self.sign_up = SignUpFlow(desk, sale=self.sale)
        self.card = CardFlow(desk, sale=self.sale, sign_up=self.sign_up)
        self.find = FindFlow(desk, sale=self.sale, look_up=self.card.look_up)
        self.rewards = RewardFlow(desk, sale=self.sale)
        self.undo = UndoFlow(desk, sale=self.sale)
        self.receipt = ReceiptFlow(desk)
        self.attention = AttentionFlow(desk)
        self.page = PageFlow(desk, sale=self.sale, find=self.find)
        self.activities = ActivityFlow(desk, sale=self.sale)
        self.panels = PanelFlow(
            desk, attention=self.attention, page=self.page, activities=self.activities
        )
        self.news = NewsFlow(desk)
        self.draft = DraftFlow(desk, sale=self.sale)

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    @property
    def _is_text_wanted(self) -> bool:
        return self._state.mode in {Mode.FIND, Mode.SIGN_UP, Mode.SECOND_NAME}

    def complete(self) -> None:
        """Do what the primary button says."""
        handlers = {
            Mode.SALE: self.sale.complete,
            Mode.SIGN_UP: self._start_collecting,
            Mode.FIND: self.find.take,
            Mode.REWARD_PART: self.rewards.part_taken,
            Mode.MENU: self.panels.enter,
            Mode.ATTENTION: self.panels.enter,
            Mode.ATTENTION_ITEM: self.panels.enter,
            Mode.LAST_SALES: self.panels.enter,
            Mode.ACTIVITIES: self.panels.enter,
            Mode.SECOND_NAME: self.activities.approve,
            Mode.SALE_PAGE: self.page.goods.take_back,
            Mode.WHY: self._complete_from_why,
        }
        handler = handlers.get(self._state.mode)
        if handler is not None:
            handler()

    def digit(self, key: str) -> None:
        """Take a digit, ``00`` or the point."""
        state = self._state
        sign = ascii_key(key)
        self._desk.hear_typing()
        if state.mode is Mode.SALE and state.is_choosing_reward and len(sign) == 1:
            self.rewards.toggle(int(sign) if sign.isdigit() else 0)
        elif state.mode is Mode.SIGN_UP:
            self.sign_up.phone_key(key)
        elif state.mode is Mode.FIND:
            self.find.typed(sign)
        elif state.mode is Mode.REWARD_PART:
            self.rewards.part_key(key)
        elif state.mode is Mode.MENU and sign.isdigit():
            self.panels.enter_row(int(sign) - 1)
        elif state.mode is Mode.SALE_PAGE:
            self.page.goods.amount_key(key)
        elif state.mode is Mode.SECOND_NAME:
            self.activities.typed(sign)
        else:
            self._desk.show_sale()
            self.sale.amount_key(key)

    def letter(self, letter: str) -> None:
        """Take a letter: of a name, or of what is searched for."""
        if self._state.mode is Mode.SIGN_UP:
            self.sign_up.letter(letter)
        elif self._state.mode is Mode.FIND:
            self.find.typed(letter)
        elif self._state.mode is Mode.SECOND_NAME:
            self.activities.typed(letter)
        elif letter.strip() and not unicodedata.category(letter[0]).startswith("C"):
            self.find.open(letter)

    def row(self, key: str) -> None:
        """Take a row of the open list."""
        if self._state.mode is Mode.FIND:
            self.find.choose(key)
        elif self.page.goods.has_lines_open:
            if key.isdecimal():
                self.page.goods.toggle(int(key))
        elif self._state.mode is Mode.REWARD_PART and key.isdecimal():
            self.rewards.part_chosen(key)
        else:
            self.panels.row_pressed(key)

    def position(self, position: int) -> None:
        """Take the key of a reward, or of a line of a past sale; positions count from 1."""
        if self.page.goods.has_lines_open:
            self.page.goods.toggle(position - 1)
        else:
            self.rewards.toggle(position)

    def move(self, rows: int) -> None:
        """Move the selection of the open list down, or up with a negative number."""
        if self._state.mode is Mode.FIND:
            self.find.move(rows)
        elif self.page.goods.has_lines_open:
            self.page.goods.move(rows)
        else:
            self.panels.move(rows)
            if self._state.mode is Mode.REWARD_PART:
                self._state.part_text = self.panels.selected_key()

    def search(self, text: str) -> None:
        """Take the search field's text as it stands."""
        if self._state.mode is not Mode.FIND:
            self.find.open()
        self.find.edited(text)

    def name(self, text: str) -> None:
        """Take the name field's text as it stands."""
        if self._state.mode is Mode.SIGN_UP:
            self.sign_up.name_edited(text)

    def _backspace(self) -> None:
        handlers = {
            Mode.SIGN_UP: self.sign_up.backspace,
            Mode.FIND: self.find.backspace,
            Mode.REWARD_PART: self.rewards.part_backspace,
            Mode.SALE_PAGE: self.page.goods.backspace,
            Mode.SECOND_NAME: self.activities.backspace,
        }
        handlers.get(self._state.mode, self.sale.backspace)()

    def _clear(self) -> None:
        handlers = {
            Mode.SIGN_UP: self.sign_up.clear,
            Mode.FIND: lambda: self.find.edited(""),
            Mode.REWARD_PART: self.rewards.part_clear,
            Mode.SALE_PAGE: self.page.goods.clear,
            Mode.SECOND_NAME: self.activities.clear,
        }
        handlers.get(self._state.mode, self.sale.clear)()

    def _cancel(self) -> None:
        """Take one step back: the Esc key."""
        state = self._state
        handlers = {
            Mode.SIGN_UP: self.sign_up.cancel,
            Mode.ATTENTION_ITEM: self.attention.back,
            Mode.SECOND_NAME: self.activities.back,
            Mode.SALE_PAGE: self.page.back,
        }
        if state.letters_open and state.mode is not Mode.SECOND_NAME:
            state.letters_open = False
        elif state.mode in handlers:
            handlers[state.mode]()
        elif state.mode is Mode.FIND and state.find.is_for_page:
            self.page.leave_find()
        elif state.mode is not Mode.SALE:
            self._desk.show_sale()
        elif state.is_choosing_reward:
            state.is_choosing_reward = False
        else:
            self.sale.step_back()

    def _new_member(self) -> None:
        """Begin a sign-up; what was searched for is its phone number or name."""
        state = self._state
        if state.mode is Mode.SIGN_UP and state.sign_up.known is not None:
            self._different_person()
            return
        if state.mode is Mode.SIGN_UP:
            return
        text = state.find.text.strip() if state.mode is Mode.FIND else ""
        if any(sign.isalpha() for sign in text):
            self.sign_up.begin(name=text)
        else:
            self.sign_up.begin(phone=text)

    def _different_person(self) -> None:
        if self._state.sign_up.known is not None:
            self._state.sign_up.known = None
            self.sign_up.start(different_person=True)

    def _consent(self) -> None:
        if self._state.mode is Mode.SIGN_UP:
            self.sign_up.toggle_consent()

    def _add_line(self) -> None:
        if self._state.mode is Mode.SIGN_UP:
            self.sign_up.phone_key("+")
        elif self._state.mode is Mode.FIND:
            self.find.typed("+")
        elif self._state.mode is Mode.SALE:
            self.sale.add_line()

    def _no_card(self) -> None:
        if self._state.mode is Mode.SALE:
            self.sale.without_card()

    def _find_pressed(self) -> None:
        if self._state.mode is Mode.SALE_PAGE:
            self.page.find_other()
        elif self._state.mode is not Mode.FIND:
            self.find.open()

    def _undo(self) -> None:
        self.undo.undo()
        if self._state.mode is Mode.SALE_PAGE:
            self.page.read()

    def _complete_from_why(self) -> None:
        """Complete the sale that was explained."""
        self._desk.show_sale()
        self.sale.complete()

    def _letters(self) -> None:
        if self._state.mode is Mode.SECOND_NAME:
            # There the letters are all there is.
            self.activities.back()
            return
        if not self._is_text_wanted:
            self.find.open()
        self._state.letters_open = not self._state.letters_open

    def actions(self) -> dict[str, Callable[[], None]]:
        """Return what each action does."""
        return {
            Action.COMPLETE: self.complete,
            Action.CANCEL: self._cancel,
            Action.CLOSE_PANEL: self._cancel,
            Action.NEW_MEMBER: self._new_member,
            Action.FIND: self._find_pressed,
            Action.REWARDS: self.rewards.pressed,
            Action.NO_CARD: self._no_card,
            Action.RECEIPT: self.receipt.pressed,
            Action.UNDO: self._undo,
            Action.WHY: self.page.why,
            Action.GOODS_BACK: self.page.goods.ask,
            Action.MENU: lambda: self.panels.toggle(Mode.MENU),
            Action.CONNECTION: lambda: self.panels.toggle(Mode.CONNECTION),
            Action.LAST_SALES: lambda: self.panels.toggle(Mode.LAST_SALES),
            Action.HELP: lambda: self.panels.toggle(Mode.HELP),
            Action.LETTERS: self._letters,
            Action.CONSENT: self._consent,
            Action.ADD_LINE: self._add_line,
            Action.BACKSPACE: self._backspace,
            Action.CLEAR: self._clear,
            Action.USE_KNOWN: self.sign_up.use_known,
            Action.DIFFERENT_PERSON: self._different_person,
            Action.CAMERA: self.panels.open_camera,
            Action.THEME: self.panels.next_theme,
            Action.SWITCH_BACK: self.sale.switch_back,
        }

    def _start_collecting(self) -> None:
        if self._state.sign_up.known is not None:
            self.sign_up.use_known()
        else:
            self.sign_up.start()
