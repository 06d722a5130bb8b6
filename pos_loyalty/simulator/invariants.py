"""What must hold when everything has settled, told by the oracle and not by the product."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.allowance import NOT_COVERED, count_given
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.verify import verify_books
from pos_loyalty.simulator.oracle import RETURN, REVERSAL, Fact, Violation, origins_of, read_fact
from pos_loyalty.simulator.till_side import SimulatedTill
from pos_loyalty.simulator.world import World
from pos_loyalty.store.verification import verify
from pos_loyalty.wire.verdicts import Verdict

_COUNTED = {"applied", "differs", "overdraft", "held", "unknown_card"}
_HONEST = {"applied", "held", "unknown_card"}
_CARD_NOTICES = {"card_taken", "card_not_issued", "unknown_card"}
_RISK_NOTICES = {NOT_COVERED}
_NO_NOTICES: set[str] = set()
_FORK_NOTICES = {
    *("fork", "till_twice", "quarantined", "overdraft"),
    *("carried_over", "rights_left"),
}
_OLD_BOOKS_NOTICES = {"restored", "till_twice"}
_MOVE_NOTICE = "move_left_debt"
"""True of a move, whoever is honest: the points were spent before."""
_RULES_NOTICES = {"differs", "cap_above"}
"""What comes of rules of which a till has not heard, or that it cannot compute."""


@dataclass(frozen=True, slots=True)
class _Row:
    """An event as the server holds it."""

    stream: str
    seq: int
    verdict: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class _Books:
    """The server's side after everything has settled."""

    rows: Sequence[_Row]
    balances: Mapping[str, int]
    outstanding: Mapping[str, int]
    rights: Mapping[tuple[str, str], tuple[int, int, int, int, int]]
    owners: Mapping[str, str]
    notices: Sequence[tuple[str, str, int]]


def check(world: World) -> None:
    """Check every invariant.

    Raises:
        Violation: the first that does not hold.
    """
    with world.server.database.read() as session:
        books = _read_books(world, session)
        _check_allowance(world, session)
    _check_once(world, books)
    _check_verdicts(world, books)
    _check_balances(world, books)
    for till in world.everybody:
        _check_till(world, books, till)
    _check_pools(world, books)
    _check_verification(world)
    _note_end(world, books)


def _read_books(world: World, session: Session) -> _Books:
    rows: list[_Row] = []
    open_streams = {row[0] for row in session.fetch("SELECT stream FROM stream WHERE closed = 0")}
    for stream, seq, data, verdict in session.fetch(
        "SELECT stream, seq, data, verdict FROM event ORDER BY v, stream, seq"
    ):
        if not world.is_stranger(stream):
            fact, _ = read_fact(bytes(data))
            rows.append(_Row(stream, seq, verdict, fact))
            _ensure_closed(open_streams, stream, bytes(data))
    members = session.fetch("SELECT member, balance, outstanding FROM member ORDER BY member")
    rights = session.fetch(
        "SELECT member, stream, granted, earned, used, returned, lent FROM rights"
    )
    cards = session.fetch("SELECT card_key, member FROM card WHERE member IS NOT NULL")
    notices = session.fetch("SELECT kind, stream, seq FROM attention ORDER BY kind, stream, seq")
    return _Books(
        rows=rows,
        balances={row[0]: row[1] for row in members},
        outstanding={row[0]: row[2] for row in members},
        rights={(row[0], row[1]): (row[2], row[3], row[4], row[5], row[6]) for row in rights},
        owners=dict(cards),
        notices=[(row[0], row[1], row[2]) for row in notices],
    )


def _check_once(world: World, books: _Books) -> None:
    """I1, I2, I3: every event on a living disk is there exactly once, and nothing else is."""
    times: dict[str, int] = defaultdict(int)
    for row in books.rows:
        if row.fact.id not in world.oracle.facts:
            raise Violation(f"I3 event {row.fact.id} at {row.stream} {row.seq}: no till wrote it")
        times[row.fact.id] += row.verdict != Verdict.DUPLICATE
    reversed_sales = {
        row.fact.sale for row in books.rows if row.fact.sale and row.verdict in _COUNTED
    }
    held = {fact for disk in world.oracle.disks.values() for fact in disk.facts}
    for event in sorted(held | times.keys()):
        fact = world.oracle.facts[event]
        is_settled = fact.kind == RETURN or (fact.kind == REVERSAL and fact.sale in reversed_sales)
        if event not in times:
            raise Violation(f"I1 {fact.kind} {event} is on a disk, but not on the server")
        if times[event] > 1 or (times[event] == 0 and not is_settled):
            raise Violation(f"I2 {fact.kind} {event} is on the server {times[event]} times")


def _ensure_closed(open_streams: set[str], stream: str, data: bytes) -> None:
    """I5: a stream from which events were carried over is closed: nobody writes there again."""
    for origin in origins_of(data):
        if origin in open_streams:
            raise Violation(f"I5 stream {origin} is open, though {stream} carries its events")


def _honest(world: World) -> set[str]:
    more = {"overdraft"} if world.disasters.was_silent else _NO_NOTICES
    return _HONEST | more | ({"differs"} if world.profile.has_old_tills else _NO_NOTICES)


def _check_verdicts(world: World, books: _Books) -> None:
    """I1: an honest till's events are taken as they are; and nobody is accused falsely."""
    profile = world.profile
    allowed = _CARD_NOTICES | (_RISK_NOTICES if profile.allowance_points else _NO_NOTICES)
    allowed |= _RULES_NOTICES if profile.has_old_tills else _NO_NOTICES
    if profile.has_second_writers:
        allowed |= _FORK_NOTICES
    else:
        honest = _honest(world)
        for row in books.rows:
            if row.verdict not in honest:
                raise Violation(f"I1 {row.fact.kind} at {row.stream} {row.seq}: {row.verdict}")
    if profile.has_old_books:
        allowed |= _OLD_BOOKS_NOTICES
    if world.disasters.was_silent:
        # Who returns rights that forgotten grants gave looks like one who never had them.
        allowed.add("overdraft")
    _check_notices(world, books, allowed)


def _check_notices(world: World, books: _Books, allowed: set[str]) -> None:
    moves = {(row.stream, row.seq) for row in books.rows if row.fact.kind == "move"}
    for kind, stream, seq in books.notices:
        is_true = kind == _MOVE_NOTICE and (stream, seq) in moves
        if kind not in allowed and not is_true and not world.is_stranger(stream):
            raise Violation(f"false alarm: {kind} at {stream} {seq}")


def _check_balances(world: World, books: _Books) -> None:
    """I4 on the server: a balance is the sum of the events, each taken once."""
    sums: dict[str, int] = defaultdict(int)
    seen: set[str] = set()
    for row in books.rows:
        if row.verdict not in _COUNTED or row.fact.id in seen:
            continue
        seen.add(row.fact.id)
        owner = row.fact.member or books.owners.get(row.fact.card or "")
        if owner:
            sums[owner] += row.fact.change
        if row.fact.to:
            sums[row.fact.to] += row.fact.given
    for member in world.oracle.members:
        if books.balances.get(member, 0) != sums[member]:
            raise Violation(
                f"I4 member {member}: the server has {books.balances.get(member)} points,"
                f" the events give {sums[member]}"
            )


def _check_till(world: World, books: _Books, till: SimulatedTill) -> None:
    """I4 and the counters of spend rights: a till and the server say the same."""
    stream = till.stream
    with till.till.context.store.read() as read:
        for member in world.oracle.members:
            record = read.members.record(MemberId(member))
            shown = None if record is None else record.balance_points
            if member not in books.balances and not _is_on_a_disk(world, member):
                # Its till's disk and the books were both restored to before it: only a row
                # is left of it, and another till may yet bring its events.
                continue
            if shown != books.balances.get(member):
                raise Violation(
                    f"I4 {till.name} shows {shown} points of {member},"
                    f" the server {books.balances.get(member)}"
                )
            held = read.journal.rights(MemberId(member))
            counters = (held.granted, held.earned, held.used, held.returned, held.lent)
            counted = books.rights.get((member, stream), (0, 0, 0, 0, 0))
            if counters != counted:
                raise Violation(
                    f"I6 rights of {member} at {till.name}: {counters}, the server {counted}"
                )


def _is_on_a_disk(world: World, member: str) -> bool:
    """Tell whether any living disk holds an event of a member."""
    facts = world.oracle.facts
    disks = world.oracle.disks.values()
    return any(facts[fact].member == member for disk in disks for fact in disk.facts)


def _check_pools(world: World, books: _Books) -> None:
    """I6: what the server may still grant is never below what debts explain.

    A carried event holds no rights, so after a fork the pool is smaller than it need be.
    """
    if world.profile.has_second_writers:
        return
    oracle = world.oracle
    debts = dict(oracle.debts)
    for card, owner in books.owners.items():
        debts[owner] = debts.get(owner, 0) + oracle.card_debts[card]
    if world.profile.has_old_books:
        for member, points in oracle.contested_points.items():
            debts[member] = debts.get(member, 0) + points
    missing: dict[str, int] = {}
    for member in oracle.members:
        pool = books.balances.get(member, 0) - books.outstanding.get(member, 0)
        debt = debts.get(member, 0)
        missing[member] = max(0, -debt - pool)
        if missing[member] and member not in oracle.risk_members:
            raise Violation(f"I6 member {member}: {pool} points to grant, {debt} explained")
    at_risk = sum(missing.values())
    if at_risk > oracle.risk_allowed:
        raise Violation(f"I6 allowance: {at_risk} points lost, {oracle.risk_allowed} allowed")


def _check_allowance(world: World, session: Session) -> None:
    """I6: what tills may take and what they took uncovered is within the owner's total."""
    given = count_given(session, world.template.merchant)
    if given > world.oracle.risk_allowed:
        raise Violation(f"I6 allowance: {given} given away, {world.oracle.risk_allowed} allowed")


def _check_verification(world: World) -> None:
    """I5: the product's own verification finds nothing, on tills and server."""
    report = verify_books(world.server.database)
    if report.faults:
        raise Violation(f"I5 server: {report.faults[0]}")
    for till in world.everybody:
        with till.till.context.store.read() as read:
            finding = verify(read.connection).finding
        if finding is not None:
            raise Violation(f"I5 {till.name}: {finding.what} (event {finding.seq})")


def _note_end(world: World, books: _Books) -> None:
    """Put the end into the trace: the same seed must come to the very same books."""
    with world.server.database.read() as session:
        version = statements.current_version(session, world.template.merchant)
    world.trace.note(f"end {version} {sorted(books.balances.items())}")
    for row in books.rows:
        world.trace.note(f"{row.stream} {row.seq} {row.fact.id} {row.verdict}")
