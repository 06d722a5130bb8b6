"""Derives what is kept of members again, where a new program asks for more than was kept.

It happens in the transaction in which the program is published: from its first moment on the
counts and the lots of every member are what they were had they been kept from the start.
"""

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.books import Books, MemberState, Merchant, Programs
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.keeping_statements import save_keeping
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.due_times import due_ms_of
from pos_loyalty.server.fold_again import fold_again
from pos_loyalty.server.keeping import withhold
from pos_loyalty.server.keeping_state import needs_of
from pos_loyalty.server.tier_keeping import tier_ends_ms

_PAGE = 2_000


def asks_for_more(merchant: Merchant, program: LoyaltyProgram) -> bool:
    """Tell whether a version asks for something that the ones before it do not."""
    known = [one for one in merchant.programs.values() if one.version != program.version]
    before, after = needs_of(known), needs_of([*known, program])
    return after != before


def keep_anew(
    session: Session, merchant: Merchant, program: LoyaltyProgram, *, v: int, now_ms: int
) -> int:
    """Keep for every member what all versions ask for, this one included; return how many.

    The caller holds version ``v``, so that nobody writes beside this.
    """
    everything = Programs(merchant.programs)
    everything[program.version] = program
    wider = Merchant(
        merchant=merchant.merchant,
        name=merchant.name,
        currency=merchant.currency,
        country=merchant.country,
        programs=everything,
        referrals_stay_until=merchant.referrals_stay_until,
    )
    again = Books(merchant=wider, v=0, epoch=0, now_ms=0)
    fold_again(session, again)
    again.begin_version(v, now_ms=now_ms)
    withhold(again, again.members.values())
    written = _write_members(session, again)
    again.keeping.dirty_sales = set(again.keeping.sales)
    again.keeping.dirty_shares.clear()
    save_keeping(session, again)
    return written


def _write_members(session: Session, again: Books) -> int:
    key, v = again.merchant.merchant, again.v
    changed = sorted(member for member, state in again.members.items() if state.kept is not None)
    for start in range(0, len(changed), _PAGE):
        page = changed[start : start + _PAGE]
        books = Books(merchant=again.merchant, v=v, epoch=again.epoch, now_ms=again.now_ms)
        books.members = statements.load_members(session, key, page)
        for member, state in books.members.items():
            _take_over(again, state, again.members[member])
            books.touch_member(state)
        statements.save(session, books)
    return len(changed)


def _take_over(again: Books, state: MemberState, derived: MemberState) -> None:
    """Take counts and lots from the derived member; name, tier and balance stay as stored."""
    derived.tier, derived.status, derived.birthday = state.tier, state.status, state.birthday
    derived.alias_of = state.alias_of
    state.kept = derived.kept
    if state.kept is not None:
        state.kept.tier_until_ms = tier_ends_ms(again, derived)
    state.due_ms = due_ms_of(again, derived)
