"""What a till may redeem without asking, and the counters that keep the promise.

For a member and a stream four counters only grow: ``granted`` (by the server),
``earned`` (self-granted by purchases at this till), ``used`` and ``returned``.
The till's right is ``granted + lent + earned - used - returned``, where ``lent``
counts what other streams of the shop gave it. The till never redeems
above its right, unless its owner gave it an allowance, so whatever is lost, doubled
or delayed on the line, a member cannot spend more than was earned. The server's
side: the pool is the balance less all outstanding rights, and only the pool is
granted. A refund takes what right there is and leaves the rest uncovered.
"""

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    Event,
    PointsAdjusted,
    RightsReturned,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
)
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.rounding import whole_steps


class Rights(msgspec.Struct, frozen=True):
    """The counters of one member in one stream, in points; each only grows.

    ``lent`` came from another stream of the shop, through its hub.
    """

    granted: int = 0
    earned: int = 0
    used: int = 0
    returned: int = 0
    lent: int = 0

    @property
    def spendable(self) -> int:
        """What may be redeemed here now without asking."""
        return self.granted + self.lent + self.earned - self.used - self.returned

    def source_of(self, points: int) -> str:
        """Return :data:`LENT_RIGHTS` where using so many points takes what was lent."""
        takes_lent = points > 0 and points > self.spendable - self.lent
        return LENT_RIGHTS if self.lent and takes_lent else ""

    def plus(self, effect: "RightsEffect") -> "Rights":
        """Return the counters after an event."""
        return Rights(
            granted=self.granted,
            earned=self.earned + effect.earned,
            used=self.used + effect.used,
            returned=self.returned + effect.returned,
            lent=self.lent,
        )


class RightsEffect(msgspec.Struct, frozen=True):
    """What an event adds to a member's counters in the stream that holds it."""

    member: MemberId
    earned: int = 0
    used: int = 0
    returned: int = 0


ALLOWANCE_DAYS = 7
"""So many days without contact leave nothing of the allowance."""


def narrowed_allowance(left_points: int, *, silent_days: int) -> int:
    """Return what of the allowance may be used after days without contact.

    Each whole day takes a seventh, so that a till that nobody sees any more soon risks
    nothing. It only narrows; rights are never narrowed so.
    """
    days = min(max(0, silent_days), ALLOWANCE_DAYS)
    return whole_steps(max(0, left_points) * (ALLOWANCE_DAYS - days), ALLOWANCE_DAYS)


class Cover(msgspec.Struct, frozen=True):
    """How a redemption is paid: from rights, and from the allowance."""

    rights_used: int
    risk_used: int


def cover_redemption(
    *,
    points: int,
    rights: Rights,
    allowance: int,
    balance: int,
    alone: bool,
    reward: str = "",
    by_rights_alone: int = 0,
    without_limit: int = 0,
) -> Cover:
    """Decide how a redemption is covered, or refuse it.

    A till that works alone is the only place where points can be spent, so its own
    balance covers what its rights do not. Rights go first to what only they may pay, then
    to what the allowance may help with, and last to what the owner gives without asking.

    Args:
        points: the whole redemption.
        rights: the member's counters in this stream.
        allowance: what is left of the owner's allowance here.
        balance: points that the account shows and that can be used.
        alone: whether the till works without a server.
        reward: its name, for the sentence.
        by_rights_alone: how many of the points the allowance may not pay.
        without_limit: how many of them need nothing but the balance.

    Raises:
        RuleViolation: the balance is short, or the points are not safe to use here.
    """
    assert points >= 0
    assert by_rights_alone + without_limit <= points
    if points > max(0, balance):
        raise RuleViolation(
            Code.POINTS_SHORT, short_points=points - balance, balance_points=balance, reward=reward
        )
    held = max(0, rights.spendable)
    limited = points - without_limit
    missing = max(0, limited - held)
    is_safe = by_rights_alone <= held and missing <= allowance
    if not alone and missing and not is_safe:
        only_rights = by_rights_alone > held or by_rights_alone == limited
        raise RuleViolation(
            Code.RIGHTS_SHORT,
            spendable_points=held if only_rights else held + max(0, allowance),
            balance_points=balance,
            cost_points=limited,
            reward=reward,
        )
    rights_used = min(points, held)
    return Cover(rights_used=rights_used, risk_used=points - rights_used)


def cover_taking_back(*, points: int, rights: Rights) -> int:
    """Return how much of a forced debit is covered by rights; the rest is uncovered."""
    return min(points, max(0, rights.spendable))


def effects_of(event: Event) -> tuple[RightsEffect, ...]:
    """Return what an event does to the counters of its stream; till and server agree."""
    match event:
        case SaleRecorded(member=member) if member is not None:
            earned = 0 if event.pending_until_ms else event.earned
            return (RightsEffect(member, earned=earned, used=event.rights_used),)
        case SaleReversed(member=member) | SaleRefunded(member=member) if member is not None:
            return (RightsEffect(member, earned=event.rights_returned, used=event.rights_used),)
        case RightsReturned():
            return (RightsEffect(event.member, returned=event.points),)
        case PointsAdjusted():
            return (RightsEffect(event.member, used=event.rights_used),)
        case SaleMoved(from_member=member) if member is not None:
            return (RightsEffect(member, used=event.rights_used),)
        case _:
            return ()
