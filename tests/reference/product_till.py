"""A real till that works alone, by its use cases, and what it says in plain values."""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.event import SaleRecorded, decode_event
from pos_loyalty.domain.ids import EventId, MemberId, SaleId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward import Reward
from pos_loyalty.domain.voucher import VoucherGives, format_voucher, parse_voucher
from pos_loyalty.services.adjust_points import AdjustPoints
from pos_loyalty.services.claim_voucher import ReadVoucher
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.issue_vouchers import IssueVouchers
from pos_loyalty.services.record_activity import RecordActivity
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.reward_offers import rewards_left
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till, open_till
from tests.reference.product import View, stamps_of
from tests.sample_till import MemoryKeys, SeededIds
from tests.unit.services.ruled_till import give_rules

T = TypeVar("T")


class SetClock:
    """Shows what it was set to; the shop's offset is set, too."""

    def __init__(self, now_ms: int, tz_minutes: int) -> None:
        self.time_ms = now_ms
        self.tz = tz_minutes

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.time_ms

    def offset_minutes(self, at_ms: int) -> int:
        del at_ms
        return self.tz


class _Template:
    """A till's folder as it is when it is new; copied, it is opened faster than made."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pos-reference-")
        self.keys = MemoryKeys()
        self.data = Path(self._folder.name) / "till"
        open_till(self.data, clock=SetClock(1, 0), ids=SeededIds(), keys=self.keys).close()


_template = cache(_Template)


class TillAlone:
    """A till in a folder of its own, with a program from the beginning."""

    def __init__(self, program: LoyaltyProgram, *, at_ms: int, tz_minutes: int) -> None:
        self._program = program
        self.clock = SetClock(at_ms, tz_minutes)
        self._folder = tempfile.TemporaryDirectory(prefix="pos-reference-")

    def __enter__(self) -> Self:
        data = Path(self._folder.name) / "till"
        shutil.copytree(_template().data, data)
        self.till: Till = open_till(data, clock=self.clock, ids=SeededIds(2), keys=_template().keys)
        self.program = give_rules(self.till, self._program, self._program.version)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.till.close()
        self._folder.cleanup()

    def enroll(self, birthday: str) -> tuple[MemberId, int]:
        """Return the member and all the points that it begins with."""
        typed = f"1992-{birthday}" if birthday else ""
        done = self.till.enroll_member(EnrollMember(name="Ann Example", birthday=typed))
        assert done.member.balance_points == done.welcome_points + done.activity_points
        return done.member.id, done.member.balance_points

    def issue(self, *, amount: int, points: int, until: dt.date) -> tuple[str, str]:
        """Return id and letters of a new voucher."""
        gives = VoucherGives.AMOUNT if amount else VoucherGives.POINTS
        command = IssueVouchers(count=1, gives=gives, much=amount or points, until=until)
        (made,) = self.till.issue_vouchers(command)
        return made.voucher.id, made.code

    def forged(self, code: str) -> str:
        """Return letters by which a voucher is worth one more than its till signed."""
        signed = parse_voucher(code)
        worth_more = replace(signed.voucher, much=signed.voucher.much + 1)
        return format_voucher(self.till.shop.merchant, worth_more, signed.signature)

    def reads(self, code: str) -> bool:
        """Tell whether the till would take a voucher now."""
        return refusal_is_none(lambda: self.till.read_voucher(ReadVoucher(code))) is not None

    def sell(
        self,
        member: MemberId | None,
        facts: SaleFacts,
        choices: Sequence[tuple[Reward, int | None]],
        code: str,
    ) -> tuple[SaleRecorded, View] | None:
        """Return the event and what the counter shows; None is a refusal."""
        command = RecordSale(
            total=facts.total,
            member_id=member,
            rewards=[RewardChoice(id=reward.id, points=points) for reward, points in choices],
            found_by="card" if member else "",
            lines=tuple(facts.lines),
            payments=tuple(facts.payments),
            tax=facts.tax,
            voucher=code,
        )
        done: SaleDone | None = refusal_is_none(lambda: self.till.record_sale(command))
        if done is None:
            return None
        event = self.event(done.sale_id)
        assert isinstance(event, SaleRecorded)
        return event, {
            "points": done.earned_points,
            "redeemed": done.redeemed_points,
            "discount": done.discount,
            "to pay": done.to_pay,
            "voucher points": done.voucher_points,
            "rewards": list(event.rewards),
            "stamps": stamps_of([(one.card, one.count) for one in event.stamps]),
        }

    def undo(self, sale: EventId) -> View | None:
        done = refusal_is_none(lambda: self.till.undo_sale(UndoSale(SaleId(sale))))
        if done is None:
            return None
        return {
            "earned": done.earned_points_taken,
            "redeemed": done.redeemed_points_returned,
            "voucher points": done.voucher_points_taken,
        }

    def refund(self, sale: EventId, amount: int) -> View | None:
        command = RefundSale(SaleId(sale), amount=amount)
        done = refusal_is_none(lambda: self.till.refund_sale(command))
        if done is None:
            return None
        return {
            "amount": done.amount,
            "cash": done.cash,
            "earned_taken": done.earned_points_taken,
            "redeemed_returned": done.redeemed_points_returned,
            "forgiven": done.forgiven_points,
            "stamps_taken": stamps_of([(one.card, one.count) for one in done.stamps_taken]),
            "left": done.left_amount,
        }

    def activity(self, member: MemberId, activity: str, *, names: tuple[str, str]) -> int:
        """Return the points; 0 is a refusal."""
        command = RecordActivity(member, activity, cashier=names[0], approved_by=names[1])
        done = refusal_is_none(lambda: self.till.record_activity(command))
        return 0 if done is None else done.points

    def adjust(self, member: MemberId, points: int, *, names: tuple[str, str], why: str) -> int:
        """Return the points; 0 is a refusal."""
        command = AdjustPoints(member, points, why, names[1], cashier=names[0])
        done = refusal_is_none(lambda: self.till.adjust_points(command))
        return 0 if done is None else done.points

    def balance(self, member: MemberId) -> int:
        with self.till.context.store.read() as work:
            record = work.members.record(member)
        return 0 if record is None else record.balance_points

    def left(self) -> dict[str, int]:
        """Return how many are left of each reward with a number in all."""
        with self.till.context.store.read() as work:
            return {str(reward): n for reward, n in rewards_left(self.program, work).items()}

    def event(self, event: str) -> object:
        with self.till.context.store.read() as work:
            row = work.connection.execute(
                "SELECT bytes FROM event WHERE id = ?", (event,)
            ).fetchone()
        return decode_event(row[0])


def refusal_is_none(call: Callable[[], T]) -> T | None:
    """Return what a use case answers, or None where it refuses."""
    try:
        return call()
    except LoyaltyError:
        return None
