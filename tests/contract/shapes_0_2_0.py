"""What a till of 0.2.0 reads: its shapes as they were released, and nothing of today's code.

A field without a default must be there, a word of a tag must be known; everything else is
passed over. Nobody changes these shapes: such tills are in shops.
"""

import msgspec


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    pass


class EarnRule(_Shape, frozen=True):
    step_minor_units: int
    points_per_step: int


class WeekdayMultiplier(_Shape, frozen=True):
    name: str
    weekdays: tuple[int, ...]
    percent: int


class Tier(_Shape, frozen=True):
    id: str
    name: str
    threshold_points: int
    percent: int = 100


class _Reward(_Shape, frozen=True, tag_field="kind"):
    id: str
    name: str
    cost_points: int


class AmountOff(_Reward, frozen=True, tag="amount_off"):
    amount: int


class PercentOff(_Reward, frozen=True, tag="percent_off"):
    percent: int
    amount_max: int


class FreeItem(_Reward, frozen=True, tag="free_item"):
    item: str
    worth: int = 0


class PointsForMoney(_Reward, frozen=True, tag="points_for_money"):
    amount_per_step: int
    share_percent_max: int = 100


class Program(_Shape, frozen=True):
    version: str
    name: str
    currency: str
    effective_from_ms: int
    earn: EarnRule
    tiers: tuple[Tier, ...]
    weekday_multipliers: tuple[WeekdayMultiplier, ...] = ()
    rewards: tuple[AmountOff | PercentOff | FreeItem | PointsForMoney, ...] = ()
    welcome_points: int = 0


class MemberRow(_Shape, frozen=True, tag_field="type", tag="member"):
    v: int
    member: str
    balance: int = 0
    tier: str = ""
    earned_window: int = 0
    name: str = ""
    phone: str = ""
    status: str = "active"
    enrolled_ms: int = 0
    alias_of: str | None = None


class CardRow(_Shape, frozen=True, tag_field="type", tag="card"):
    v: int
    card_key: str
    number: str = ""
    member: str | None = None
    status: str = "blank"
    batch: str = ""


class ProgramRow(_Shape, frozen=True, tag_field="type", tag="program"):
    v: int
    program: Program


class RightsRow(_Shape, frozen=True, tag_field="type", tag="rights"):
    v: int
    member: str
    granted: int
    keep: int | None = None
    keep_for: str | None = None
    lent: tuple[tuple[str, int], ...] = ()


class MerchantRow(_Shape, frozen=True, tag_field="type", tag="merchant"):
    v: int
    merchant: str
    name: str
    currency: str
    accepted: tuple[str, ...] = ()


class TillRow(_Shape, frozen=True, tag_field="type", tag="till"):
    v: int
    till: str
    public_key: str = ""
    status: str = "active"


class AttentionRow(_Shape, frozen=True, tag_field="type", tag="attention"):
    v: int
    item: str
    kind: str
    at_ms: int = 0
    member: str | None = None
    points: int = 0
    detail: str = ""
    choices: tuple[str, ...] = ()
    settled: str = ""


class PeerRow(_Shape, frozen=True, tag_field="type", tag="peer"):
    v: int
    member: str
    points: int = 0


Row = MemberRow | CardRow | ProgramRow | RightsRow | MerchantRow | TillRow | AttentionRow | PeerRow
STATUSES = frozenset({"ok", "gap", "report", "closed", "busy", "upgrade", "held"})


class Reply(_Shape, frozen=True):
    req: str
    status: str
    merchant: str
    epoch: int
    server_now: int
    have: int = 0
    rows: tuple[Row, ...] = ()
    cursor: str = ""
    more: bool = False
    verdicts: tuple[tuple[int, str], ...] = ()
    risk_total: int = 0
    spend_until_ms: int = 0


class HistoryEntry(_Shape, frozen=True):
    event: str
    stream: str
    seq: int
    position: int
    at_ms: int
    kind: str
    points: int
    balance: int
    till_name: str = ""


class History(_Shape, frozen=True):
    merchant: str
    entries: tuple[HistoryEntry, ...] = ()


class Header(msgspec.Struct, frozen=True, array_like=True, tag="header"):
    """First frame of the file with all members."""

    schema: int
    merchant: str
    epoch: int
    v: int
    members: int
    cards: int
    programs: tuple[tuple[int, Program], ...]


class MemberBlock(msgspec.Struct, frozen=True, array_like=True, tag="members"):
    """Members in such a file."""

    first: int
    ids: bytes
    v: bytes
    balance: bytes
    earned: bytes
    enrolled: bytes
    phones: bytes
    names: list[str]
    tiers: list[str]
    statuses: list[str]
    odd_phones: dict[int, str]
    aliases: dict[int, str]


class CardBlock(msgspec.Struct, frozen=True, array_like=True, tag="cards"):
    """Cards in such a file."""

    keys: bytes
    v: bytes
    numbers: bytes
    members: bytes
    statuses: list[str]
    batches: list[str]
    odd_numbers: dict[int, str]
    odd_members: dict[int, str]


class End(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """The last frame."""

    members: int
    cards: int


Frame = Header | MemberBlock | CardBlock | End
