"""Loads what became of sales, vouchers and stock, and newer programs; little for plain ones."""

from collections.abc import Iterable

from pos_loyalty.domain.ids import ID_LENGTH, EventId, MemberId, MerchantId, StreamId
from pos_loyalty.domain.receipt_code import SHORT_LETTERS
from pos_loyalty.server.books import Books, Merchant, Programs
from pos_loyalty.server.database import keeping_statements, statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.inbox_load import load_whole
from pos_loyalty.server.member_rows import class_of
from pos_loyalty.server.reading import Touched

_SHORT_PLACE = ID_LENGTH - SHORT_LETTERS + 1


def hear_of_programs(session: Session, merchant: Merchant, v: int) -> None:
    """Take over versions that were published beside this process, as by the owner's command.

    Nothing is read where nobody else has written: this group's version is the next one. A
    version is this process's own only once it is written (:func:`note_written`): given back
    unused, it is the next one's, who may publish with it.
    """
    programs = merchant.programs
    if not isinstance(programs, Programs):
        return
    if programs.seen_v != v - 1:
        rows = session.fetch("SELECT version FROM program WHERE merchant = ?", merchant.merchant)
        if {str(row[0]) for row in rows} - programs.keys():
            for _, program in statements.load_programs(session, merchant.merchant):
                programs.setdefault(program.version, program)
        programs.seen_v = v - 1


def note_written(merchant: Merchant, v: int) -> None:
    """Remember that this process itself wrote a version of the books: no program came with it."""
    if isinstance(merchant.programs, Programs):
        merchant.programs.seen_v = max(merchant.programs.seen_v, v)


def begin_keeping(session: Session, books: Books, touched: Touched) -> None:
    """Load what became of the sales that this group changes, and which refunds wait for it."""
    key, keeping = books.merchant.merchant, books.keeping
    for name, member in touched.short_names:
        everyone = [state.member for state in class_of(session, key, member)] or [member]
        touched.sales |= sales_on_receipt(session, key, name, everyone)
    keeping.sales = keeping_statements.load_sales(session, key, touched.sales)
    keeping.waiting = keeping_statements.load_waiting(session, key, touched.facts)
    keeping.claimed = keeping_statements.load_claimed(session, key, touched.vouchers)
    touched.facts |= touched.sales
    touched.facts.update(one.event for waiting in keeping.waiting.values() for one in waiting)


def sales_on_receipt(
    session: Session, merchant: MerchantId, name: str, members: Iterable[MemberId]
) -> set[EventId]:
    """Return the events of a person's entries whose ids end so; ``members`` are all accounts."""
    rows = session.fetch_among(
        f"SELECT DISTINCT event FROM entry WHERE merchant = ? AND member {{among}}"  # noqa: S608 - letters of an id
        f" AND substr(event, {_SHORT_PLACE}) = '{name}'",
        merchant,
        sorted(members),
    )
    return {EventId(row[0]) for row in rows}


def holders(books: Books) -> set[MemberId]:
    """Return who has the moved ones of the loaded sales, and whom they paid for invitations."""
    states = books.keeping.sales.values()
    found = {state.move.to_member for state in states if state.move is not None}
    for state in states:
        for paid in state.referrals:
            found |= {paid.referrer, paid.referred}
    return found


def load_keeping(session: Session, books: Books, touched: Touched) -> None:
    """Load all accounts of people whose counts or balances a rule looks at, and shares of stock."""
    whole = touched.whole | holders(books)
    whole.update(
        fact.member
        for sale in touched.sales
        if (fact := books.facts.get(sale)) is not None and fact.member is not None
    )
    needs = books.needs
    if needs.is_any:
        whole.update(books.members)
        whole.update(
            MemberId(state.kept.invited_by)
            for state in books.members.values()
            if state.kept is not None and state.kept.invited_by
        )
    if whole:
        load_whole(session, books, whole)
    if needs.stock:
        load_stock(session, books)


def load_stock(session: Session, books: Books) -> None:
    """Load the shares of all streams, and which of these are closed."""
    key, keeping = books.merchant.merchant, books.keeping
    keeping.shares = keeping_statements.load_shares(session, key, books.needs.stock)
    held = {stream for stream, _ in keeping.shares}
    states = statements.load_streams(session, key, held)
    keeping.closed = {StreamId(name) for name, state in states.items() if state.closed}
    rows = session.fetch("SELECT count(*) FROM stream WHERE merchant = ? AND closed = 0", key)
    keeping.open_streams = int(rows[0][0])
