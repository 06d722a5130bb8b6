"""Why an event gave or took points, computed again from what was stored."""

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Conditions,
    EarningRule,
    Multiply,
)
from pos_loyalty.domain.event import (
    ActivityRecorded,
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    PointsAdjusted,
    RightsReturned,
    SaleRefunded,
    TierGranted,
    VoucherClaimed,
    encode_event,
)
from pos_loyalty.domain.explained_member import (
    ELSEWHERE,
    PointsMoved,
    explained_member,
)
from pos_loyalty.domain.explanation import explain, explain_with_later
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId, RewardId, StreamId, TierId
from pos_loyalty.domain.member_facts import MemberSheet
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.reward import FreeItem, RewardTaken
from pos_loyalty.domain.trace import TraceStep, sum_of_changes
from pos_loyalty.domain.voucher import voucher_reward
from tests.builders import (
    AYSE,
    OMAR,
    STANDARD,
    TUESDAY_MS,
    WEDNESDAY_MS,
    enrollment,
    event_id,
    reversal,
    sale,
)
from tests.unit.domain.explained_cases import CAKE, COFFEE, RULED, Books, facts, head, moved, texts
from tests.unit.domain.refund_cases import (
    recorded,
)


def test_a_sale_is_explained_by_rule_version_and_entries() -> None:
    event = sale(at_ms=TUESDAY_MS, earned=42)

    found = explain(event, Books())

    assert found.what == "Sale of EUR 21.00: 42 points earned."
    assert (found.program, found.program_name) == (STANDARD.version, "Standard")
    assert [step.rule for step in found.steps] == ["earn", "multiplier"]
    assert found.steps[-1].points == 42
    assert [step.change for step in found.steps] == [21, 21]
    assert [(entry.kind, entry.points, entry.member) for entry in found.entries] == [
        ("accrual", 42, AYSE)
    ]
    assert (found.stored, found.computed, found.agrees) == (42, 42, True)


def test_a_line_and_a_cap_are_named() -> None:
    event = recorded(RULED, facts(lines=(COFFEE, CAKE)))

    found = explain(event, Books(programs=(RULED,)))

    assert found.agrees is True
    assert [line.points for line in found.lines] == [6 + 8, 14]
    assert [line.line for line in found.lines] == [1, 2]
    assert (found.lines[0].sku, found.lines[0].quantity) == ("c1", 2)
    assert any("Coffee week" in text and "8" in text for text in texts(found))
    assert found.stamps == event.stamps
    assert any("1 stamp" in text for text in texts(found))


def test_points_that_the_rules_do_not_give_are_not_hidden() -> None:
    found = explain(sale(earned=500), Books())

    assert (found.stored, found.computed, found.agrees) == (500, 21, False)


def test_stamps_that_the_rules_do_not_give_are_not_hidden() -> None:
    event = recorded(RULED, facts())

    found = explain(msgspec.structs.replace(event, stamps=()), Books(programs=(RULED,)))

    assert found.agrees is False


def test_rules_that_are_not_known_are_not_guessed() -> None:
    found = explain(sale(), Books(programs=()))

    assert (found.computed, found.agrees) == (None, None)
    assert "not known here" in found.what


def test_a_sale_without_a_card_says_that_nobody_collects() -> None:
    found = explain(sale(member=None, earned=0), Books())

    assert found.what == "Sale without a card: nobody collects. EUR 21.00."
    assert found.entries == ()


def test_what_a_reward_cost_and_who_covered_it_is_said() -> None:
    taken = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    event = sale(rewards=(taken,), earned=18, rights_used=500, risk_used=60)

    found = explain(event, Books())

    assert texts(found)[0] == "\N{EURO SIGN}3 off: EUR 3.00 off, for 600 points"
    assert texts(found)[1] == (
        "600 points used: 500 from spend rights of the till, 60 from the owner's allowance,"
        " 40 from the balance of a till that works alone"
    )
    assert [step.points for step in found.steps][:2] == [-600, -600]
    assert [step.change for step in found.steps] == [-600, 0, 0, 18], (
        "the cover is not a second cost"
    )
    assert sum_of_changes(found.steps) == -582
    assert found.agrees is True


def test_the_sum_of_one_step_is_not_said_again() -> None:
    one = TraceStep(rule="earn", text="", points=18, change=18)
    told = TraceStep(rule="pending", text="", points=18)

    assert sum_of_changes((one, told)) is None
    assert sum_of_changes(()) is None
    assert sum_of_changes((one, told, one)) == 36


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (800, "Free pastry: Pastry, for 800 points"),
        (700, "Free pastry: Pastry, for 700 points (price of the tier Gold, else 800)"),
        (300, "Free pastry: Pastry, for 300 points (offer Monday, else 800)"),
        (1, "Free pastry: Pastry, for 1 point"),
    ],
)
def test_the_price_of_a_reward_says_why_it_is_that(points: int, words: str) -> None:
    pastry = FreeItem(
        id=RewardId("free-pastry"),
        name="Free pastry",
        cost_points=800,
        item="Pastry",
        cost_by_tier={TierId("gold"): 700},
    )
    offers = tuple(
        PriceOffer(id=name, name=name, when=Conditions(), reward=pastry.id, cost_points=cost)
        for name, cost in (("Sunday", 500), ("Monday", 300))
    )
    program = msgspec.structs.replace(STANDARD, rewards=(pastry,), offers=offers)
    taken = RewardTaken(reward=pastry.id, points=points, discount=0)
    event = msgspec.structs.replace(sale(rewards=(taken,)), tier=TierId("gold"))

    assert texts(explain(event, Books(programs=(program,))))[0] == words


def test_stamps_vouchers_and_unknown_rewards_have_their_words() -> None:
    cup = FreeItem(id=RewardId("cup"), name="Free cup", item="Cup", stamp_card="cups")
    program = msgspec.structs.replace(RULED, rewards=(cup,))
    taken = (
        RewardTaken(reward=cup.id, points=0, discount=0, stamps=9),
        RewardTaken(reward=voucher_reward("ab" * 16), points=0, discount=500),
        RewardTaken(reward=RewardId("gone"), points=0, discount=0),
    )

    found = explain(sale(rewards=taken), Books(programs=(program,)))

    assert texts(found)[:3] == [
        "Free cup: Cup, for 9 stamps of the card cups",
        "Voucher: EUR 5.00 off",
        "gone, free",
    ]


def test_pending_points_say_from_when_they_can_be_used() -> None:
    event = msgspec.structs.replace(sale(), pending_until_ms=WEDNESDAY_MS + 86_400_000)

    assert texts(explain(event, Books()))[-1] == "21 points can be used from 2025-11-20 12:00"


def test_an_undone_sale_is_explained_by_the_sale() -> None:
    taken = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    event = sale(rewards=(taken,), earned=18, rights_used=600)

    found = explain(reversal(event), Books(event))

    assert found.what == (
        "Sale of EUR 21.00 of 2025-11-19 12:00 undone as a whole: 18 points taken back."
    )
    assert texts(found)[-2:] == [
        "18 points of the sale taken back",
        "600 points of its rewards given back",
    ]
    assert found.agrees is True
    wrong = msgspec.structs.replace(reversal(event), earned_taken=1)
    assert explain(wrong, Books(event)).agrees is False
    assert explain(reversal(event), Books()).agrees is None
    assert explain(reversal(event), Books()).stored == found.stored == found.computed == -18
    assert [step.points for step in found.steps[-2:]] == [-18, 600]
    assert sum_of_changes(found.steps) == 582, "what the sale gave once it does not give again"


def test_lines_that_are_none_to_the_rules_are_not_explained() -> None:
    event = recorded(STANDARD, facts(2000))
    odd = msgspec.structs.replace(
        event, sale=msgspec.structs.replace(event.sale, lines=(COFFEE, COFFEE))
    )

    assert explain(odd, Books()).lines == ()


def test_a_sale_says_what_became_of_it_since() -> None:
    event = sale(earned=21)
    refund = head(SaleRefunded, sale_id=event.id, member=AYSE, amount=1000)
    undoing = reversal(event)

    found = explain_with_later(event, Books(event, refund, undoing))

    assert [each.event for each in found.later] == [refund.id, undoing.id]
    assert "Refund of EUR 10.00" in found.later[0].what
    assert "undone as a whole" in found.later[1].what
    assert explain_with_later(refund, Books(event, refund)).later == ()


def test_a_card_that_was_added_later_is_not_kept_quiet() -> None:
    event = sale(member=None, earned=0)
    move = moved(event, from_member=None, earned_taken=0, earned_given=21)

    found = explain_with_later(event, Books(event, move))

    assert found.what == "Sale without a card, which was added later. EUR 21.00."
    assert [each.event for each in found.later] == [move.id]


def test_an_undone_sale_takes_its_stamps_back() -> None:
    event = recorded(RULED, facts())

    found = explain(reversal(event), Books(event, programs=(RULED,)))

    assert texts(found)[-1] == "1 stamp taken back"


def test_welcome_points_are_those_of_the_version() -> None:
    invited = msgspec.structs.replace(enrollment(), invited_by=OMAR)

    found = explain(invited, Books())

    assert found.what == f"Enrolled, invited by {OMAR}: 50 points of welcome."
    assert texts(found) == ["Welcome: 50 points"], "of no server: a till may work alone"
    assert found.agrees is True
    assert explain(enrollment(welcome=51), Books()).agrees is False
    assert explain(enrollment(), Books(programs=())).agrees is None


def test_an_activity_says_its_rule_its_cap_and_who_approved() -> None:
    program = msgspec.structs.replace(
        STANDARD, activities=(ActivityRule(id="review", name="Review", points=20),)
    )
    books = Books(programs=(program,))
    event = head(ActivityRecorded, member=AYSE, activity="review", points=5, approved_by="Robin")

    found = explain(event, books)

    assert texts(found) == [
        "Review: 20 points",
        "its caps left 5 points",
        "approved by Robin",
    ]
    assert found.agrees is True
    whole = head(ActivityRecorded, member=AYSE, activity="review", points=20)
    assert explain(whole, books).agrees is True
    assert texts(explain(whole, books)) == ["Review: 20 points"]
    above = head(ActivityRecorded, member=AYSE, activity="review", points=21)
    assert explain(above, books).agrees is False
    other = head(ActivityRecorded, member=AYSE, activity="dance", points=3)
    assert explain(other, books).what == "Activity dance: 3 points, by an unknown rule."


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (
            head(PointsAdjusted, member=AYSE, points=-7, reason="typed twice", approved_by="Robin"),
            "7 points taken by hand: typed twice.",
        ),
        (
            head(TierGranted, member=AYSE, tier=TierId("gold"), until_ms=WEDNESDAY_MS, price=4900),
            "Tier Gold given for EUR 49.00 until 2025-11-19 12:00.",
        ),
        (
            head(
                TierGranted,
                member=AYSE,
                tier=TierId("none"),
                until_ms=WEDNESDAY_MS,
                reason="match",
            ),
            "Tier none given by hand until 2025-11-19 12:00, because: match.",
        ),
        (
            head(VoucherClaimed, voucher="v1", sale_id=event_id(1), member=AYSE, points=40),
            f"Voucher v1 used on sale {event_id(1)}: 40 points.",
        ),
        (
            head(VoucherClaimed, voucher="v1", sale_id=event_id(1), discount=500),
            f"Voucher v1 used on sale {event_id(1)}: EUR 5.00 off.",
        ),
        (
            head(VoucherClaimed, voucher="v1", sale_id=event_id(2), discount=500),
            f"Voucher v1 used on sale {event_id(2)}: 500 minor units off.",
        ),
        (
            head(RightsReturned, member=AYSE, points=9),
            "Spend rights of 9 points given to the server; no points move.",
        ),
        (
            head(RightsReturned, member=AYSE, points=9, to_stream=StreamId("s")),
            "Spend rights of 9 points given to another till; no points move.",
        ),
        (
            head(CardsIssued, batch=BatchId("b"), cards=()),
            "0 blank cards issued; no points move.",
        ),
        (
            head(CardChanged, card_key=CardKey("c"), status="blocked"),
            "Card blocked; no points move.",
        ),
    ],
)
def test_every_other_kind_has_its_sentence(event: Event, what: str) -> None:
    found = explain(event, Books(sale()))

    assert found.what == what
    assert found.stored == getattr(event, "points", 0) or isinstance(event, RightsReturned)
    assert found.agrees is (True if isinstance(event, VoucherClaimed) else None)


def test_an_event_that_was_carried_over_is_explained_as_what_it_was() -> None:
    carried = head(
        EventRescued,
        original_stream=StreamId("s"),
        original_seq=1,
        original_hash="00",
        original=encode_event(sale()).decode(),
    )

    again = msgspec.structs.replace(carried, original=encode_event(carried).decode())
    assert explain(carried, Books()).kind == explain(again, Books()).kind == "sale"
    broken = msgspec.structs.replace(carried, original="{}")
    assert "cannot be read" in explain(broken, Books()).what


def test_a_members_entries_add_up_and_each_is_explained() -> None:
    event = sale()
    moves = [PointsMoved(event.id, event.at_ms, "accrual", 21)]
    sheet = MemberSheet(pending=3, pending_until_ms=5, ends_points=21, ends_ms=9)

    found = explained_member(
        MemberId(AYSE),
        balance=71,
        moved=moves,
        explain=lambda _: explain(event, Books()),
        sheet=sheet,
    )

    assert [(entry.kind, entry.points, entry.balance) for entry in found.entries] == [
        (ELSEWHERE, 50, 50),
        ("accrual", 21, 71),
    ]
    assert found.entries[0].explanation is None
    assert found.entries[1].explanation is not None
    assert (found.pending, found.ends_points, found.ends_ms) == (3, 21, 9)


def test_a_member_without_entries_is_explained_by_what_is_elsewhere() -> None:
    found = explained_member(AYSE, balance=5, moved=[], explain=lambda _: None)
    nobody = explained_member(AYSE, balance=0, moved=[], explain=lambda _: None)

    assert [(entry.kind, entry.at_ms, entry.balance) for entry in found.entries] == [
        (ELSEWHERE, 0, 5)
    ]
    assert nobody.entries == ()
    assert (nobody.pending, nobody.pending_until_ms, nobody.ends_points, nobody.ends_ms) == (0,) * 4


def test_a_multiplier_of_a_rule_is_named() -> None:
    program = msgspec.structs.replace(
        STANDARD, rules=(EarningRule(id="x3", name="Three times", give=Multiply(percent=300)),)
    )
    event = recorded(program, facts())

    found = explain(event, Books(programs=(program,)))

    assert found.agrees is True
    assert any("Three times" in text for text in texts(found))


def test_an_enrollment_is_an_event_like_any_other() -> None:
    assert isinstance(enrollment(), MemberEnrolled)
    assert explain(enrollment(), Books()).entries[0].points == 50
