"""Compares what is kept of members with what events and decisions give."""

from collections.abc import Callable, Mapping

from pos_loyalty.domain import lot as lots
from pos_loyalty.server.books import Books, MemberState
from pos_loyalty.server.database import keeping_statements, statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.keeping_state import Kept, Needs

_PAGE = 2_000


def compare_kept(session: Session, books: Books, fault: Callable[[str], None]) -> None:
    """Name every member whose counts or lots are not those of the events, and every sale."""
    needs = books.needs
    if not needs.is_any:
        return
    members = sorted(books.members)
    for start in range(0, len(members), _PAGE):
        page = members[start : start + _PAGE]
        stored = statements.load_members(session, books.merchant.merchant, page)
        for member in page:
            _compare_member(stored.get(member), books.members[member], needs, fault)
    sales = sorted(books.keeping.sales)
    for start in range(0, len(sales), _PAGE):
        page_of_sales = sales[start : start + _PAGE]
        held = keeping_statements.load_sales(session, books.merchant.merchant, page_of_sales)
        for sale in page_of_sales:
            if held.get(sale) != books.keeping.sales[sale]:
                fault(f"sale {sale}: what came back of it does not fit the events")


def _compare_member(
    stored: MemberState | None, again: MemberState, needs: Needs, fault: Callable[[str], None]
) -> None:
    held = stored.kept if stored is not None and stored.kept is not None else Kept()
    derived = again.kept or Kept()
    if _asked(held.tally, needs) != _asked(derived.tally, needs):
        fault(f"member {again.member}: the counts do not fit the events")
    if not needs.has_lots:
        return
    if held.book != derived.book:
        fault(f"member {again.member}: the lots do not fit the events")
    if stored is not None and lots.balance(held.book) != stored.balance:
        fault(f"member {again.member}: the lots do not give {stored.balance}")


def _asked(tally: Mapping[str, int], needs: Needs) -> dict[str, int]:
    """Return the counts that a version still asks for."""
    asked = {name.partition("@")[0] for name in needs.tally}
    return {key: count for key, count in tally.items() if key.partition("@")[0] in asked}
