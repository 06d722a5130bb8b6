"""An amount while it is typed: like on a till, 1250 is 12.50, until a point is typed."""

from dataclasses import dataclass, replace
from typing import Self

from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX, Currency, plain_amount
from pos_loyalty.ui.presenters.formatting import before_amount, grouped

POINT = "."
_POINT_KEYS = frozenset(".,\u066b")
"""Point, comma and the Arabic decimal separator: keyboards differ, the meaning does not."""


def ascii_key(key: str) -> str:
    """Return ``0`` … ``9``, ``00`` or a point for a key of any script, or nothing."""
    if key in _POINT_KEYS:
        return POINT
    return "".join(str(int(sign)) for sign in key) if key.isdecimal() else ""


@dataclass(frozen=True)
class AmountEntry:
    """What has been typed so far.

    ``typed`` holds digits and at most one point. Without a point the last digits are minor units.
    ``is_overflowing`` says that the last key was not taken because the amount would be too long.
    """

    currency: Currency
    typed: str = ""
    is_overflowing: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is typed; a typed 0 is not nothing."""
        return not self.typed

    @property
    def minor_units(self) -> int:
        """The amount in minor units."""
        whole, point, fraction = self.typed.partition(POINT)
        if not point:
            return int(whole or "0")
        filled = fraction.ljust(self.currency.exponent, "0")
        return int((whole or "0") + filled)

    @property
    def text(self) -> str:
        """The amount for the big figure: with a point exactly as typed."""
        if POINT in self.typed:
            return before_amount(self.currency) + grouped(self.typed)
        return before_amount(self.currency) + grouped(plain_amount(self.minor_units, self.currency))

    def with_key(self, key: str) -> Self:
        """Return the entry after one key: a digit, ``00`` or a point; others change nothing."""
        entry = replace(self, is_overflowing=False)
        for sign in ascii_key(key):
            typed = entry.typed_with(sign)
            if not entry.fits(typed):
                return replace(self, is_overflowing=True)
            entry = replace(entry, typed=typed)
        return entry

    def without_last(self) -> Self:
        """Return the entry without its last key."""
        return replace(self, typed=self.typed[:-1], is_overflowing=False)

    def emptied(self) -> Self:
        """Return an entry with nothing typed."""
        return replace(self, typed="", is_overflowing=False)

    def typed_with(self, sign: str) -> str:
        """Return what is typed after one more digit or point, however long."""
        _, point, fraction = self.typed.partition(POINT)
        if sign == POINT:
            is_wanted = not point and self.currency.exponent > 0
            return (self.typed or "0") + POINT if is_wanted else self.typed
        if not point:
            return (self.typed + sign).lstrip("0") or "0"
        return self.typed + sign if len(fraction) < self.currency.exponent else self.typed

    def fits(self, typed: str) -> bool:
        """Return whether this is no more than a sale may be."""
        return len(str(replace(self, typed=typed).minor_units)) <= AMOUNT_DIGITS_MAX
