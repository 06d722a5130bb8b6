"""Personal fields that tills changed: each change once, the server's order decides.

Per field the one that arrives last stands. Where it did not know of the one before
(``base_v``), both changed the same field: the loser is kept and the owner is shown both.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from pos_loyalty.domain.ids import EventId, MemberId, StreamId, is_id
from pos_loyalty.server.aliases import ERASED, look_for_twins
from pos_loyalty.server.books import CONSENT_DENIED, CONSENT_GIVEN, Books, MemberState
from pos_loyalty.server.inbox_state import FieldValue, Item
from pos_loyalty.server.reading import printable
from pos_loyalty.wire.messages import ProfileChange

NAME_LENGTH_MAX = 300
"""As long as a till takes: a name must not come back shorter than it was typed."""
PHONE_LENGTH_MAX = 40
NAME, PHONE, BIRTHDAY = "name", "phone", "birthday"
_BIRTHDAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])|")
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")
_SEQ_DIGITS = 12


def take_profiles(
    books: Books, changes: Sequence[ProfileChange], *, stream: StreamId, till: str
) -> None:
    """Take each change that was not taken before; what has no shape is passed over.

    Of an erased member nothing is taken, however late it comes: it counts as taken, so
    that the till that still has it forgets it.
    """
    for change in changes:
        is_new = change.change not in books.changes_taken
        if not (is_new and is_id(change.change) and is_id(change.member)):
            continue
        books.changes_taken.add(change.change)
        books.new_changes[change.change] = change.member
        member = books.member(change.member)
        if member.status == ERASED:
            continue
        phone_before = member.phone
        for field, value in _values(change):
            _set_field(books, member, field, value, change, stream=stream, till=till)
        _take_consent(books, member, change)
        books.touch_member(member)
        if member.phone != phone_before or change.name is not None:
            look_for_twins(books, member)


def _values(change: ProfileChange) -> Iterator[tuple[str, str]]:
    """Yield the fields of a change as they are kept; what is no birthday is passed over."""
    if change.name is not None:
        yield NAME, printable(change.name, length_max=NAME_LENGTH_MAX)
    if change.phone is not None:
        yield PHONE, written_alike(change.phone)
    if change.birthday is not None and _BIRTHDAY.fullmatch(change.birthday):
        yield BIRTHDAY, change.birthday


def take_other(books: Books, item: Item) -> bool:
    """Let the value stand again that lost a conflict; False where it is gone."""
    if item.member is None:
        return False
    member, field = books.member(item.member), item.facts.get("field", "")
    lost = item.facts.get("lost", "")
    values = books.inbox.values.get((member.member, field), [])
    found = next((each for each in values if each.change == lost), None)
    if found is None or member.status == ERASED:
        return False
    books.inbox.dropped_values += values
    stands = dataclasses.replace(found, v=books.v)
    books.inbox.values[member.member, field] = [stands]
    books.inbox.new_values.append(stands)
    _write_field(member, field, found.value)
    books.touch_member(member)
    return True


def forget_lost(books: Books, item: Item) -> bool:
    """Drop the value that lost a conflict for good: nobody needs it any more."""
    if item.member is not None:
        values = books.inbox.values.get((item.member, item.facts.get("field", "")), [])
        lost = [each for each in values if each.change == item.facts.get("lost")]
        books.inbox.dropped_values += lost
    return True


def _set_field(
    books: Books,
    member: MemberState,
    field: str,
    value: str,
    change: ProfileChange,
    *,
    stream: StreamId,
    till: str,
) -> None:
    """Let a value stand, and keep the one before where the two did not know of each other."""
    older = books.inbox.values.setdefault((member.member, field), [])
    before = older[-1] if older else None
    held = getattr(member, field)
    is_conflict = (
        before is not None
        and before.till != till
        and before.v > change.base_v
        and before.value == held
        and held not in {"", value}
    )
    if before is not None and not is_conflict:
        books.inbox.dropped_values.append(before)
        older.remove(before)
    new = FieldValue(
        member=member.member, field=field, v=books.v, change=change.change, value=value, till=till
    )
    older.append(new)
    books.inbox.new_values.append(new)
    _write_field(member, field, value)
    if is_conflict and before is not None:
        _tell(books, stream, member.member, field, lost=before.change, change=change.change)


def _tell(
    books: Books,
    stream: StreamId,
    member: MemberId,
    field: str,
    *,
    lost: EventId,
    change: EventId,
) -> None:
    # Not by version: one exchange may bring several conflicts.
    seq = int(change[-_SEQ_DIGITS:], 16)
    words = f"field={field} lost={lost}"
    books.notice("field_conflict", stream, seq, words, member=member)


def _write_field(member: MemberState, field: str, value: str) -> None:
    if field == NAME:
        member.name = value
    elif field == PHONE:
        member.phone = value
    elif field == BIRTHDAY:
        member.birthday = value


def written_alike(phone: str) -> str:
    """Return a number without what people put between its digits: tills send E.164."""
    return _BETWEEN_DIGITS.sub("", printable(phone))[:PHONE_LENGTH_MAX]


def _take_consent(books: Books, member: MemberState, change: ProfileChange) -> None:
    """A refusal wins, unless a later yes was said in knowledge of it."""
    if change.offers_consent is False:
        member.consent = CONSENT_DENIED
        member.consent_v = books.v
    elif change.offers_consent is True:
        was_denied = member.consent == CONSENT_DENIED
        if not was_denied or change.base_v >= member.consent_v:
            member.consent = CONSENT_GIVEN
