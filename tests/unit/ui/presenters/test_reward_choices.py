"""Rewards on a sale cost what the member's list says, not what the program says of everybody."""

from dataclasses import replace

import msgspec

from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.money import currency_of
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Access, FreeItem, PointsForMoney, Reward
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.ui.presenters.amount_entry import AmountEntry
from pos_loyalty.ui.presenters.counter_state import Holder, SaleDraft
from pos_loyalty.ui.presenters.reward_choices import choices, cost_now, points_taken
from tests.builders import STANDARD
from tests.unit.ui.presenters.counter_fakes import AYSE, JONAS, Counter, FakeClock, FakeServices

PAY, PASTRY = RewardId("pay-with-points"), RewardId("free-pastry")


def member_with(costs: dict[str, int], *, balance: int) -> MemberView:
    """Return a member whose list names these costs."""
    shown = FakeServices(FakeClock()).member(MemberId(AYSE), "card")
    listed = tuple(
        replace(offer, cost_points=costs.get(offer.id, offer.cost_points))
        for offer in shown.rewards
    )
    return replace(shown, rewards=listed, balance_points=balance, spendable_points=balance)


def draft_of(member: MemberView, *rewards: RewardId, total: int) -> SaleDraft:
    return SaleDraft(
        AmountEntry(currency_of("EUR")),
        lines=[total],
        holder=Holder(member=member, card_key=None, card_hint="", found_by="card"),
        rewards=dict.fromkeys(rewards),
    )


def keeping(points: int) -> LoyaltyProgram:
    """Return the standard program in which paying with points leaves some in the account."""
    rewards = tuple(
        msgspec.structs.replace(one, keep_points=points) if isinstance(one, PointsForMoney) else one
        for one in STANDARD.rewards
    )
    return msgspec.structs.replace(STANDARD, rewards=rewards)


def test_a_part_is_proposed_in_steps_of_the_cost_now() -> None:
    member = member_with({PAY: 70}, balance=500)
    draft = draft_of(member, PAY, total=10_000)

    assert [one.points for one in choices(draft, STANDARD)] == [490]
    assert points_taken(draft, STANDARD, PAY) == 490


def test_a_part_leaves_what_a_cheaper_reward_left_and_what_must_be_kept() -> None:
    member = member_with({PASTRY: 250}, balance=900)
    draft = draft_of(member, PAY, PASTRY, total=10_000)

    assert [one.points for one in choices(draft, keeping(200))] == [None, 400]
    assert points_taken(draft, STANDARD, PASTRY) == 250


def test_without_a_list_the_programs_own_cost_counts() -> None:
    pastry = STANDARD.reward(PASTRY)
    assert pastry is not None

    assert cost_now(None, pastry) == pastry.cost_points


def counter_with(*rewards: Reward) -> Counter:
    """Return a counter of a program with these rewards, with Ayse on the sale."""
    services = FakeServices(FakeClock())
    services.rules = msgspec.structs.replace(STANDARD, rewards=rewards)
    counter = Counter(services)
    counter.scan(AYSE)
    counter.type("2100")
    return counter


CAKE = FreeItem(
    id=RewardId("cake"), name="Cake", cost_points=100, item="Cake", choices=("Plum", "Apple")
)


def test_the_key_of_a_reward_goes_through_its_things_and_then_takes_it_off() -> None:
    counter = counter_with(CAKE)

    shown: list[str] = []
    for _ in range(4):
        counter.press("Alt+1")
        shown.append(counter.member.rewards[0].name)

    assert shown == ["Cake: Plum", "Cake: Apple", "Cake", "Cake: Plum"]
    assert counter.strip == "Cake: Plum is on this sale. Press Enter to give it."


def test_the_thing_that_was_chosen_is_on_the_sale() -> None:
    counter = counter_with(CAKE)
    counter.press("Alt+1", "Alt+1", "Enter")

    (order,) = counter.services.orders
    assert [(one.id, one.points, one.item) for one in order.rewards] == [("cake", None, "Apple")]


def test_what_costs_no_points_says_so_and_is_no_goal() -> None:
    evening = Access(id=RewardId("evening"), name="Evening")
    counter = counter_with(evening)
    counter.services.people[AYSE].points = -13
    counter.scan(JONAS)
    counter.scan(AYSE)

    assert counter.member.rewards[0].detail == "no points"
    assert counter.member.progress is None


def test_a_reward_for_stamps_names_its_stamps() -> None:
    coffee = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="coffee")

    assert counter_with(coffee).member.rewards[0].detail == "10 stamps"
