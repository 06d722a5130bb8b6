"""The counter by keyboard alone over a real till: what it says is what the till's books hold."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Approval,
    EarningRule,
    PerItem,
    ReferralEvent,
    ReferralRule,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.ids import MemberId, RewardId, SaleId
from pos_loyalty.domain.invitation import format_invitation
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.services.look_at_sale import LookAtSale
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.till import Till
from pos_loyalty.ui.presenters.counter_presenter import CounterPresenter
from pos_loyalty.ui.presenters.counter_screen import (
    CounterScreen,
    ListPanel,
    MemberPanel,
    ReceiptPanel,
)
from pos_loyalty.ui.presenters.till_services import TillServices
from tests.sample_till import SampleTill, SteppingClock, enroll
from tests.unit.services.ruled_till import give_rules
from tests.unit.ui.presenters.counter_fakes import (
    FakeClock,
    FakeRunner,
    FakeSounds,
    FakeWindow,
    RecordingView,
)


class RealCounter:
    """A keyboard in front of a real till."""

    def __init__(self, till: Till, clock: SteppingClock) -> None:
        self.till = till
        self._clock = clock
        self._runner = FakeRunner()
        self._view = RecordingView()
        self.presenter = CounterPresenter(
            services=TillServices(till),
            view=self._view,
            window=FakeWindow(FakeClock()),
            runner=self._runner,
            sounds=FakeSounds(),
            clock=clock,
            new_sale_id=lambda: SaleId(till.context.ids.next_id()),
        )
        self.presenter.start()
        self._runner.settle()

    @property
    def screen(self) -> CounterScreen:
        return self._view.screens[-1]

    @property
    def strip(self) -> str:
        return self.screen.strip.text

    @property
    def panel(self) -> ListPanel:
        assert isinstance(self.screen.left, ListPanel)
        return self.screen.left

    def press(self, *keys: str) -> None:
        for key in keys:
            self.pass_time(700)
            if not self.presenter.key_pressed(key):
                self.presenter.text_typed(key)
            self._runner.settle()

    def type(self, text: str) -> None:
        self.press(*text)

    def scan(self, text: str) -> None:
        self.pass_time(3_000)
        self.presenter.card_scanned((text,))
        self._runner.settle()

    def pass_time(self, ms: int) -> None:
        self._clock.time_ms += ms
        self._clock.running_ms += ms

    def tick(self) -> None:
        self.presenter.tick()
        self._runner.settle()

    def find(self, name: str) -> None:
        self.press("F3")
        self.type(name)
        self.press("Enter")

    def balance(self, member: MemberId) -> int:
        return self.till.look_up_member(LookUpMember(id=member, found_by="card")).balance_points


@pytest.fixture
def sample(tmp_path: Path) -> SampleTill:
    return SampleTill(tmp_path / "till")


@pytest.fixture
def till(sample: SampleTill) -> Iterator[Till]:
    with sample.open() as opened:
        yield opened


@pytest.fixture
def counter(till: Till, sample: SampleTill) -> RealCounter:
    return RealCounter(till, sample.clock)


def rules(till: Till) -> LoyaltyProgram:
    """Return the standard program with stamps, activities and invitations."""
    cup = FreeItem(id=RewardId("cup"), name="Free cup", item="Cup", stamp_card="coffee")
    return msgspec.structs.replace(
        till.program(),
        rules=(
            EarningRule(id="coffee", name="Coffee days", give=PerItem(points=3)),
            EarningRule(id="stamp", name="Coffee card", give=Stamps(card="coffee")),
        ),
        stamp_cards=(StampCard(id="coffee", name="Coffee card", stamps=2, item="coffees"),),
        rewards=(*till.program().rewards, cup),
        activities=(
            ActivityRule(id="review", name="Review", points=20),
            ActivityRule(id="event", name="Street party", points=200, approval=Approval.OWNER),
        ),
        referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=10),
    )


def sell(counter: RealCounter, name: str, amount: str = "2100") -> None:
    counter.find(name)
    counter.type(amount)
    counter.press("Enter")
    assert counter.strip.startswith("Saved.")


def test_why_a_sale_will_earn_is_why_it_has_earned(till: Till, counter: RealCounter) -> None:
    enroll(till, "Ann Example")
    counter.find("Ann")
    counter.type("2100")
    counter.press("?")
    before = [(row.title, row.trailing) for row in counter.panel.rows]
    assert before
    assert before[0][0].startswith("€ 21.00 at 1 point for each € 1.00")

    counter.press("Enter", "?")

    assert counter.panel.title == "Ann E. · € 21.00"
    assert [(row.title, row.trailing) for row in counter.panel.rows] == before


def test_large_amounts_are_written_as_everywhere(till: Till, counter: RealCounter) -> None:
    enroll(till, "Ann Example")
    counter.find("Ann")
    counter.type("123400")
    counter.press("?")

    assert counter.panel.rows[0].title.startswith("€ 1,234.00 at 1 point for each € 1.00")


def test_lines_are_plain_in_the_preview_and_in_the_sale(till: Till, sample: SampleTill) -> None:
    give_rules(till, rules(till))
    enroll(till, "Ann Example")
    counter = RealCounter(till, sample.clock)
    counter.find("Ann")
    counter.type("500")
    counter.press("+")
    counter.type("700")
    assert counter.screen.primary.label == "Complete · +18 points", "3 for each of 2 items"

    counter.press("Enter")

    assert counter.strip == "Saved. +18 points for Ann."


def test_goods_come_back_in_two_parts_and_points_end_where_they_began(
    till: Till, counter: RealCounter
) -> None:
    ann = enroll(till, "Ann Example")
    before = counter.balance(ann)
    sell(counter, "Ann")
    counter.press("F10", "1", "Enter")
    counter.type("500")
    counter.press("-", "Enter")
    assert counter.strip.startswith("Give back € 5.00. ")
    assert counter.screen.amount.text == "€ 16.00"
    assert "Refund of € 5.00" in counter.panel.rows[-1].title

    counter.press("-", "Enter")

    assert counter.strip.startswith("Give back € 16.00. ")
    assert counter.balance(ann) == before
    assert counter.strip.endswith(f"Ann has {before}.")
    counter.press("Esc")
    assert "€ 21.00 came back" in counter.panel.rows[0].detail


def test_a_sale_goes_to_the_right_member_and_is_listed_as_hers(
    till: Till, counter: RealCounter
) -> None:
    ann, bob = enroll(till, "Ann Example"), enroll(till, "Bob Builder")
    before = counter.balance(ann), counter.balance(bob)
    sell(counter, "Bob")
    counter.press("F10", "1", "Enter")
    counter.find("Ann")

    assert counter.strip.startswith("Moved. +")
    assert counter.panel.title == "Ann E. · € 21.00"
    assert counter.balance(bob) == before[1]
    assert counter.balance(ann) > before[0]
    counter.press("Esc")
    assert counter.panel.rows[0].title == "Ann E. · € 21.00"


def test_a_forgotten_card_is_added_the_same_day_and_not_the_next(
    till: Till, counter: RealCounter
) -> None:
    ann = enroll(till, "Ann Example")
    for _ in range(2):
        counter.type("2100")
        counter.press("F6")
    counter.press("F10", "1", "Enter")
    assert [row.title for row in counter.panel.rows] == []
    counter.find("Ann")
    assert counter.strip.startswith("Card added. +")
    added = counter.balance(ann)

    counter.pass_time(86_400_000)
    counter.press("Esc", "Down", "Enter")
    counter.find("Ann")

    assert counter.strip == "A card can be added on the day of the sale only."
    assert counter.balance(ann) == added


def test_a_refunded_sale_is_not_undone(till: Till, counter: RealCounter) -> None:
    enroll(till, "Ann Example")
    sell(counter, "Ann")
    counter.press("F10", "1", "Enter")
    counter.type("500")
    counter.press("-", "Enter", "F8")

    assert counter.strip == "This sale was refunded or moved since. Refund what is left of it."


def test_activities_are_given_and_approved(till: Till, sample: SampleTill) -> None:
    give_rules(till, rules(till))
    ann = enroll(till, "Ann Example")
    counter = RealCounter(till, sample.clock)
    before = counter.balance(ann)
    counter.find("Ann")
    counter.press("F10", "2", "Enter")
    assert counter.strip.startswith("Review: +20 points for Ann.")
    counter.press("F10", "2", "Down", "Enter")
    counter.type("Sam")
    counter.press("Enter")

    assert counter.strip.startswith("Street party: +200 points for Ann.")
    assert counter.balance(ann) == before + 220


def test_stamps_fill_their_bar_and_buy_their_reward(till: Till, sample: SampleTill) -> None:
    give_rules(till, rules(till))
    enroll(till, "Ann Example")
    counter = RealCounter(till, sample.clock)
    counter.find("Ann")
    panel = counter.screen.left
    assert isinstance(panel, MemberPanel)
    assert panel.stamps[0].text == "0 of 2 · coffees"
    counter.type("500")
    panel = counter.screen.left
    assert isinstance(panel, MemberPanel)
    assert panel.stamps[0].text == "0 of 2 +1 · coffees"
    counter.press("Enter")
    sell(counter, "Ann", "500")
    counter.find("Ann")
    panel = counter.screen.left
    assert isinstance(panel, MemberPanel)
    assert panel.stamps[0].text == "2 of 2 · coffees"
    assert [each.detail for each in panel.rewards if each.name == "Free cup"] == ["2 stamps"]


def test_new_rules_are_said_when_they_come_into_force(till: Till, sample: SampleTill) -> None:
    counter = RealCounter(till, sample.clock)
    give_rules(till, rules(till))
    counter.pass_time(10_000)
    counter.tick()
    assert counter.strip.startswith("New rules since ")
    assert counter.strip.endswith("earning, rewards, stamp cards, and more.")

    counter.press("1", "Esc")
    counter.pass_time(10_000)
    counter.tick()

    assert counter.strip == "Ready. Scan a member card, or type an amount."


def test_an_invitation_goes_into_the_enrollment_and_is_on_the_receipt(
    till: Till, sample: SampleTill
) -> None:
    give_rules(till, rules(till))
    ann = enroll(till, "Ann Example")
    counter = RealCounter(till, sample.clock)
    invitation = format_invitation(till.shop.merchant, ann)
    counter.scan(invitation)
    assert counter.strip.startswith("Invited by a member.")
    counter.type("015123456789")
    counter.press("Enter")
    assert "starts with" in counter.strip
    with till.context.store.read() as work:
        (stored,) = work.journal.newest("enrollment", 1)
    assert msgspec.json.decode(stored.data)["invited_by"] == ann

    counter.type("500")
    counter.press("Enter", "F7")

    panel = counter.screen.left
    assert isinstance(panel, ReceiptPanel)
    assert len(panel.invitation) == 29


def test_a_sale_is_looked_at_with_what_became_of_it(till: Till, counter: RealCounter) -> None:
    enroll(till, "Ann Example")
    sell(counter, "Ann")
    with till.context.store.read() as work:
        sale_id = SaleId(work.journal.newest("sale", 1)[0].id)
    counter.press("F8")

    looked = till.look_at_sale(LookAtSale(sale_id))

    assert looked.is_undone
    assert looked.later == ()
    assert looked.member_name == "Ann Example"
