"""The past sales of all tills, as a replay reads them: from the books, page by page."""

from collections.abc import Iterator

from pos_loyalty.domain.event import SaleMoved, SaleRefunded
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.replay import PastSales, ReplayRow
from pos_loyalty.domain.replay_side import NOBODY, Person
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.reading import read_event

_PAGE = 1_000
_SHOPS = (
    "SELECT stream.stream, shop.name FROM stream"
    " JOIN till ON till.merchant = stream.merchant AND till.till = stream.till"
    " JOIN shop ON shop.merchant = till.merchant AND shop.shop = till.shop"
    " WHERE stream.merchant = ?"
)


def past_sales(session: Session, merchant: Merchant) -> PastSales:
    """Return what all tills did, in the order of the books; a page at a time is held."""
    key = merchant.merchant
    count = session.fetch(
        "SELECT count(*) FROM event WHERE merchant = ? AND event IS NOT NULL", key
    )

    def person(member: str) -> Person:
        states = statements.load_members(session, key, [MemberId(member)])
        state = states.get(MemberId(member))
        return NOBODY if state is None else Person(state.segments, state.birthday)

    return PastSales(
        programs=tuple(merchant.programs.values()),
        rows=_rows(session, key),
        total=int(count[0][0]),
        referred=_referred(session, key),
        people=person,
        accounts=_accounts(session, key),
    )


def _rows(session: Session, merchant: str) -> Iterator[ReplayRow]:
    """Yield every event that counts."""
    shops: dict[str, str] = dict(session.fetch(_SHOPS, merchant))
    place: tuple[int, str, int] = (0, "", 0)
    while True:
        rows = session.fetch(
            "SELECT v, stream, seq, data, event FROM event WHERE merchant = ?"
            " AND (v, stream, seq) > (?, ?, ?) ORDER BY v, stream, seq LIMIT ?",
            merchant,
            *place,
            _PAGE,
        )
        for _, stream, _, data, counted in rows:
            event = None if counted is None else read_event(bytes(data)).event
            if event is not None:
                yield ReplayRow(event, shops.get(stream, ""))
        if len(rows) < _PAGE:
            return
        place = (rows[-1][0], rows[-1][1], rows[-1][2])


def _referred(session: Session, merchant: str) -> frozenset[str]:
    """Return the sales that something undoes, refunds or moves: few beside all."""
    reversed_sales = session.fetch("SELECT sale FROM reversed_sale WHERE merchant = ?", merchant)
    changes = session.fetch(
        "SELECT data FROM event WHERE merchant = ? AND kind IN ('refund', 'move')"
        " AND event IS NOT NULL",
        merchant,
    )
    events = (read_event(bytes(row[0])).event for row in changes)
    changed = (event.sale_id for event in events if isinstance(event, SaleRefunded | SaleMoved))
    return frozenset(row[0] for row in reversed_sales).union(changed)


def _accounts(session: Session, merchant: str) -> dict[str, str]:
    """Return into which account each merged one went, through any number of merges."""
    above: dict[str, str] = dict(
        session.fetch(
            "SELECT member, alias_of FROM member WHERE merchant = ? AND alias_of IS NOT NULL",
            merchant,
        )
    )

    def root(member: str) -> str:
        while member in above:
            member = above[member]
        return member

    return {member: root(member) for member in above}
