"""What a program's rules put on the member's panel: dates of points, stamps, an offer's words."""

from dataclasses import replace

import msgspec
import pytest

from pos_loyalty.domain.accrual import TraceStep
from pos_loyalty.domain.earning_rule import Conditions, StampCard
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.event import StampsGiven
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.offer import MultiplierOffer, PriceOffer
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.services.member_view import PENDING, MemberView, RewardOffer, SpendLimit
from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.ui.presenters.counter_screen import Progress, StampLine
from pos_loyalty.ui.presenters.counter_services import SaleOrder
from tests.unit.ui.presenters.counter_fakes import AYSE, Counter, FakeClock, FakeServices

DAY_MS = 86_400_000
NOON = 1_795_262_400_000
"""21 November 2026, 12:00 UTC."""
END_OF_MAY = 1_811_808_000_000
"""1 June 2027, 00:00 UTC: what ends then ends on 31 May."""


class RuledServices(FakeServices):
    """A till whose members and quotes carry what richer programs know."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.more: dict[str, object] = {}
        self.quoted: dict[str, object] = {}

    def member(self, member_id: MemberId, found_by: str) -> MemberView:
        return replace(super().member(member_id, found_by), **self.more)  # pyright: ignore[reportArgumentType] - fields of a test

    def quote(self, order: SaleOrder) -> SaleQuote:
        return replace(super().quote(order), **self.quoted)  # pyright: ignore[reportArgumentType] - fields of a test


@pytest.fixture
def services() -> RuledServices:
    return RuledServices()


def with_member(services: RuledServices) -> Counter:
    counter = Counter(services)
    counter.scan(AYSE)
    return counter


def test_points_that_wait_and_points_that_end_are_one_line(services: RuledServices) -> None:
    services.more = {
        "pending_points": 42,
        "pending_until_ms": NOON + 12 * DAY_MS,
        "ends_points": 120,
        "ends_ms": END_OF_MAY,
    }

    panel = with_member(services).member

    assert panel.dates == "1,198 now, 42 more from 3 Dec · 120 end on 31 May 2027"


@pytest.mark.parametrize(
    ("points", "said"),
    [(120, "120 points end on 30 Nov"), (1, "1 point ends on 30 Nov"), (0, "")],
)
def test_the_next_end_alone(services: RuledServices, points: int, said: str) -> None:
    first_of_december = NOON + 9 * DAY_MS + DAY_MS // 2
    services.more = {"ends_points": points, "ends_ms": first_of_december if points else 0}

    assert with_member(services).member.dates == said


def test_waiting_points_are_said_once(services: RuledServices) -> None:
    services.more = {
        "limit": SpendLimit(PENDING, "42 points wait for the end of the return period.", "."),
        "pending_points": 42,
        "pending_until_ms": NOON + 12 * DAY_MS,
    }

    panel = with_member(services).member

    assert panel.spendable_note == ""
    assert panel.dates == "1,198 now, 42 more from 3 Dec"


def stamped(services: RuledServices, stamps: int, *, why_not: Code | None = None) -> Counter:
    """Return a counter with a member who has a stamp card of ten coffees."""
    reward = FreeItem(id=RewardId("cup"), name="Free cup", item="Cup", stamp_card="coffee")
    services.rules = msgspec.structs.replace(
        services.rules,
        rewards=(reward,),
        stamp_cards=(StampCard(id="coffee", name="Coffee card", stamps=10, item="coffees"),),
    )
    offer = RewardOffer(
        RewardId("cup"),
        "Free cup",
        "free_item",
        0,
        why_not is None,
        why_not,
        "",
        cost_stamps=10,
        stamps=stamps,
    )
    services.more = {"rewards": (offer,)}
    return with_member(services)


def test_a_stamp_card_has_its_line_and_its_bar(services: RuledServices) -> None:
    panel = stamped(services, 7, why_not=Code.STAMPS_SHORT).member

    assert panel.stamps == (StampLine("7 of 10 · coffees", Progress(700)),)
    assert panel.rewards == (), "the bar leads to it"
    assert panel.rewards_empty == "Nothing to redeem yet. Stamps open the rewards."


def test_the_bar_shows_what_this_sale_adds(services: RuledServices) -> None:
    services.quoted = {"stamps": (StampsGiven(card="coffee", count=2),)}
    counter = stamped(services, 7, why_not=Code.STAMPS_SHORT)
    counter.type("2100")

    assert counter.member.stamps == (StampLine("7 of 10 +2 · coffees", Progress(700, 200)),)


def test_a_full_card_is_ready_to_use_and_what_is_above_stays(services: RuledServices) -> None:
    panel = stamped(services, 12).member

    assert panel.stamps == (StampLine("12 of 10 · coffees", Progress(1000)),)
    assert [each.detail for each in panel.rewards] == ["10 stamps · leaves 2"]


def test_an_offer_that_is_at_work_lends_the_cashier_its_words(services: RuledServices) -> None:
    offer = MultiplierOffer(
        id="two", name="Two", when=Conditions(), percent=200, reason="Double points till Sunday."
    )
    services.rules = msgspec.structs.replace(services.rules, offers=(offer,))
    services.quoted = {"trace": (TraceStep(rule="offer two", text="2× Two", points=42),)}
    counter = with_member(services)
    assert counter.member.coaching == ""
    counter.type("2100")

    assert counter.member.coaching == "Say: “Double points till Sunday.”"


def test_an_offer_that_is_not_at_work_says_nothing(services: RuledServices) -> None:
    offer = MultiplierOffer(
        id="two", name="Two", when=Conditions(), percent=200, reason="Double points till Sunday."
    )
    services.rules = msgspec.structs.replace(services.rules, offers=(offer,))
    counter = with_member(services)
    counter.type("2100")

    assert counter.member.coaching.startswith("Say: “Double points today, Ay")


def test_a_lower_price_says_why_before_any_amount(services: RuledServices) -> None:
    reward = services.rules.rewards[0]
    lower = reward.cost_points - 1
    offer = PriceOffer(
        id="cheap",
        name="Cheap",
        when=Conditions(),
        reward=reward.id,
        cost_points=lower,
        reason="For less this week.",
    )
    services.rules = msgspec.structs.replace(services.rules, offers=(offer,))
    assert with_member(services).member.coaching == ""

    kind = str(reward.__struct_config__.tag)
    at_lower = RewardOffer(
        reward.id, reward.name, kind, lower, available=True, why_not=None, why_not_text=""
    )
    services.more = {"rewards": (at_lower,)}

    assert with_member(services).member.coaching == "Say: “For less this week.”"
