"""Personal fields that tills changed: each change once, the server's order decides."""

from collections.abc import Sequence

from pos_loyalty.domain.ids import is_id
from pos_loyalty.server.books import CONSENT_DENIED, CONSENT_GIVEN, Books, MemberState
from pos_loyalty.server.reading import printable
from pos_loyalty.wire.messages import ProfileChange

NAME_LENGTH_MAX = 300
"""As long as a till takes: a name must not come back shorter than it was typed."""
PHONE_LENGTH_MAX = 40


def take_profiles(books: Books, changes: Sequence[ProfileChange]) -> None:
    """Take each change that was not taken before; what has no shape is passed over."""
    for change in changes:
        if change.change in books.changes_taken:
            continue
        if not is_id(change.change) or not is_id(change.member):
            continue
        books.changes_taken.add(change.change)
        books.new_changes[change.change] = change.member
        member = books.member(change.member)
        if change.name is not None:
            member.name = printable(change.name, length_max=NAME_LENGTH_MAX)
        if change.phone is not None:
            member.phone = printable(change.phone)[:PHONE_LENGTH_MAX]
        _take_consent(books, member, change)
        books.touch_member(member)


def _take_consent(books: Books, member: MemberState, change: ProfileChange) -> None:
    """A refusal wins, unless a later yes was said in knowledge of it."""
    if change.offers_consent is False:
        member.consent = CONSENT_DENIED
        member.consent_v = books.v
    elif change.offers_consent is True:
        was_denied = member.consent == CONSENT_DENIED
        if not was_denied or change.base_v >= member.consent_v:
            member.consent = CONSENT_GIVEN
