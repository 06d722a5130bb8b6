"""The weeks before today: members enroll, buy, use points, and one or the other sale is undone.

Everything goes through the till's own use cases with its clock set to that moment, so
the history is as real as a day at the counter: the same events, the same rules.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pos_loyalty.cards.batch import IssuedCard
from pos_loyalty.demo.sample_people import SamplePerson
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till

DAYS: Final = 70
_MS_PER_MINUTE: Final = 60_000
_MS_PER_DAY: Final = 24 * 60 * _MS_PER_MINUTE
_OPENING_MINUTE: Final = 7 * 60 + 30
_CLOSING_MINUTE: Final = 18 * 60
_SEED: Final = 20_240_229

_HABITS: Final = (
    # share of members, visits in the ten weeks, amount of a visit in minor units
    (0.15, (12, 22), (250, 1_900)),
    (0.50, (3, 8), (300, 2_400)),
    (0.25, (1, 2), (250, 3_200)),
    (0.10, (5, 20), (4_500, 12_000)),
)
"""Regulars, the many, passers-by, and a few who order for their office."""
_USES_POINTS: Final = 0.25
_IS_UNDONE: Final = 0.01
_AMOUNT_STEP: Final = 10


class WalkingClock:
    """A clock that stands at a chosen moment; what waits is measured by the real one."""

    def __init__(self, real: Clock) -> None:
        self._real = real
        self.at_ms = real.now_ms()

    def now_ms(self) -> int:
        """Return the chosen moment."""
        return self.at_ms

    def monotonic_ms(self) -> int:
        """Return the real clock's count."""
        return self._real.monotonic_ms()

    def offset_minutes(self, at_ms: int) -> int:
        """Return the real offset from UTC at that moment."""
        return self._real.offset_minutes(at_ms)


@dataclass(frozen=True, order=True)
class _Visit:
    at_ms: int
    person: int
    total: int
    is_first: bool


def play_history(
    till: Till, clock: WalkingClock, people: Sequence[SamplePerson], cards: Sequence[IssuedCard]
) -> tuple[MemberId, ...]:
    """Play the weeks up to yesterday evening; return the members in the order of ``people``.

    Args:
        till: an open till that runs on ``clock``.
        clock: is moved along; stands at the last visit afterwards.
        people: who comes.
        cards: a card for each of them.
    """
    dice = random.Random(_SEED)  # noqa: S311 - the same sample shop for everybody
    members: dict[int, MemberId] = {}
    for visit in _visits(dice, len(people), today_ms=_midnight_ms(clock)):
        clock.at_ms = visit.at_ms
        if visit.is_first:
            card_key = CardKey(cards[visit.person].card_key)
            members[visit.person] = _enroll(till, people[visit.person], card_key)
        _buy(till, dice, members[visit.person], visit.total)
    return tuple(members[number] for number in range(len(people)))


def _midnight_ms(clock: Clock) -> int:
    now_ms = clock.now_ms()
    offset_ms = clock.offset_minutes(now_ms) * _MS_PER_MINUTE
    return (now_ms + offset_ms) // _MS_PER_DAY * _MS_PER_DAY - offset_ms


def _visits(dice: random.Random, people: int, *, today_ms: int) -> list[_Visit]:
    """Plan all visits in the order of time; the first of each person is the enrollment."""
    visits: list[_Visit] = []
    for person in range(people):
        _, count, amount = dice.choices(_HABITS, [habit[0] for habit in _HABITS])[0]
        moments = sorted(
            today_ms
            - dice.randint(1, DAYS) * _MS_PER_DAY
            + dice.randint(_OPENING_MINUTE, _CLOSING_MINUTE) * _MS_PER_MINUTE
            + person
            for _ in range(dice.randint(*count))
        )
        for number, at_ms in enumerate(moments):
            total = dice.randrange(*amount, _AMOUNT_STEP)
            visits.append(_Visit(at_ms, person, total, number == 0))
    return sorted(visits, key=lambda visit: (visit.at_ms, visit.person, not visit.is_first))


def _enroll(till: Till, person: SamplePerson, card_key: CardKey) -> MemberId:
    welcomed = till.enroll_member(
        EnrollMember(card_key=card_key, name=person.name, phone=person.phone)
    )
    return welcomed.member.id


def _buy(till: Till, dice: random.Random, member: MemberId, total: int) -> None:
    rewards: tuple[RewardChoice, ...] = ()
    if dice.random() < _USES_POINTS:
        view = till.look_up_member(LookUpMember(id=member, found_by="card"))
        # Money for points needs a part that fits the sale; whole rewards are enough of a sample.
        ready = [reward for reward in view.rewards if reward.available and reward.kind != _PARTS]
        rewards = tuple(RewardChoice(reward.id) for reward in ready[-1:])
    done = till.record_sale(
        RecordSale(total=total, member_id=member, rewards=rewards, found_by="card")
    )
    if dice.random() < _IS_UNDONE:
        till.undo_sale(UndoSale(done.sale_id))


_PARTS: Final = "points_for_money"
