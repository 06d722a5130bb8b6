"""However a journal is cut, repeated and shuffled on its way, the books are the same."""

from collections.abc import Callable
from contextlib import closing

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pos_loyalty.domain.event import Event, SaleRecorded, encode_event, first_hash
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


class Writing:
    """A journal in the making, for members and cards of its own."""

    def __init__(self) -> None:
        self.members = [new_member() for _ in range(MEMBERS)]
        self.cards = [CardKey(new_id()) for _ in range(MEMBERS)]
        self.journal: list[bytes] = []
        self.sales: list[tuple[int, SaleRecorded]] = []

    def step(self, kind: str, who: int, points: int) -> None:
        """Append what a step describes; one that is impossible now becomes poison."""
        if kind == "twice" and self.journal:
            self.journal.append(self.journal[points % len(self.journal)])
            return
        event = self._event(kind, who, points)
        self.journal.append(encode_event(event) if event else b'{"kind":"poison"}')
        if isinstance(event, SaleRecorded):
            self.sales.append((len(self.journal), event))

    def _event(self, kind: str, who: int, points: int) -> Event | None:
        member, card = self.members[who], self.cards[who]
        makers: dict[str, Callable[[], Event]] = {
            "sale": lambda: sale(member, total=points * 100),
            "redeem": lambda: sale(member, total=10_000, redeem=points),
            "enroll": lambda: enrollment(member, card_key=card),
            "card sale": lambda: sale(card_key=card, total=points * 100),
            "issue": lambda: cards_issued(card),
            "return": lambda: rights_return(member, points),
        }
        if kind == "undo" and self.sales:
            seq, sold = self.sales[points % len(self.sales)]
            return reversal(sold, seq)
        return makers[kind]() if kind in makers else None


def ingest(
    database: Database, steps: list[Step], windows: list[tuple[int, int]]
) -> tuple[object, ...]:
    """Send a journal through these windows, then whatever is missing; return the books."""
    merchant = read_merchant(database)
    writer = GroupWriter(database, merchant, clock=CLOCK, ids=IDS)
    till = SimpleTill("", merchant=merchant.merchant, epoch=1)
    writing = Writing()
    for step in steps:
        writing.step(*step)
    written, members = writing.journal, writing.members
    for data in written:
        till.append_bytes(data)
    row = (merchant.merchant, till.stream, new_id(), till.nonce, 0)
    start = first_hash(till.stream, till.nonce)
    transact(
        database,
        lambda session: session.add(tables.STREAM, [(*row, start, 0, 0, "", "", 0, 0, 0, 0, 0)]),
    )

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
