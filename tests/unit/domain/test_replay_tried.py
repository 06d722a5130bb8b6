"""What of a draft the past could not try: words that no sale has, rules that never held."""

import datetime as dt

import msgspec

from pos_loyalty.domain.earning_rule import (
    Bonus,
    Conditions,
    EarningRule,
    PerItem,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.event import SaleLine, SaleRecorded
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.offer import MultiplierOffer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.replay_tried import Absent, Tried, Untried
from pos_loyalty.domain.reward import FreeItem
from tests.builders import DAY_MS, WEDNESDAY_MS, sale
from tests.unit.domain.replay_cases import BARE, DOUBLE, replay, ruled


def lined(*lines: SaleLine, of: SaleRecorded) -> SaleRecorded:
    total = sum(line.amount for line in lines)
    basket = msgspec.structs.replace(of.sale, total=total, lines=lines)
    return msgspec.structs.replace(of, sale=basket)


def items(rule_id: str, **when: tuple[str, ...]) -> EarningRule:
    return EarningRule(
        id=rule_id,
        name=rule_id.title(),
        give=PerItem(points=5),
        when=msgspec.convert(when, Conditions),
    )


FRUIT = lined(
    SaleLine(amount=500, category="fruit", sku="apple"),
    SaleLine(amount=900, category="tobacco", sku="0815"),
    of=sale(),
)


def stamped(*rules: EarningRule) -> LoyaltyProgram:
    return msgspec.structs.replace(
        ruled(*rules),
        stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),),
        rewards=(
            *BARE.rewards,
            FreeItem(id=RewardId("cup"), name="Cup", item="Cup", worth=300, stamp_card="cups"),
        ),
    )


def test_a_draft_that_asks_for_no_lines_leaves_nothing_untried() -> None:
    assert replay(DOUBLE, sale()).tried == Tried()


def test_words_of_the_draft_that_no_sale_has_are_named_with_the_near_one_that_sales_have() -> None:
    draft = ruled(
        items("fruit", categories=("Fruit", "cheese")),
        items("smoke", not_categories=("tobaco",)),
        items("known", categories=("fruit",), skus=("apples", "0815")),
    )

    tried = replay(draft, FRUIT).tried

    assert tried.absent == (
        Absent(kind="category", name="Fruit", near="fruit"),
        Absent(kind="category", name="cheese", near=""),
        Absent(kind="category", name="tobaco", near="tobacco"),
        Absent(kind="SKU", name="apples", near="apple"),
    )
    assert tried.never_held == (Untried(kind="rule", id="fruit", name="Fruit", needs_lines=True),)


def test_words_count_as_known_from_any_sale_of_the_past_rules_only_since_the_day() -> None:
    before = msgspec.structs.replace(FRUIT, member=None, tier=BARE.tiers[0].id)
    later = lined(SaleLine(amount=500, category="bread"), of=sale(2, at_ms=WEDNESDAY_MS + DAY_MS))
    since = dt.datetime.fromtimestamp((WEDNESDAY_MS + DAY_MS) / 1000, tz=dt.UTC).date()

    tried = replay(ruled(items("fruit", categories=("fruit",))), before, later, since=since).tried

    assert tried.absent == ()
    assert tried.member_sales_with_lines == 1
    assert [each.id for each in tried.never_held] == ["fruit"]


def test_a_past_without_lines_says_so_and_names_no_word_as_mistyped() -> None:
    draft = stamped(
        EarningRule(
            id="cup",
            name="Cup",
            give=Stamps(card="cups", per_item=True),
            when=Conditions(categories=("coffee",)),
        )
    )

    tried = replay(draft, sale()).tried

    assert tried.needs_lines == ("rule Cup",)
    assert tried.member_sales_with_lines == 0
    assert tried.absent == ()
    assert tried.cards == ("Cups",)
    assert tried.never_held[0].needs_lines


def test_a_card_that_got_a_stamp_by_any_rule_was_tried() -> None:
    rules = (
        EarningRule(
            id="cup",
            name="Cup",
            give=Stamps(card="cups", per_item=True),
            when=Conditions(categories=("coffee",)),
        ),
        EarningRule(id="visit", name="Visit", give=Stamps(card="cups")),
    )

    tried = replay(stamped(*rules), sale()).tried

    assert tried.cards == ()
    assert [each.id for each in tried.never_held] == ["cup"]


def test_offers_and_rewards_that_nobody_could_have_had_are_named_too() -> None:
    draft = msgspec.structs.replace(
        ruled(
            EarningRule(
                id="big", name="Big", give=Bonus(points=9), when=Conditions(basket_min=9_999)
            ),
            EarningRule(id="any", name="Any", give=Bonus(points=1)),
        ),
        offers=(
            MultiplierOffer(
                id="gold", name="Gold", when=Conditions(shops=("Harbor",)), percent=200
            ),
        ),
        rewards=(
            *BARE.rewards,
            FreeItem(
                id=RewardId("tart"),
                name="Tart",
                item="Tart",
                cost_points=5,
                when=Conditions(shops=("Harbor",)),
            ),
        ),
    )

    def names(*, shop: str) -> list[tuple[str, str]]:
        return [
            (each.kind, each.name) for each in replay(draft, sale(), shop=shop).tried.never_held
        ]

    assert names(shop="Main") == [("rule", "Big"), ("offer", "Gold"), ("reward", "Tart")]
    assert names(shop="Harbor") == [("rule", "Big")]
