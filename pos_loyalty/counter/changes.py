"""The commands that change what was: refunds, moves, activities, adjustments, granted tiers."""

from collections.abc import Callable

import msgspec

from pos_loyalty.counter.answers import Answer
from pos_loyalty.counter.fields import (
    Command,
    cashier,
    flag,
    optional_amount,
    optional_day,
    optional_id,
    optional_text,
    refund_lines,
    text,
    whole_number,
    words,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.services.adjust_points import AdjustPoints
from pos_loyalty.services.grant_tier import GrantTier
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.record_activity import RecordActivity
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.till import Till


class ChangeCommands:
    """Answers these commands on one open till; ``handlers`` has them by name."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.handlers: dict[str, Callable[[Command], Answer]] = {
            "refund": self._refund,
            "move": self._move,
            "activity": self._activity,
            "adjust": self._adjust,
            "tier": self._tier,
        }

    def _refund(self, command: Command) -> Answer:
        """Refund by sale or by receipt: lines, an amount, or all that is left."""
        currency = self._till.shop.currency
        member = optional_text(command, "member")
        member_id = MemberId(member) if member else None
        refund_id = optional_id(command, "refund_id")
        if receipt := optional_text(command, "receipt"):
            found = self._till.sale_of_receipt(receipt, refund_id=refund_id)
            sale_id, member_id = found.sale_id, member_id or found.member_id
        elif command.get("sale_id") is None:
            raise CommandRefused(Code.REFUND_WHICH)
        else:
            sale_id = SaleId(text(command, "sale_id"))
        done = self._till.refund_sale(
            RefundSale(
                sale_id=sale_id,
                amount=optional_amount(command, "amount", currency),
                lines=refund_lines(command, currency),
                member_id=member_id,
                refund_id=refund_id,
                cashier=cashier(command),
            )
        )
        return _told(done)

    def _move(self, command: Command) -> Answer:
        done = self._till.move_sale(
            MoveSale(
                sale_id=SaleId(text(command, "sale_id")),
                to_member=MemberId(text(command, "member")),
                event_id=optional_id(command, "move_id"),
                approved_by=words(command, "approved_by"),
                cashier=cashier(command),
            )
        )
        return _told(done)

    def _activity(self, command: Command) -> Answer:
        done = self._till.record_activity(
            RecordActivity(
                member_id=MemberId(text(command, "member")),
                activity=text(command, "activity"),
                event_id=optional_id(command, "activity_id"),
                reference=words(command, "reference"),
                approved_by=words(command, "approved_by"),
                cashier=cashier(command),
            )
        )
        return _told(done)

    def _adjust(self, command: Command) -> Answer:
        done = self._till.adjust_points(
            AdjustPoints(
                member_id=MemberId(text(command, "member")),
                points=whole_number(command, "points"),
                reason=words(command, "reason"),
                approved_by=words(command, "approved_by"),
                cashier=cashier(command),
                event_id=optional_id(command, "adjustment_id"),
            )
        )
        return _told(done)

    def _tier(self, command: Command) -> Answer:
        done = self._till.grant_tier(
            GrantTier(
                member_id=MemberId(text(command, "member")),
                tier=text(command, "tier"),
                until=optional_day(command, "until"),
                reason=words(command, "reason"),
                approved_by=words(command, "approved_by"),
                is_bought=flag(command, "bought"),
                cashier=cashier(command),
                event_id=optional_id(command, "grant_id"),
            )
        )
        return _told(done)


def _told(done: msgspec.Struct) -> Answer:
    """Return a result with its fields as they are named there."""
    answer: Answer = msgspec.to_builtins(done)
    return answer
