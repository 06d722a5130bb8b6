"""Give points for something else than a purchase to the member on the sale."""

from typing import Final

from pos_loyalty.domain.earning_rule import Approval
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.ids import EventId
from pos_loyalty.services.record_activity import ActivityDone
from pos_loyalty.ui.presenters import change_strips
from pos_loyalty.ui.presenters.activity_panel import rule_of
from pos_loyalty.ui.presenters.counter_services import ActivityOrder, Sound
from pos_loyalty.ui.presenters.counter_state import ActivityDraft, CounterState, Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.sale_flow import SaleFlow

NAME_CHARACTERS_MAX: Final = 40


class ActivityFlow:
    """Takes a row of the list, and the second name where the program asks for one."""

    def __init__(self, desk: Desk, *, sale: SaleFlow) -> None:
        self._desk = desk
        self._sale = sale

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    def choose(self, activity: str) -> None:
        """Give the points of an activity, or ask who approves."""
        rule = rule_of(self._state, activity)
        if rule is None or self._state.draft.member is None or self._desk.is_deaf:
            return
        self._state.activity = ActivityDraft(
            activity=activity, change_id=EventId(self._desk.new_sale_id())
        )
        if rule.approval is Approval.OWNER:
            self._state.mode = Mode.SECOND_NAME
            self._state.letters_open = True
            self._desk.be_deaf()
        else:
            self._give()

    def approve(self) -> None:
        """Give the points with the second name: the Enter key."""
        if self._state.activity.approved_by.strip():
            self._give()

    def typed(self, sign: str) -> None:
        """Take a sign of the second name."""
        draft = self._state.activity
        draft.approved_by = (draft.approved_by + sign).lstrip()[:NAME_CHARACTERS_MAX]

    def backspace(self) -> None:
        """Take the last sign back."""
        self._state.activity.approved_by = self._state.activity.approved_by[:-1]

    def clear(self) -> None:
        """Empty the second name."""
        self._state.activity.approved_by = ""

    def back(self) -> None:
        """Go back to the list."""
        self._state.letters_open = False
        self._state.mode = Mode.ACTIVITIES

    def _give(self) -> None:
        draft, member = self._state.activity, self._state.draft.member
        if member is None or draft.change_id is None:
            return
        order = ActivityOrder(
            member_id=member.id,
            activity=draft.activity,
            approved_by=draft.approved_by.strip(),
            change_id=draft.change_id,
        )
        # Nothing that was pressed for the points may complete the sale behind them.
        self._desk.be_deaf(until_typed=False)
        self._desk.begin_saving()
        self._desk.run(
            lambda: self._desk.services.record_activity(order),
            lambda done: self._given(done, name=member.name),
            self._not_given,
        )

    def _given(self, done: ActivityDone, *, name: str) -> None:
        self._state.activity = ActivityDraft()
        self._desk.show_sale()
        self._desk.say(change_strips.activity_given(done, name=name))
        self._desk.play(Sound.REWARD)
        self._sale.read_member_again()
        self._desk.end_saving()

    def _not_given(self, error: Exception) -> None:
        if isinstance(error, RuleViolation | CommandRefused):
            self._desk.refuse(error)
        else:
            self._desk.say(change_strips.not_changed("This", self._desk.owner))
        self._desk.end_saving()
