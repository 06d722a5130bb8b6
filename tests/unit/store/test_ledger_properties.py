"""Whatever a cashier does, in whatever order: the books balance."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId, SaleId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.verification import verify
from pos_loyalty.till import Till
from tests.sample_till import SampleTill

_REWARDS = ("pay-with-points", "ten-percent", "three-off", "free-pastry", "free-brunch")
_ENROLL = st.just(("enroll",))
_SALE = st.tuples(
    st.just("sale"),
    st.integers(0, 5),
    st.integers(1, 90_000),
    st.lists(st.sampled_from(_REWARDS), max_size=2),
)
_UNDO = st.tuples(st.just("undo"), st.integers(0, 30))
_WAIT = st.tuples(st.just("wait"), st.integers(1, 400_000))
_AGAIN = st.tuples(st.just("again"), st.integers(0, 30))
_DEEDS = st.lists(st.one_of(_ENROLL, _SALE, _SALE, _UNDO, _WAIT, _AGAIN), max_size=25)


class Cashier:
    """Does deeds, and keeps own books of what the till answered."""

    def __init__(self, sample: SampleTill, till: Till) -> None:
        self._sample = sample
        self._till = till
        self.members: list[MemberId] = []
        self.sales: list[RecordSale] = []
        self.balances: dict[MemberId, int] = defaultdict(int)
        self._undone: set[SaleId] = set()

    def do(self, deed: tuple[object, ...]) -> None:
        """Do one deed; a refusal is an answer as good as any."""
        name, *words = deed
        with suppress(RuleViolation):
            getattr(self, f"_{name}")(*words)

    def _enroll(self) -> None:
        name = f"Member {len(self.members)}"
        welcomed = self._till.enroll_member(EnrollMember(name=name))
        member = MemberId(welcomed.member.id)
        self.members.append(member)
        self.balances[member] += welcomed.welcome_points

    def _sale(self, who: int, total: int, rewards: list[str]) -> None:
        member = self.members[who] if who < len(self.members) else None
        command = RecordSale(
            total=total,
            member_id=member,
            rewards=tuple(RewardChoice(RewardId(reward)) for reward in rewards),
            sale_id=SaleId(self._sample.ids.next_id()),
            found_by="card",
        )
        done = self._till.record_sale(command)
        self.sales.append(command)
        if member is not None:
            self.balances[member] += done.earned_points - done.redeemed_points
            assert done.balance_points == self.balances[member]

    def _again(self, which: int) -> None:
        if self.sales:
            command = self.sales[which % len(self.sales)]
            assert self._till.record_sale(command).already

    def _undo(self, which: int) -> None:
        if not self.sales:
            return
        command = self.sales[which % len(self.sales)]
        assert command.sale_id is not None
        undone = self._till.undo_sale(UndoSale(command.sale_id))
        assert undone.already == (command.sale_id in self._undone)
        self._undone.add(command.sale_id)
        if command.member_id is not None and not undone.already:
            back = undone.redeemed_points_returned - undone.earned_points_taken
            self.balances[command.member_id] += back
            assert undone.balance_points == self.balances[command.member_id]

    def _wait(self, ms: int) -> None:
        self._sample.clock.time_ms += ms
        self._sample.clock.running_ms += ms


@settings(max_examples=40)
@given(deeds=_DEEDS)
def test_any_sequence_of_deeds_keeps_the_books(
    deeds: list[tuple[object, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    sample = SampleTill(tmp_path_factory.mktemp("till"))
    with sample.open() as till:
        cashier = Cashier(sample, till)
        cashier.do(("enroll",))
        for deed in deeds:
            cashier.do(deed)

        with till.context.store.read() as work:
            for member in cashier.members:
                record = work.members.record(member)
                entries = work.journal.entries(member, 10_000)
                assert record is not None
                assert record.balance_points == sum(entry.points for entry in entries)
                assert record.balance_points == cashier.balances[member]
                assert work.journal.rights(member).spendable >= 0
            assert verify(work.connection).finding is None


@given(total=st.integers(1, 500_000), spent=st.sampled_from((None, *_REWARDS)))
@settings(max_examples=30)
def test_a_sale_and_its_reversal_change_nothing(
    total: int, spent: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sample = SampleTill(tmp_path_factory.mktemp("till"))
    with sample.open() as till:
        cashier = Cashier(sample, till)
        cashier.do(("enroll",))
        cashier.do(("sale", 0, 200_000, []))
        before = dict(cashier.balances)
        cashier.do(("sale", 0, total, [spent] if spent else []))
        cashier.do(("undo", len(cashier.sales) - 1))

        if len(cashier.sales) > 1:
            assert cashier.balances == before
    assert sample.finding() is None


def test_a_long_day_verifies(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    with sample.open() as till:
        cashier = Cashier(sample, till)
        for number in range(300):
            cashier.do(("enroll",) if number % 40 == 0 else ("sale", number % 8, 997 * number, []))
            if number % 7 == 0:
                cashier.do(("undo", len(cashier.sales) - 1))

    assert sample.finding() is None
