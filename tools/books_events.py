"""What the bytes of an event say, read a second time by rules of its own.

Part of the checker `check_books.py`, which shares no code with the program it
checks: the format is taken from the documents, not from the implementation.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Fields = dict[str, Any]

_CHAIN_NAME = b"lp1"


@dataclass(frozen=True)
class Event:
    """One event as it is stored: its place, its hash and its bytes.

    ``fields`` is what the bytes say; of a rescued event, what the rescued bytes say.
    It is empty where the bytes say nothing readable.
    """

    stream: str
    seq: int
    hash: bytes
    data: bytes
    fields: Fields
    is_rescued: bool

    @property
    def id(self) -> str:
        """The event's id, which for a sale is the sale's id."""
        return str(self.fields.get("id", ""))

    @property
    def kind(self) -> str:
        """What happened."""
        return str(self.fields.get("kind", ""))


@dataclass(frozen=True)
class Entry:
    """What an event does to the points of a member, or of a card that is nobody's yet."""

    kind: str
    points: int
    member: str | None
    card_key: str | None


@dataclass(frozen=True)
class RightsMove:
    """What an event does to a member's counters in the stream that holds it."""

    member: str
    earned: int = 0
    used: int = 0
    returned: int = 0


def walk_chain(
    stream: str,
    nonce: str,
    rows: Iterable[tuple[int, bytes, bytes]],
    *,
    last: tuple[int, bytes],
    before: tuple[int, bytes | None] = (0, None),
) -> tuple[list[Event], str]:
    """Recompute a stream's hashes; return its events and the first fault in words, or "".

    Args:
        stream: the stream's id.
        nonce: what its first hash is made of besides.
        rows: (seq, bytes, stored hash) in the order of seq.
        last: the seq and hash at which the stream is said to end.
        before: the seq up to which old events were deleted, and the hash there.
    """
    start = hashlib.sha256(_CHAIN_NAME + b"|" + stream.encode() + b"|" + nonce.encode()).digest()
    pruned, digest = before[0], before[1] or start
    events: list[Event] = []
    fault = ""
    for seq, data, stored in rows:
        expected = pruned + len(events) + 1
        place = f"stream {stream[:8]}, event {expected}"
        digest = hashlib.sha256(digest + data).digest()
        if not fault and seq != expected:
            fault = f"{place} is missing; after it comes {seq}"
        if not fault and digest != stored:
            fault = f"{place}: its bytes do not fit the chain"
        events.append(_event(stream, seq, stored, data))
        if not fault and not events[-1].fields:
            fault = f"{place}: its bytes are not readable"
    end = (events[-1].seq, events[-1].hash) if events else (pruned, digest)
    if not fault and end != last:
        fault = f"stream {stream[:8]} ends at event {end[0]}, but is said to end at {last[0]}"
    return events, fault


def entries_of(event: Event) -> Iterator[Entry]:
    """Yield what an event does to points; what does nothing is left out."""
    return (entry for entry in _all_entries(event.fields) if entry.points)


def rights_of(event: Event) -> Iterator[RightsMove]:
    """Yield what an event does to spend rights; a rescued event has none where it stands."""
    fields, kind, member = event.fields, event.kind, event.fields.get("member")
    if event.is_rescued:
        return
    used = _number(fields, "rights_used")
    if kind == "sale" and member:
        # What waits for the end of a return period can be used once the server grants it.
        earned = 0 if _number(fields, "pending_until_ms") else _number(fields, "earned")
        yield RightsMove(member, earned=earned, used=used)
    elif kind in {"reversal", "refund"} and member:
        yield RightsMove(member, earned=_number(fields, "rights_returned"), used=used)
    elif kind == "rights_return":
        yield RightsMove(str(member), returned=_number(fields, "points"))
    elif kind == "adjustment":
        yield RightsMove(str(member), used=used)
    elif kind == "move" and fields.get("from_member"):
        yield RightsMove(fields["from_member"], used=used)


def uncovered_points(event: Event) -> tuple[str, int] | None:
    """Return whose points an event took without a right to them, and how many.

    Goods that came back take their points with them whether they are still there or
    not, and an owner may allow a risk: only so far may a pool fall below zero.
    """
    fields, kind = event.fields, event.kind
    member = fields.get("member") or fields.get("from_member")
    if not member:
        return None
    rights = 0 if event.is_rescued else _number(fields, "rights_used")
    if kind in {"reversal", "refund", "move"}:
        points = _number(fields, "earned_taken") - rights
    elif kind == "sale":
        points = _number(fields, "redeemed") - rights
    elif kind == "adjustment":
        points = -_number(fields, "points") - rights
    else:
        return None
    return str(member), max(0, points)


def _event(stream: str, seq: int, stored: bytes, data: bytes) -> Event:
    fields = _fields(data)
    is_rescued = fields.get("kind") == "rescue"
    while fields.get("kind") == "rescue":
        fields = _fields(str(fields.get("original", "")).encode())
    return Event(stream, seq, stored, data, fields, is_rescued)


def _fields(data: bytes) -> Fields:
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError):
        return {}


def _number(fields: Fields, name: str) -> int:
    value = fields.get(name, 0)
    return value if isinstance(value, int) else 0


def _all_entries(fields: Fields) -> Iterator[Entry]:
    kind, member, card_key = fields.get("kind"), fields.get("member"), fields.get("card_key")
    if kind == "sale":
        yield Entry("redemption", -_number(fields, "redeemed"), member, card_key)
        yield Entry("accrual", _number(fields, "earned"), member, card_key)
    elif kind in {"reversal", "refund"}:
        card = card_key if kind == "reversal" else None
        yield Entry("redemption_reversed", _number(fields, "redeemed_returned"), member, card)
        yield Entry("accrual_reversed", -_number(fields, "earned_taken"), member, card)
    elif kind == "enrollment":
        yield Entry("welcome", _number(fields, "welcome"), member, None)
    elif kind in {"adjustment", "activity", "voucher"}:
        yield Entry(str(kind), _number(fields, "points"), member, None)
    elif kind == "move":
        taken = -_number(fields, "earned_taken")
        if fields.get("from_member"):
            yield Entry("accrual_reversed", taken, fields["from_member"], None)
        yield Entry("accrual", _number(fields, "earned_given"), fields.get("to_member"), None)
