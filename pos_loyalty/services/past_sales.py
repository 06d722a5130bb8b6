"""The past sales of one till, as a replay reads them: from its journal, one after the other."""

from collections.abc import Iterator

from pos_loyalty.domain.event import EventRescued, UnreadableEvent, decode_event
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.replay import PastSales, ReplayRow
from pos_loyalty.domain.replay_side import NOBODY, Person
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories

_AT_ONCE = 1_000


def past_sales(work: Repositories) -> PastSales:
    """Return what this till did; nothing is held but what the replay takes."""
    execute = work.connection.execute
    settings = work.settings
    shop = settings.text(Setting.SHOP_NAME) or settings.text(Setting.MERCHANT_NAME)
    referred = execute(
        "SELECT sale_id FROM reversed_sale UNION SELECT subject FROM event_reference"
    )
    merged = execute("SELECT member, alias_of FROM member WHERE alias_of IS NOT NULL")

    def person(member: str) -> Person:
        record = work.members.record(MemberId(member))
        return NOBODY if record is None else Person(record.sheet.segments, record.sheet.birthday)

    return PastSales(
        programs=work.programs.all(),
        rows=_rows(work, shop),
        total=int(execute("SELECT count(*) FROM event").fetchone()[0]),
        referred=frozenset(row[0] for row in referred),
        people=person,
        accounts=dict(merged.fetchall()),
    )


def _rows(work: Repositories, shop: str) -> Iterator[ReplayRow]:
    """Yield the events of the journal; what was carried over stands there as it was, too."""
    cursor = work.connection.execute("SELECT bytes FROM event ORDER BY stream_no, seq")
    while rows := cursor.fetchmany(_AT_ONCE):
        for row in rows:
            try:
                event = decode_event(row[0])
            except UnreadableEvent:
                continue
            if not isinstance(event, EventRescued):
                yield ReplayRow(event, shop)
