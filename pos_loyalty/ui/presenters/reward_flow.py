"""Choose rewards, take them off again, and say how many points a part-payment uses."""

from typing import Final

from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.reward import PointsForMoney
from pos_loyalty.services.member_view import RewardOffer
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.amount_entry import ascii_key
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.reward_choices import (
    has_empty_part,
    item_chosen,
    offer_at,
    points_taken,
)
from pos_loyalty.ui.presenters.sale_flow import SaleFlow

_PART_DIGITS_MAX: Final = 7


class RewardFlow:
    """Handles reward keys and buttons, and the keypad while a part is typed."""

    def __init__(self, desk: Desk, *, sale: SaleFlow) -> None:
        self._desk = desk
        self._sale = sale

    @property
    def _state(self) -> CounterState:
        return self._desk.state

    def pressed(self) -> None:
        """Let the next digit choose a reward; with a part-payment chosen, ask for its part."""
        state = self._state
        if state.mode is not Mode.SALE or state.done is not None or state.draft.member is None:
            return
        divisible = self._chosen_divisible()
        if divisible is not None:
            self._open_part(divisible)
        else:
            state.is_choosing_reward = not state.is_choosing_reward

    def toggle(self, position: int) -> None:
        """Put the reward with this key on the sale, or take it off."""
        state, draft = self._state, self._state.draft
        state.is_choosing_reward = False
        if state.mode is not Mode.SALE or state.done is not None or draft.member is None:
            return
        offer = offer_at(draft.member, position)
        if offer is None:
            self._desk.say(strips.no_reward("There is no reward with this number."))
        elif offer.id in draft.rewards:
            self._next_item_or_off(offer)
            self._sale.requote()
        elif not offer.available:
            self._desk.say(strips.no_reward(offer.why_not_text))
        else:
            self._choose(offer)

    def _next_item_or_off(self, offer: RewardOffer) -> None:
        """Go on to the next of several things; after the last one the reward is off the sale."""
        draft = self._state.draft
        item = item_chosen(draft, offer.id)
        later = offer.choices[offer.choices.index(item) + 1 :] if item in offer.choices else ()
        if later:
            draft.items[offer.id] = later[0]
        else:
            del draft.rewards[offer.id]

    def _choose(self, offer: RewardOffer) -> None:
        draft = self._state.draft
        draft.items.pop(offer.id, None)
        draft.rewards[offer.id] = None
        if draft.total and has_empty_part(draft, self._state.program):
            del draft.rewards[offer.id]
            self._desk.say(strips.no_reward(strips.too_small(offer.name)))
            return
        self._sale.requote()

    # --- a part of a points-for-money reward

    def part_key(self, key: str) -> None:
        """Take a digit of the number of points."""
        digits = ascii_key(key)
        if digits.isdigit():
            text = (self._state.part_text + digits).lstrip("0")
            self._state.part_text = text[:_PART_DIGITS_MAX]

    def part_backspace(self) -> None:
        """Take the last digit back."""
        self._state.part_text = self._state.part_text[:-1]

    def part_clear(self) -> None:
        """Empty the number of points."""
        self._state.part_text = ""

    def part_chosen(self, points: str) -> None:
        """Take one of the parts on offer."""
        self._state.part_text = points
        self.part_taken()

    def part_taken(self) -> None:
        """Use as many points as typed: the Enter key."""
        state = self._state
        reward, typed = state.part_reward, state.part_text
        if reward is None or not typed:
            return
        self._desk.show_sale()
        self._desk.be_deaf()
        state.draft.rewards[reward] = int(typed)
        self._sale.requote()

    def _open_part(self, reward: RewardId) -> None:
        state = self._state
        points = points_taken(state.draft, state.program, reward)
        state.mode = Mode.REWARD_PART
        state.part_reward = reward
        state.part_text = str(points) if points else ""
        state.selected = 0

    def _chosen_divisible(self) -> RewardId | None:
        program = self._state.program
        for reward_id in self._state.draft.rewards:
            reward = program.reward(reward_id) if program else None
            if isinstance(reward, PointsForMoney):
                return reward_id
        return None
