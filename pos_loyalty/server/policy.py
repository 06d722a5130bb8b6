"""What the owner chose: numbers with names, each with a value that holds until one is set."""

from dataclasses import dataclass, field
from enum import StrEnum

from pos_loyalty.domain.ids import MemberId, TillId

RIGHTS_DAYS_DEFAULT = 90
_MS_PER_DAY = 24 * 60 * 60 * 1000


class PolicyName(StrEnum):
    """Every number that an owner may set."""

    ALLOWANCE_TOTAL = "allowance_total"
    ALLOWANCE_PER_TILL = "allowance_per_till"
    RIGHTS_DAYS = "rights_days"
    PLACEMENT = "placement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The owner's choices.

    ``allowance_total`` and ``allowance_per_till`` are points; ``rights_days`` is after how
    many days without contact a till stops redeeming (0: never); ``is_placing`` whether
    rights are placed ahead of visits.
    """

    allowance_total: int = 0
    allowance_per_till: int = 0
    rights_days: int = RIGHTS_DAYS_DEFAULT
    is_placing: bool = True

    def spend_until_ms(self, now_ms: int) -> int:
        """Return until when a till that is in contact now may redeem; 0 sets no end."""
        return now_ms + self.rights_days * _MS_PER_DAY if self.rights_days else 0


@dataclass(slots=True, kw_only=True)
class Budget:
    """The owner's allowance in the loaded books.

    ``counted`` is what of the total is given away: on tills, not covered, or released.
    ``repaid`` are members whose points made good what was not covered; ``hubs`` redeem
    nothing and have no share.
    """

    total: int = 0
    per_till: int = 0
    counted: int = 0
    hubs: frozenset[TillId] = frozenset()
    repaid: set[MemberId] = field(default_factory=set[MemberId])

    @property
    def left(self) -> int:
        """What may still be granted to tills."""
        return max(0, self.total - self.counted)
