"""However a journal is cut, repeated and shuffled on its way, the books are the same."""

from contextlib import closing

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pos_loyalty.domain.event import Event, encode_event, first_hash
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Database
from pos_loyalty.server.group_write import GroupWriter, transact
from pos_loyalty.server.reading import prepare
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.server.verify import verify_books
from tests.contract.running_server import CLOCK, IDS, make_books
from tests.contract.simple_till import (
    SimpleTill,
    cards_issued,
    enrollment,
    new_id,
    new_member,
    reversal,
    rights_return,
    sale,
)

MEMBERS = 3
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["sale", "redeem", "enroll", "undo", "card sale", "issue", "return", "poison", "twice"]
        ),
        st.integers(0, MEMBERS - 1),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=14,
)
WINDOWS = st.lists(st.tuples(st.integers(1, 14), st.integers(1, 14)), max_size=12)


def journal_of(steps: list[Step]) -> tuple[list[bytes], list[MemberId]]:
    """Write the journal that these steps describe, for members of its own."""
    members = [new_member() for _ in range(MEMBERS)]
    cards = [CardKey(new_id()) for _ in range(MEMBERS)]
    written: list[bytes] = []
    sales: list[tuple[int, Event]] = []
    for kind, who, points in steps:
        member, card = members[who], cards[who]
        event: Event | None = None
        if kind == "sale":
            event = sale(member, total=points * 100)
        elif kind == "redeem":
            event = sale(member, total=10_000, redeem=points)
        elif kind == "enroll":
            event = enrollment(member, card_key=card)
        elif kind == "card sale":
            event = sale(card_key=card, total=points * 100)
        elif kind == "issue":
            event = cards_issued(card)
        elif kind == "return":
            event = rights_return(member, points)
        elif kind == "undo" and sales:
            seq, sold = sales[points % len(sales)]
            event = reversal(sold, seq)
        data = encode_event(event) if event else b'{"kind":"poison"}'
        if kind == "twice" and written:
            data = written[points % len(written)]
        written.append(data)
        if kind in {"sale", "redeem", "card sale"} and event is not None:
            sales.append((len(written), event))
    return written, members


def ingest(
    database: Database, steps: list[Step], windows: list[tuple[int, int]]
) -> tuple[object, ...]:
    """Send a journal through these windows, then whatever is missing; return the books."""
    merchant = read_merchant(database)
    writer = GroupWriter(database, merchant, clock=CLOCK, ids=IDS)
    till = SimpleTill("", merchant=merchant.merchant, epoch=1)
    written, members = journal_of(steps)
    for data in written:
        till.append_bytes(data)
    row = (merchant.merchant, till.stream, new_id(), till.nonce, 0)
    start = first_hash(till.stream, till.nonce)
    transact(database, lambda session: session.add(tables.STREAM, [(*row, start, 0, 0, "", "")]))

    def send(first: int, count: int) -> None:
        request = till.request(from_seq=first, count=count, token="")
        writer.write_group([prepare(request, bytes.fromhex(request.prev_hash))])

    for first, count in windows:
        if first <= len(written):
            send(first, count)
    with database.read() as session:
        last = session.fetch("SELECT last FROM stream WHERE stream = ?", till.stream)[0][0]
    send(1, last)
    send(last + 1, len(written))
    return books_of(database, till, members)


def books_of(database: Database, till: SimpleTill, members: list[MemberId]) -> tuple[object, ...]:
    with database.read() as session:
        verdicts = session.fetch(
            "SELECT seq, verdict FROM event WHERE stream = ? ORDER BY seq", till.stream
        )
        people = [
            session.fetch(
                "SELECT balance, outstanding, tier, months FROM member WHERE member = ?", member
            )
            for member in members
        ]
        rights = [
            session.fetch(
                "SELECT earned, used, returned FROM rights WHERE member = ? AND stream = ?",
                member,
                till.stream,
            )
            for member in members
        ]
    return verdicts, people, rights


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, windows=WINDOWS)
def test_any_split_with_repeats_and_reordering_gives_the_same_books(
    database_url: str, steps: list[Step], windows: list[tuple[int, int]]
) -> None:
    with closing(open_database(database_url, may_create=True)) as database:
        with database.read() as session:
            is_new = not session.fetch("SELECT 1 FROM merchant")
        if is_new:
            make_books(database_url)

        whole = ingest(database, steps, [(1, len(steps))])
        split = ingest(database, steps, windows)
        one_by_one = ingest(database, steps, [(n, 1) for n in range(1, len(steps) + 1)])

        assert msgspec.to_builtins(split) == msgspec.to_builtins(whole)
        assert msgspec.to_builtins(one_by_one) == msgspec.to_builtins(whole)
        assert verify_books(database).faults == []
