"""Where a rule stops: the most in a sale, and for a member in a period of the shop's clock."""

from collections.abc import Mapping

import msgspec

from pos_loyalty.domain.earning_rule import Caps

_WORDS = {
    "sale": "in a sale",
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "member": "for a member",
}


class Ceiling(msgspec.Struct, frozen=True):
    """The cap that leaves the least: its kind and limit, what was given before, what is left."""

    kind: str
    limit: int
    given: int
    left: int

    def words(self, unit: str) -> str:
        """Say what the cap is: "at most 50 points a day, of which 30 are given already"."""
        most = f"at most {self.limit} {unit} {_WORDS[self.kind]}"
        return f"{most}, of which {self.given} are given already" if self.given > 0 else most


def ceiling_of(
    caps: Caps, name: str, *, tally: Mapping[str, int], periods: Mapping[str, str]
) -> Ceiling | None:
    """Return the cap that leaves the least, the first of equals; None without caps.

    Args:
        caps: the limits.
        name: under which the tally counts what was given ("points", "rule:tuesday").
        tally: what is known of the member; what it does not name was not given.
        periods: the periods of the sale, by kind.
    """
    least: Ceiling | None = None
    if caps.sale is not None:
        least = Ceiling("sale", caps.sale, 0, max(0, caps.sale))
    for kind, limit in (("day", caps.day), ("week", caps.week), ("month", caps.month)):
        if limit is not None:
            given = tally.get(f"{name}@{periods[kind]}", 0)
            least = _lower(least, kind, limit, given)
    if caps.member is not None:
        least = _lower(least, "member", caps.member, tally.get(name, 0))
    return least


def _lower(least: Ceiling | None, kind: str, limit: int, given: int) -> Ceiling:
    left = max(0, limit - given)
    if least is not None and least.left <= left:
        return least
    return Ceiling(kind, limit, given, left)
