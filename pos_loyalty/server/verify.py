"""Re-computes the books from the events alone and names the first that is not right.

Chains, signatures, verdicts, balances, spend rights and waiting card points: all
are derived again from the stored bytes with the same fold, and compared with what
is stored. Granted rights are the server's own and are taken as stored.
"""

from dataclasses import dataclass, field

from pos_loyalty.domain.event import chain_hash, first_hash
from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.domain.program_words_plain import many
from pos_loyalty.server.authentication import is_signed, signed_batch
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.database.rights_statements import load_released
from pos_loyalty.server.fold import COUNTED
from pos_loyalty.server.fold_again import fold_again
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.verify_kept import compare_kept
from pos_loyalty.wire.verdicts import Verdict

_PAGE = 2_000
_FAULTS_MAX = 20


@dataclass
class Report:
    """What verification found."""

    events: int = 0
    members: int = 0
    streams: int = 0
    faults: list[str] = field(default_factory=list[str])

    @property
    def sentence(self) -> str:
        """The result for a person, the first fault first."""
        counted = (
            f"{many(self.events, 'event')} of {many(self.streams, 'stream')},"
            f" {many(self.members, 'member')}"
        )
        if not self.faults:
            return f"The books are right: {counted}."
        return "\n".join([f"The books are NOT right ({counted}).", *self.faults])

    def as_json(self) -> dict[str, int | bool | list[str]]:
        """The result for a program."""
        return {
            "ok": not self.faults,
            "events": self.events,
            "streams": self.streams,
            "members": self.members,
            "faults": self.faults,
        }

    def fault(self, text: str) -> None:
        """Note a fault; after some, more of them say nothing new."""
        if len(self.faults) < _FAULTS_MAX:
            self.faults.append(text)


def verify_books(database: Database) -> Report:
    """Verify everything in one snapshot."""
    merchant = read_merchant(database)
    report = Report()
    with database.read() as session:
        _, epoch = statements.current_version(session, merchant.merchant)
        books = Books(merchant=merchant, v=0, epoch=epoch, now_ms=0)
        rows = session.fetch(
            "SELECT stream FROM stream WHERE merchant = ? ORDER BY stream", merchant.merchant
        )
        streams = [StreamId(row[0]) for row in rows]
        for stream in streams:
            _verify_chain(session, merchant.merchant, stream, report)
        _verify_signatures(session, merchant.merchant, report)
        _fold_again(session, books, report)
        _compare_members(session, books, report)
        _compare_rights(session, books, report)
        _compare_cards(session, books, report)
        compare_kept(session, books, report.fault)
        _check_people(session, merchant.merchant, report)
    report.streams = len(streams)
    return report


def _verify_chain(session: Session, merchant: MerchantId, stream: StreamId, report: Report) -> None:
    state = statements.load_streams(session, merchant, [stream])[stream]
    chain, seq = first_hash(stream, state.join_nonce), 0
    while True:
        rows = session.fetch(
            "SELECT seq, hash, data FROM event WHERE merchant = ? AND stream = ? AND seq > ?"
            " ORDER BY seq LIMIT ?",
            merchant,
            stream,
            seq,
            _PAGE,
        )
        for number, stored, data in rows:
            chain = chain_hash(chain, bytes(data))
            if number != seq + 1:
                report.fault(f"stream {stream}: event {seq + 1} is missing")
                return
            seq = number
            if chain != bytes(stored):
                report.fault(f"stream {stream}: event {seq} was altered")
                return
        if len(rows) < _PAGE:
            break
    if seq != state.last or chain != state.last_hash:
        report.fault(f"stream {stream}: its end is not where it was recorded, after event {seq}")


def _verify_signatures(session: Session, merchant: MerchantId, report: Report) -> None:
    rows = session.fetch(
        "SELECT sig.stream, sig.last_seq, sig.signature, sig.hash, event.hash, till.public_key"
        " FROM batch_signature AS sig"
        " JOIN stream ON stream.merchant = sig.merchant AND stream.stream = sig.stream"
        " JOIN till ON till.merchant = stream.merchant AND till.till = stream.till"
        " LEFT JOIN event ON event.merchant = sig.merchant AND event.stream = sig.stream"
        " AND event.seq = sig.last_seq"
        " WHERE sig.merchant = ? AND sig.signature <> '' ORDER BY sig.stream, sig.last_seq",
        merchant,
    )
    for stream, seq, signature, signed_hash, held_hash, public_key in rows:
        if held_hash is None or bytes(held_hash) != bytes(signed_hash):
            report.fault(f"stream {stream}: event {seq} is not what its till signed")
            continue
        data = signed_batch(merchant, StreamId(stream), seq, bytes(signed_hash))
        if not is_signed(public_key, signature, data):
            report.fault(f"stream {stream}: the signature at event {seq} is not its till's")


def _fold_again(session: Session, books: Books, report: Report) -> None:
    def judged(stream: StreamId, seq: int, stored: Verdict, again: Verdict) -> None:
        if (again in COUNTED) != (stored in COUNTED):
            report.fault(f"stream {stream}: event {seq} is {stored}, but should be {again}")

    report.events = fold_again(session, books, judged)


def _check_people(session: Session, merchant: MerchantId, report: Report) -> None:
    """Merged accounts lead to an older one that stays; of the erased nothing is left."""
    rows = session.fetch(
        "SELECT one.member, one.alias_of, older.member FROM member AS one"
        " LEFT JOIN member AS older"
        " ON older.merchant = one.merchant AND older.member = one.alias_of"
        " WHERE one.merchant = ? AND one.alias_of IS NOT NULL ORDER BY one.member",
        merchant,
    )
    for member, older, found in rows:
        if found is None or older >= member:
            report.fault(f"member {member}: is merged into {older}, which is no older account")
    rows = session.fetch(
        "SELECT member FROM member WHERE merchant = ? AND status = 'erased'"
        " AND (name <> '' OR phone <> '') ORDER BY member",
        merchant,
    )
    for row in rows:
        report.fault(f"member {row[0]}: was erased, but has personal fields")


def _compare_members(session: Session, books: Books, report: Report) -> None:
    rows = session.fetch(
        "SELECT member, balance, outstanding FROM member WHERE merchant = ? ORDER BY member",
        books.merchant.merchant,
    )
    sums = {
        member: int(points)
        for member, points in session.fetch(
            "SELECT member, sum(points) FROM entry WHERE merchant = ? GROUP BY member",
            books.merchant.merchant,
        )
    }
    report.members = len(rows)
    stored = {row[0]: row for row in rows}
    for member in sorted(stored.keys() | books.members.keys()):
        balance = books.members[member].balance if member in books.members else 0
        held = int(stored[member][1]) if member in stored else 0
        if held != balance:
            report.fault(f"member {member}: balance {held}, the events give {balance}")
        if sums.get(member, 0) != balance:
            report.fault(f"member {member}: the entries do not give {balance}")


def _compare_rights(session: Session, books: Books, report: Report) -> None:
    for (holder, stream), points in load_released(session, books.merchant.merchant).items():
        # What the owner freed stands beside the journals, each point in a row of its own.
        books.rights_of(holder, stream).returned += points
    outstanding: dict[str, int] = {}
    rows = session.fetch(
        "SELECT member, stream, granted, earned, used, returned, lent FROM rights"
        " WHERE merchant = ?"
        " ORDER BY member, stream",
        books.merchant.merchant,
    )
    for member, stream, granted, *counters in rows:
        again = books.rights_of(member, stream)
        if tuple(counters) != (again.earned, again.used, again.returned, again.lent):
            report.fault(f"member {member}: spend rights in stream {stream} do not fit its events")
        left = granted + counters[0] + counters[3] - counters[1] - counters[2]
        outstanding[member] = outstanding.get(member, 0) + max(0, left)
    members = session.fetch(
        "SELECT member, outstanding FROM member WHERE merchant = ? ORDER BY member",
        books.merchant.merchant,
    )
    for member, stored in members:
        if stored != outstanding.get(member, 0):
            report.fault(f"member {member}: the sum of spend rights is not {stored}")


def _compare_cards(session: Session, books: Books, report: Report) -> None:
    rows = session.fetch(
        "SELECT card_key, held, member FROM card WHERE merchant = ? ORDER BY card_key",
        books.merchant.merchant,
    )
    for card_key, held, member in rows:
        again = books.cards.get(card_key)
        if again is None or (again.held, again.member) != (held, member):
            report.fault(f"card {card_key}: its points or its member do not fit the events")
