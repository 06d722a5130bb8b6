"""Points that were a debt, which others have repaid since, come back as points of now."""

from dataclasses import replace

import msgspec
import pytest

from pos_loyalty.domain.event import Event, SaleRefunded, encode_event
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import EventId
from pos_loyalty.domain.lot_end import ends_at
from pos_loyalty.server.books import Books
from pos_loyalty.server.ingest import fold_group
from tests.contract.simple_till import MONDAY_MS, PROGRAM, enrollment, new_id, new_member, sale
from tests.unit.server.test_fold import STREAM, batch_of, fresh_books

DAY_MS = 24 * 3_600_000
LATER_MS = MONDAY_MS + 40 * DAY_MS
ENDING = msgspec.structs.replace(
    PROGRAM,
    expiration=ExpirationRules(model=AfterEarning(days=30), warnings_days=(), grace_days=7),
    weekday_multipliers=(),
)


def ending_books(*, older_until: int = 0) -> Books:
    """Return books whose points end after 30 days; ``older_until`` is from an older server."""
    books = fresh_books()
    books.merchant = replace(
        books.merchant, programs={ENDING.version: ENDING}, rules_0_3_until=older_until
    )
    return books


def fold(books: Books, *events: Event) -> None:
    data = [encode_event(event) for event in events]
    fold_group(books, [batch_of(books, STREAM, *data)], tokens=["t"])


@pytest.mark.parametrize(
    ("older_until", "points_are_of_ms"),
    [(0, LATER_MS), (1, LATER_MS), (2, MONDAY_MS)],
    ids=["new books", "after an older server", "as an older server did"],
)
def test_what_was_a_debt_comes_back_as_points_of_now(
    older_until: int, points_are_of_ms: int
) -> None:
    books, member = ending_books(older_until=older_until), new_member()
    bought = sale(member, total=1_000, redeem=200, earned=0)
    repaid = sale(member, total=30_000, earned=300, at_ms=LATER_MS - DAY_MS)
    back = SaleRefunded(
        v=1,
        id=EventId(new_id()),
        at_ms=LATER_MS,
        boot_ms=1,
        tz_minutes=0,
        program=ENDING.version,
        sale_id=bought.id,
        member=member,
        amount=1_000,
        redeemed_returned=200,
        rights_returned=200,
        cash=900,
    )

    fold(books, enrollment(member, welcome=50), bought, repaid, back)

    kept = books.members[member].kept
    assert kept is not None
    end_of_debt = ends_at(ENDING.expiration, at_ms=points_are_of_ms, tz_minutes=0)
    of_repaid = ends_at(ENDING.expiration, at_ms=repaid.at_ms, tz_minutes=0)
    lots = {(lot.ends_ms, lot.points) for lot in kept.book.lots}
    assert (of_repaid, 150) in lots, "the debt of 150 was repaid by the sale after it"
    assert (end_of_debt, 150) in lots
