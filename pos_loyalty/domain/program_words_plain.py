"""How a program's words name money, numbers, lists and names."""

from collections.abc import Sequence
from typing import Final

from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram

_NAMES_MAX: Final = 6


def money_words(program: LoyaltyProgram, minor_units: int) -> str:
    """Write an amount as a document does: "3.00 EUR"."""
    currency = currency_of(program.currency)
    return f"{plain_amount(minor_units, currency)} {currency.code}"


def many(count: int, unit: str) -> str:
    """Return a count with its unit: "1 point", "5 points"."""
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def times(percent: int) -> str:
    """Say what a multiplier does."""
    return f"points \u00d7{percent / PERCENT_WHOLE:g}"


def named(names: Sequence[str], joined: str = ", ") -> str:
    """Name all of a few; a list of thousands is counted, and no one name alone is hidden."""
    if len(names) <= _NAMES_MAX:
        return joined.join(names)
    shown = names[: _NAMES_MAX - 1]
    return f"{joined.join(shown)} and {len(names) - len(shown)} more"


def at_most(bounds: Sequence[str]) -> str:
    """Say what limits something; nothing where nothing does."""
    return f"; at most {', '.join(bounds)}" if bounds else ""


def tier_names(program: LoyaltyProgram) -> dict[str, str]:
    """Return the names of the tiers by id."""
    return {tier.id: tier.name for tier in program.tiers}
