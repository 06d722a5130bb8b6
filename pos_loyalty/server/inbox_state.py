"""The owner's list in the loaded books: items to settle, what was decided, older field values."""

from dataclasses import dataclass, field

from pos_loyalty.domain.attention_catalog import facts_of
from pos_loyalty.domain.ids import EventId, MemberId, StreamId


def item_id(kind: str, stream: str, seq: int) -> str:
    """Return the id under which tills know an item."""
    return f"{kind}.{stream}.{seq}"


def item_place(item: str) -> tuple[str, str, int] | None:
    """Read an item's id back into kind, stream and seq; None if it is none."""
    kind, _, rest = item.partition(".")
    stream, _, seq = rest.partition(".")
    if not (kind and stream and seq.isascii() and seq.isdecimal() and len(seq) <= len("9" * 18)):
        return None
    return kind, stream, int(seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of the owner's list as it is stored; ``settled`` is empty while it is open."""

    kind: str
    stream: StreamId
    seq: int
    detail: str
    member: MemberId | None
    points: int
    settled: str = ""

    @property
    def id(self) -> str:
        """The id under which tills know it."""
        return item_id(self.kind, self.stream, self.seq)

    @property
    def facts(self) -> dict[str, str]:
        """What its detail says."""
        return facts_of(self.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was chosen for an item, by whom: a till's id, or the server's own commands."""

    item: Item
    choice: str
    settlement: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided beside the journals; kept, so that the books can be re-computed."""

    kind: str
    subject: str
    object: str
    who: str


CARD_GIVEN = "card_given"
MERGED = "merged"
UNMERGED = "unmerged"
ERASED = "erased"
ACCEPTED_LOSS = "accepted_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValue:
    """A value that a personal field was given: at which version, by which till and change."""

    member: MemberId
    field: str
    v: int
    change: EventId
    value: str
    till: str


@dataclass(slots=True)
class InboxState:
    """The loaded part of the owner's list and of the history of personal fields."""

    items: dict[str, Item] = field(default_factory=dict[str, Item])
    values: dict[tuple[MemberId, str], list[FieldValue]] = field(
        default_factory=dict[tuple[MemberId, str], list[FieldValue]]
    )
    merged_into: dict[MemberId, set[MemberId]] = field(
        default_factory=dict[MemberId, set[MemberId]]
    )
    """For each account the ones that were merged into it, as far as they are loaded."""

    settled: dict[str, Settled] = field(default_factory=dict[str, Settled])
    decisions: list[Decision] = field(default_factory=list[Decision])
    new_values: list[FieldValue] = field(default_factory=list[FieldValue])
    dropped_values: list[FieldValue] = field(default_factory=list[FieldValue])
    erased: set[MemberId] = field(default_factory=set[MemberId])
    closed: set[StreamId] = field(default_factory=set[StreamId])
    """Journals that were closed in this group."""
    released: list[StreamId] = field(default_factory=list[StreamId])
    """Closed journals whose reserved points the owner freed."""

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.settled or self.decisions or self.new_values or self.dropped_values or self.erased
        )
