"""A program's earning, made ready once: which rules ask what, in the order they apply."""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.condition import Condition
from pos_loyalty.domain.earning_cap import Ceiling, ceiling_of
from pos_loyalty.domain.earning_rule import (
    Bonus,
    Caps,
    EarnBasis,
    EarningRule,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    Rounding,
    RoundingScope,
    Stamps,
    Value,
)
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, Offer
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.sale_facts import SaleView
from pos_loyalty.domain.tally_key import rule_name
from pos_loyalty.domain.trace import rate_words

NO_CAPS = Caps()


class ReadyRule:
    """A rule with its conditions made ready."""

    def __init__(self, rule: EarningRule) -> None:
        """Make a rule ready."""
        self.id = rule.id
        self.name = rule.name
        self.key = f"rule {rule.id}"
        self.condition = Condition(rule.when, rule.id)
        self._caps = None if rule.caps == NO_CAPS else rule.caps
        self._tally_name = rule_name(rule.id)

    def ceiling(self, view: SaleView, wanted: int) -> Ceiling | None:
        """Return the cap that allows less than what is wanted, or None."""
        if self._caps is None:
            return None
        return ceiling_below(self._caps, self._tally_name, view, wanted)


class ReadyOffer:
    """An offer with its conditions made ready; offers have no caps."""

    def __init__(self, offer: Offer) -> None:
        """Make an offer ready."""
        self.id = offer.id
        self.name = offer.name
        self.key = f"offer {offer.id}"
        self.condition = Condition(offer.when, offer.id)


class EarningPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The rules by what they give, each kind in the program's order.

    ``is_plain`` programs have none: their points need neither lines nor what is known.
    """

    is_plain: bool
    earn_words: str
    rates: tuple[tuple[ReadyRule, Rate | Exclude], ...] = ()
    multipliers: tuple[tuple[ReadyRule, Multiply], ...] = ()
    per_item: tuple[tuple[ReadyRule, PerItem], ...] = ()
    for_sale: tuple[tuple[ReadyRule, PerVisit | Bonus], ...] = ()
    stamps: tuple[tuple[ReadyRule, Stamps], ...] = ()
    multiplier_offers: tuple[tuple[ReadyOffer, MultiplierOffer], ...] = ()
    bonus_offers: tuple[tuple[ReadyOffer, BonusOffer], ...] = ()


def plan_of(program: LoyaltyProgram) -> EarningPlan:
    """Return the program's plan, made once."""
    return _PLANS(program)


def ceiling_below(caps: Caps, name: str, view: SaleView, wanted: int) -> Ceiling | None:
    """Return the cap that allows less than ``wanted``, or None."""
    ceiling = ceiling_of(caps, name, tally=view.known.tally, periods=view.periods)
    return None if ceiling is None or ceiling.left >= wanted else ceiling


def _made(program: LoyaltyProgram) -> EarningPlan:
    ready: list[tuple[ReadyRule, Value]] = [(ReadyRule(rule), rule.give) for rule in program.rules]
    offers = [(ReadyOffer(offer), offer) for offer in program.offers]
    return EarningPlan(
        is_plain=_is_plain(program),
        earn_words=rate_words(program, program.earn),
        rates=tuple((rule, give) for rule, give in ready if isinstance(give, Rate | Exclude)),
        multipliers=tuple((rule, give) for rule, give in ready if isinstance(give, Multiply)),
        per_item=tuple((rule, give) for rule, give in ready if isinstance(give, PerItem)),
        for_sale=tuple((rule, give) for rule, give in ready if isinstance(give, PerVisit | Bonus)),
        stamps=tuple((rule, give) for rule, give in ready if isinstance(give, Stamps)),
        multiplier_offers=tuple(
            (made, offer) for made, offer in offers if isinstance(offer, MultiplierOffer)
        ),
        bonus_offers=tuple(
            (made, offer) for made, offer in offers if isinstance(offer, BonusOffer)
        ),
    )


def _is_plain(program: LoyaltyProgram) -> bool:
    """Tell whether points follow from the total, the rewards, the tier and the weekday alone."""
    return (
        not program.rules
        and not _has_earning(program.offers)
        and not program.payments_excluded
        and not program.paid_with_points_earns
        and program.sale_points_min <= 0
        and program.caps == NO_CAPS
        and program.earn_basis is EarnBasis.TAX_INCLUDED
        and program.rounding is Rounding.FLOOR
        and program.rounding_scope is RoundingScope.BASKET
    )


def _has_earning(offers: Iterable[Offer]) -> bool:
    return any(isinstance(offer, MultiplierOffer | BonusOffer) for offer in offers)


_PLANS = PerProgram(_made)
