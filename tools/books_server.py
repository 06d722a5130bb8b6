"""The server's database as the checker reads it, and what must hold within it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from books_events import Event, entries_of, rights_of, uncovered_points, walk_chain
from books_report import Matter, Report
from books_till import TillStream, Unreadable, by_person

_COUNTED = {"applied", "differs", "overdraft", "held", "unknown_card"}
_SET_ASIDE = {"later", "quarantined"}
_FAULTS = {
    "differs": (Matter.OTHER, "the server computes other points than the till"),
    "overdraft": (Matter.RIGHTS, "the till used more points than it had a right to"),
}

Rows = list[tuple[Any, ...]]
Fetch = Callable[[str], Rows]


@dataclass
class ServerStream:
    """A till's journal as the server holds it, with its verdict on each event."""

    stream: str
    nonce: str
    events: list[Event]
    verdicts: dict[int, str] = field(default_factory=dict[int, str])

    def counted(self) -> list[Event]:
        """Return the events that are in the books."""
        return [event for event in self.events if self.verdicts[event.seq] in _COUNTED]


@dataclass
class ServerBooks:
    """Everything of the server that is checked."""

    streams: dict[str, ServerStream] = field(default_factory=dict[str, ServerStream])
    balances: dict[str, int] = field(default_factory=dict[str, int])
    outstanding: dict[str, int] = field(default_factory=dict[str, int])
    entry_sums: dict[str, int] = field(default_factory=dict[str, int])
    rights: dict[tuple[str, str], tuple[int, int, int, int]] = field(
        default_factory=dict[tuple[str, str], tuple[int, int, int, int]]
    )
    lent: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Rights of a member in a stream that other streams of its shop gave it."""
    released: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Rights that the owner freed, for which no till wrote an event."""
    merged: dict[str, str] = field(default_factory=dict[str, str])
    """The account into which another was merged, by the other."""
    given: dict[str, list[tuple[int, str]]] = field(
        default_factory=dict[str, list[tuple[int, str]]]
    )
    """Cards that the owner gave to another member: at which version, and to whom."""
    order: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    """When each event came in: the version of the books that it made."""

    def counted(self) -> list[Event]:
        """Return the events that are in the books, as they came in."""
        events = [event for stream in self.streams.values() for event in stream.counted()]
        return sorted(events, key=lambda event: (self.order[event.stream, event.seq], event.stream))


def read_server(database: str, report: Report) -> ServerBooks:
    """Read the server's database, a file or `postgresql://…`, in one snapshot.

    Raises:
        Unreadable: it is not there, or holds no books.
    """
    if database.startswith("postgresql:"):
        return _read_postgres(database, report)
    from sqlcipher3 import dbapi2

    path = Path(database.removeprefix("sqlite:///"))
    try:
        connection = dbapi2.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
        try:
            connection.execute("BEGIN")
            return _read(lambda sql: connection.execute(sql).fetchall(), report)
        finally:
            connection.close()
    except dbapi2.Error as error:
        raise Unreadable(f"server: its database is not readable: {error}") from error


def _read_postgres(url: str, report: Report) -> ServerBooks:
    import psycopg

    try:
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            return _read(lambda sql: connection.execute(sql.encode()).fetchall(), report)
    except psycopg.Error as error:
        raise Unreadable(f"server: its database is not readable: {error}") from error


def _read(fetch: Fetch, report: Report) -> ServerBooks:
    books = ServerBooks()
    events: dict[str, Rows] = defaultdict(list)
    for row in fetch("SELECT stream, seq, data, hash, verdict, v FROM event ORDER BY stream, seq"):
        events[row[0]].append(row[1:])
        books.order[row[0], row[1]] = row[5]
    for stream, nonce, last, last_hash in fetch(
        "SELECT stream, join_nonce, last, last_hash FROM stream"
    ):
        rows = events.pop(stream, [])
        walked, fault = walk_chain(
            stream,
            nonce,
            [(row[0], bytes(row[1]), bytes(row[2])) for row in rows],
            last=(last, bytes(last_hash)),
        )
        if fault:
            report.find(Matter.CHAIN, f"server: {fault}")
        verdicts = {row[0]: str(row[3]) for row in rows}
        books.streams[stream] = ServerStream(stream, nonce, walked, verdicts)
    for stream in events:
        report.find(Matter.CHAIN, f"server: events of stream {stream[:8]}, which is not there")
    for member, balance, outstanding in fetch("SELECT member, balance, outstanding FROM member"):
        books.balances[member], books.outstanding[member] = balance, outstanding
    books.entry_sums = {
        member: int(points)
        for member, points in fetch("SELECT member, SUM(points) FROM entry GROUP BY member")
    }
    for member, stream, *counters in fetch(
        "SELECT member, stream, granted, earned, used, returned, lent FROM rights"
    ):
        books.rights[member, stream] = (counters[0], counters[1], counters[2], counters[3])
        books.lent[member, stream] = counters[4]
    _read_decisions(fetch, books)
    return books


def _read_decisions(fetch: Fetch, books: ServerBooks) -> None:
    """Read what stands beside the events: what an owner freed, merged, or gave to another."""
    for member, stream, points in fetch(
        "SELECT member, stream, SUM(points) FROM rights_released GROUP BY member, stream"
    ):
        books.released[member, stream] = int(points)
    books.merged = dict(fetch("SELECT member, alias_of FROM member WHERE alias_of IS NOT NULL"))
    for version, card_key, member in fetch(
        "SELECT v, subject, object FROM decision WHERE kind = 'card_given' ORDER BY v, no"
    ):
        books.given.setdefault(card_key, []).append((version, member))


def check_server(books: ServerBooks, report: Report) -> dict[str, int]:
    """Compare the server's tables with its events; return the balances that the events make."""
    _check_verdicts(books, report)
    balances = _fold(books)
    for member in sorted(balances.keys() | books.balances.keys() | books.entry_sums.keys()):
        made = balances.get(member, 0)
        for what, held in (("balance", books.balances), ("entries", books.entry_sums)):
            if held.get(member, 0) != made:
                report.find(
                    Matter.BALANCE,
                    f"server, member {member}: {what} {held.get(member, 0)}, the events say {made}",
                )
    _check_rights(books, report)
    _check_pools(books, balances, report)
    return balances


def _fold(books: ServerBooks) -> dict[str, int]:
    """Sum what the events do; sales on a card go to whoever got the card first."""
    events = books.counted()
    owners: dict[str, str] = {}
    for event in events:
        card_key, member = event.fields.get("card_key"), event.fields.get("member")
        if event.kind in {"enrollment", "card"} and card_key and member:
            owners.setdefault(card_key, member)
    balances: dict[str, int] = defaultdict(int)
    for event in events:
        for entry in entries_of(event):
            owner = entry.member or _card_owner(books, event, entry.card_key or "", owners)
            if owner:
                balances[owner] += entry.points
    return balances


def _card_owner(
    books: ServerBooks, event: Event, card_key: str, owners: dict[str, str]
) -> str | None:
    """Return whose card it was when an event came in: what is decided counts after its version."""
    came_in = books.order[event.stream, event.seq]
    given = [member for version, member in books.given.get(card_key, ()) if version < came_in]
    return given[-1] if given else owners.get(card_key)


def _check_verdicts(books: ServerBooks, report: Report) -> None:
    ids = {event.id for event in books.counted()}
    seen: set[str] = set()
    for stream in books.streams.values():
        for event in stream.events:
            verdict = stream.verdicts[event.seq]
            place = f"server, stream {stream.stream[:8]}, event {event.seq}"
            if verdict in _FAULTS:
                matter, words = _FAULTS[verdict]
                report.find(matter, f"{place}: {words}")
            if verdict in _SET_ASIDE:
                report.find(Matter.OTHER, f"{place}: set aside as {verdict}")
            if verdict == "duplicate" and event.id not in ids and event.kind != "rights_return":
                report.find(Matter.LOST, f"{place}: called a duplicate of nothing")
            if verdict in _COUNTED and event.id in seen:
                report.find(Matter.DOUBLED, f"{place}: event {event.id} is in the books twice")
            if verdict in _COUNTED:
                seen.add(event.id)


def _check_rights(books: ServerBooks, report: Report) -> None:
    """The counters follow from the events of each stream, and were never overdrawn."""
    for stream in books.streams.values():
        counters: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for event in stream.counted():
            for move in rights_of(event):
                counter = counters[move.member]
                place = (move.member, stream.stream)
                granted = books.rights.get(place, (0, 0, 0, 0))[0] + books.lent.get(place, 0)
                before = 0 if event.kind == "sale" else move.earned
                left = granted + counter[0] + before - counter[1] - counter[2]
                if move.used + move.returned > max(0, left):
                    report.find(
                        Matter.RIGHTS,
                        f"server, stream {stream.stream[:8]}, event {event.seq}: used"
                        f" {move.used + move.returned} points with a right to {max(0, left)}",
                    )
                for number, points in enumerate((move.earned, move.used, move.returned)):
                    counter[number] += points
        for (member, place), points in books.released.items():
            if place == stream.stream:
                counters[member][2] += points
        _compare_counters(books, stream.stream, counters, report)
    _check_lent(books, report)


def _compare_counters(
    books: ServerBooks, stream: str, counters: dict[str, list[int]], report: Report
) -> None:
    held = {member for member, place in books.rights if place == stream}
    for member in sorted(held | counters.keys()):
        stored = books.rights.get((member, stream), (0, 0, 0, 0))[1:]
        if list(stored) != counters[member]:
            report.find(
                Matter.RIGHTS,
                f"server, member {member}: counters {stored} of stream {stream[:8]},"
                f" the events say {tuple(counters[member])}",
            )


def _check_lent(books: ServerBooks, report: Report) -> None:
    """What a stream was lent is what events of other streams gave it."""
    given: dict[tuple[str, str], int] = defaultdict(int)
    for event in books.counted():
        receiver = event.fields.get("to_stream")
        if event.kind == "rights_return" and receiver and not event.is_rescued:
            given[str(event.fields["member"]), str(receiver)] += int(event.fields["points"])
    for member, stream in sorted(given.keys() | books.lent.keys()):
        stored, made = books.lent.get((member, stream), 0), given.get((member, stream), 0)
        if stored != made:
            report.find(
                Matter.RIGHTS,
                f"server, member {member}: stream {stream[:8]} was lent {made} points,"
                f" the books say {stored}",
            )


def _check_pools(books: ServerBooks, balances: dict[str, int], report: Report) -> None:
    """No till may spend what is not there: balance less all rights stays at zero or above."""
    rights: dict[str, int] = defaultdict(int)
    for place, (granted, earned, used, returned) in books.rights.items():
        left = granted + books.lent.get(place, 0) + earned - used - returned
        # Who gave back or used more than there was makes no points for others.
        rights[place[0]] += max(0, left)
    uncovered: dict[str, int] = defaultdict(int)
    for event in books.counted():
        taken = uncovered_points(event)
        if taken is not None:
            uncovered[taken[0]] += taken[1]
    for member in sorted(balances.keys() | rights.keys()):
        if rights[member] != books.outstanding.get(member, 0):
            report.find(Matter.RIGHTS, f"server, member {member}: outstanding rights do not add up")
    points, spendables, forced = (
        by_person(each, books.merged) for each in (balances, rights, uncovered)
    )
    for person in sorted(points.keys() | spendables.keys()):
        there, spendable = points.get(person, 0), spendables.get(person, 0)
        if there - spendable < -forced.get(person, 0):
            report.find(
                Matter.RIGHTS,
                f"server, member {person}: tills may spend {spendable} points of {there}",
            )


def check_both_sides(
    name: str, journals: Sequence[TillStream], books: ServerBooks, report: Report
) -> None:
    """Compare a till's journals with the server's copies, byte for byte.

    An open journal must be the same on both sides. A closed one was left because it
    was not: there only what the server acknowledged to this till is compared.
    """
    for journal in journals:
        held = books.streams.get(journal.stream)
        copies = held.events if held else []
        if len(copies) < journal.acked:
            report.find(
                Matter.OTHER,
                f"server: has {len(copies)} events of till {name}, but said to have"
                f" {journal.acked}",
            )
        if journal.is_open and len(copies) > len(journal.events):
            report.find(
                Matter.DOUBLED,
                f"server: has {len(copies)} events of till {name},"
                f" which wrote {len(journal.events)}",
            )
        compared = len(journal.events) if journal.is_open else journal.acked
        for mine, copy in zip(journal.events[:compared], copies, strict=False):
            if (mine.data, mine.hash) != (copy.data, copy.hash):
                report.find(
                    Matter.ALTERED, f"event {mine.seq} of till {name} differs on the server"
                )
                break
