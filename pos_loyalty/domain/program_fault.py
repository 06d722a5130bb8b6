"""Everything that can be wrong with a program, by name, and the list of what was found.

A program is refused as a whole: all that is wrong is told at once, each with the place in
the document, a name that never changes, and one plain sentence.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class ProgramFault(StrEnum):
    """The name of one kind of fault; docs/program.md lists them."""

    # The document as text.
    FILE_EMPTY = "file_empty"
    FILE_LARGE = "file_large"
    LINE_LONG = "line_long"
    NOT_TEXT = "not_text"
    NOT_TOML = "not_toml"
    NESTED_DEEP = "nested_deep"
    # Its keys and the shapes of its values.
    KEY_UNKNOWN = "key_unknown"
    KEY_ABSENT = "key_absent"
    SET_AT_PUBLISHING = "set_at_publishing"
    TYPE_WRONG = "type_wrong"
    KIND_UNKNOWN = "kind_unknown"
    WORD_UNKNOWN = "word_unknown"
    LIST_EMPTY = "list_empty"
    LIST_LONG = "list_long"
    LISTED_TWICE = "listed_twice"
    MONEY_SHAPE = "money_shape"
    CURRENCY_UNKNOWN = "currency_unknown"
    CURRENCY_MIX = "currency_mix"
    DATE_SHAPE = "date_shape"
    TIME_SHAPE = "time_shape"
    TEXT_EMPTY = "text_empty"
    TEXT_LONG = "text_long"
    TEXT_SHAPE = "text_shape"
    ID_SHAPE = "id_shape"
    ID_TWICE = "id_twice"
    NUMBER_NEGATIVE = "number_negative"
    NUMBER_LARGE = "number_large"
    NUMBER_ZERO = "number_zero"
    DAYS_RANGE = "days_range"
    PERCENT_RANGE = "percent_range"
    # What it earns.
    RATE_ZERO = "rate_zero"
    CAP_NEGATIVE = "cap_negative"
    CAP_ZERO = "cap_zero"
    CAP_BELOW_MINIMUM = "cap_below_minimum"
    NOTHING_EARNS = "nothing_earns"
    RULE_HIDDEN = "rule_hidden"
    NEVER_HOLDS = "never_holds"
    WINDOW_OVERLAP = "window_overlap"
    WEEKDAY_RANGE = "weekday_range"
    TIER_UNKNOWN = "tier_unknown"
    STAMP_CARD_UNKNOWN = "stamp_card_unknown"
    STAMP_CARD_UNUSED = "stamp_card_unused"
    ACTIVITY_NEVER = "activity_never"
    REFERRAL_PAYS_NOTHING = "referral_pays_nothing"
    REFERRAL_MINIMUM = "referral_minimum"
    # Tiers.
    TIERS_ABSENT = "tiers_absent"
    TIER_GAP = "tier_gap"
    TIER_OVERLAP = "tier_overlap"
    TIER_UNREACHABLE = "tier_unreachable"
    TIER_PAID_AND_EARNED = "tier_paid_and_earned"
    TIER_WINDOW_ZERO = "tier_window_zero"
    # Rewards and offers.
    REWARD_FREE = "reward_free"
    REWARD_PAID_TWICE = "reward_paid_twice"
    REWARD_UNREACHABLE = "reward_unreachable"
    REWARD_UNBOUNDED = "reward_unbounded"
    REWARD_UNKNOWN = "reward_unknown"
    STOCK_ZERO = "stock_zero"
    EARLY_WITHOUT_DATE = "early_without_date"
    OFFER_NO_CHEAPER = "offer_no_cheaper"
    # The life of points.
    EXPIRES_AT_ONCE = "expires_at_once"
    EXPIRATION_DATE = "expiration_date"
    EXPIRATION_NEVER = "expiration_never"
    WARNING_LATE = "warning_late"
    WARNING_ORDER = "warning_order"
    PENDING_TOO_LONG = "pending_too_long"
    LIFE_WITHOUT_END = "life_without_end"
    # Refunds.
    WORTH_ABSENT = "worth_absent"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``path`` is the place, like ``rewards[0].amount``; ``detail`` one plain sentence without
    its period; ``line`` the line of the document, 0 where it is not known.
    """

    path: str
    fault: ProgramFault
    detail: str
    line: int = 0


PROBLEMS_MAX = 200
"""More are not looked for: nobody reads on."""


@dataclass
class Findings:
    """What was found so far; a place is told of the same fault once."""

    problems: list[Problem] = field(default_factory=list[Problem])
    _told: set[tuple[str, ProgramFault]] = field(default_factory=set[tuple[str, ProgramFault]])

    def add(self, path: str, fault: ProgramFault, detail: str, *, line: int = 0) -> None:
        """Note a fault, unless there are plenty."""
        if (path, fault) not in self._told and not self.is_full:
            self._told.add((path, fault))
            self.problems.append(Problem(path=path, fault=fault, detail=detail, line=line))

    @property
    def is_full(self) -> bool:
        """Whether it is not worth to look on."""
        return len(self.problems) >= PROBLEMS_MAX
