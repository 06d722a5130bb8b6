"""The list of tills as their owner sees it, and what only the owner decides about them.

After a restore nothing is granted until every open journal has reported what it holds or
was declared lost, and the owner has confirmed that the list is whole. What a lost till may
still spend stays reserved until the owner frees it, knowing what that can cost.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MerchantId, StreamId, TillId
from pos_loyalty.server.allowance import ACCEPTED, RELEASED, WRITTEN_OFF, settle_item
from pos_loyalty.server.announcing import announce_till
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.database.rights_left import reserved_for
from pos_loyalty.server.inbox_state import item_id

TILL_LOST = "till_lost"
"""Kind of the item that tells from which event on a lost till's sales are missing."""
_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One journal of a till; ``rights_points`` and ``risk_points`` may still be spent by it."""

    stream: StreamId
    is_closed: bool
    is_frozen: bool
    is_lost: bool
    events: int
    seen_ms: int
    rights_points: int
    risk_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TillEntry:
    """A till on the list, with its journals, the open one first."""

    till: TillId
    name: str
    shop_name: str
    is_off: bool
    is_hub: bool
    journals: tuple[Journal, ...] = field(default=())

    @property
    def full_name(self) -> str:
        """Name and shop, as the owner knows it."""
        return f"{self.shop_name}/{self.name}"

    @property
    def is_waited_for(self) -> bool:
        """Whether a report of an open journal is missing."""
        return any(one.is_frozen and not one.is_closed for one in self.journals)

    @property
    def is_lost(self) -> bool:
        """Whether it was declared lost and has not come back since."""
        return any(one.is_lost for one in self.journals) and all(
            one.is_closed for one in self.journals
        )

    @property
    def seen_ms(self) -> int:
        """When its events last came, or it joined."""
        return max((one.seen_ms for one in self.journals), default=0)

    @property
    def events(self) -> int:
        """How many events are held of it."""
        return sum(one.events for one in self.journals)

    @property
    def rights_points(self) -> int:
        """Points that it may still spend, as far as the server knows."""
        return sum(one.rights_points for one in self.journals)

    @property
    def stranded_points(self) -> int:
        """Points reserved for journals that nobody writes any more."""
        return sum(one.rights_points for one in self.journals if one.is_closed)

    @property
    def left_points(self) -> int:
        """What journals that nobody writes any more may have spent: rights and allowance."""
        return sum(one.rights_points + one.risk_points for one in self.journals if one.is_closed)

    @property
    def is_open(self) -> bool:
        """Whether it has a journal that it may be writing now."""
        return any(not one.is_closed for one in self.journals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """All tills, and whether the owner still has to confirm that these are all."""

    is_open: bool
    tills: tuple[TillEntry, ...]

    @property
    def waited_for(self) -> tuple[TillEntry, ...]:
        """The tills whose report is missing."""
        return tuple(till for till in self.tills if till.is_waited_for)


def read_roster(session: Session, merchant: MerchantId) -> Roster:
    """Return every till with every journal."""
    journals: dict[str, list[Journal]] = {}
    for till, journal in _journals(session, merchant):
        journals.setdefault(till, []).append(journal)
    rows = session.fetch(
        "SELECT till.till, till.name, shop.name, till.revoked_ms, till.hub_pin FROM till"
        " JOIN shop ON shop.merchant = till.merchant AND shop.shop = till.shop"
        " WHERE till.merchant = ? ORDER BY shop.name, till.name, till.till",
        merchant,
    )
    tills = tuple(
        TillEntry(
            till=TillId(till),
            name=name,
            shop_name=shop_name,
            is_off=bool(revoked_ms),
            is_hub=bool(hub_pin),
            journals=tuple(sorted(journals.get(till, ()), key=lambda one: one.is_closed)),
        )
        for till, name, shop_name, revoked_ms, hub_pin in rows
    )
    return Roster(is_open=_is_open(session, merchant), tills=tills)


def _is_open(session: Session, merchant: MerchantId) -> bool:
    rows = session.fetch("SELECT roster_open FROM clock WHERE merchant = ?", merchant)
    return bool(rows[0][0])


def _journals(session: Session, merchant: MerchantId) -> list[tuple[str, Journal]]:
    rights = {
        str(stream): int(points)
        for stream, points in session.fetch(
            "SELECT stream, sum(granted + lent + earned - used - returned) FROM rights"
            " WHERE merchant = ? AND granted + lent + earned > used + returned GROUP BY stream",
            merchant,
        )
    }
    rows = session.fetch(
        "SELECT till, stream, closed, frozen, lost, last, seen_ms, risk_granted - risk_used"
        " FROM stream WHERE merchant = ? ORDER BY seen_ms DESC, stream",
        merchant,
    )
    return [
        (
            till,
            Journal(
                stream=StreamId(stream),
                is_closed=bool(closed),
                is_frozen=bool(frozen),
                is_lost=bool(lost),
                events=int(last),
                seen_ms=int(seen_ms),
                rights_points=rights.get(stream, 0),
                risk_points=max(0, int(risk)),
            ),
        )
        for till, stream, closed, frozen, lost, last, seen_ms, risk in rows
    ]


def find_till(roster: Roster, name: str) -> TillEntry:
    """Return the till with this id, this name, or this shop/name.

    Raises:
        CommandRefused: none, or several.
    """
    exact = [till for till in roster.tills if name in {till.till, till.full_name}]
    found = exact or [till for till in roster.tills if till.name == name]
    if len(found) != 1:
        known = ", ".join(till.full_name for till in found or roster.tills)
        raise CommandRefused(Code.TILL_ABSENT, till=name, known=known or "none")
    return found[0]


def declare_restored(session: Session, merchant: MerchantId, *, now_ms: int) -> int:
    """Say that these books come from a backup: a new epoch, everything frozen.

    The epoch is the time, so that none comes twice whatever was restored before. Returns it.
    """
    _, epoch = statements.take_version(session, merchant)
    above = max(epoch + 1, now_ms)
    session.execute(
        "UPDATE clock SET epoch = ?, roster_open = 1 WHERE merchant = ?", above, merchant
    )
    session.execute("UPDATE stream SET frozen = 1 WHERE merchant = ? AND closed = 0", merchant)
    return above


def confirm(session: Session, merchant: MerchantId) -> None:
    """Take the owner's word that the list is whole; grants begin again.

    Raises:
        CommandRefused: a till has not reported yet.
    """
    statements.take_version(session, merchant)
    waited_for = read_roster(session, merchant).waited_for
    if waited_for:
        names = ", ".join(till.full_name for till in waited_for[:_NAMES_SHOWN])
        raise CommandRefused(Code.ROSTER_WAITS, count=len(waited_for), tills=names)
    session.execute("UPDATE clock SET roster_open = 0 WHERE merchant = ?", merchant)


def declare_lost(
    session: Session, merchant: MerchantId, till: TillEntry, *, now_ms: int
) -> tuple[Journal, ...]:
    """Close all journals of a till that will not come back; its rights stay reserved.

    For each the owner's list says from which event on its sales are missing here. Should
    it come back, it joins again by itself and brings along what it had not sent. Returns
    the journals that were open.
    """
    v, _ = statements.take_version(session, merchant)
    open_journals = tuple(one for one in till.journals if not one.is_closed)
    for journal in open_journals:
        first = journal.events + 1
        words = f"last={journal.events} first={first} heard={_spoken_time(journal.seen_ms)}"
        notice = (merchant, TILL_LOST, journal.stream, first, words, now_ms, None, 0)
        _tell(session, notice, v=v)
    session.execute(
        "UPDATE stream SET lost = 1 WHERE merchant = ? AND till = ? AND closed = 0",
        merchant,
        till.till,
    )
    _close(session, merchant, till)
    return open_journals


def _spoken_time(at_ms: int) -> str:
    """Write a time as one word, in UTC; the server does not know the shop's zone."""
    if not at_ms:
        return "never"
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%MZ}"


def switch_off(session: Session, merchant: MerchantId, till: TillEntry, *, now_ms: int) -> None:
    """Refuse a till from its next contact on; what it has not sent stays on it."""
    version, _ = statements.take_version(session, merchant)
    announce_till(session, merchant, till.till, version)
    session.execute(
        "UPDATE till SET revoked_ms = ? WHERE merchant = ? AND till = ?",
        now_ms,
        merchant,
        till.till,
    )
    _close(session, merchant, till)


def switch_on(session: Session, merchant: MerchantId, till: TillEntry) -> None:
    """Let a till back in: it joins again by itself and sends what it had kept."""
    version, _ = statements.take_version(session, merchant)
    announce_till(session, merchant, till.till, version)
    session.execute(
        "UPDATE till SET revoked_ms = 0 WHERE merchant = ? AND till = ?", merchant, till.till
    )


def _close(session: Session, merchant: MerchantId, till: TillEntry) -> None:
    session.execute(
        "UPDATE stream SET closed = 1, frozen = 0 WHERE merchant = ? AND till = ?",
        merchant,
        till.till,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What the owner freed: points of rights and of allowance, of how many members."""

    rights_points: int = 0
    risk_points: int = 0
    members: int = 0


def release(session: Session, merchant: MerchantId, till: TillEntry, *, now_ms: int) -> Freed:
    """Free what is reserved for a till's closed journals.

    Every point is a row of its own beside the journals, so that the books can be derived
    again, and counts against the allowance until the owner accepts what it may have cost.

    Raises:
        CommandRefused: the till is in use, and has left nothing behind.
    """
    if till.is_open and not till.left_points:
        raise CommandRefused(Code.TILL_IN_USE, till=till.full_name)
    v, _ = statements.take_version(session, merchant)
    counted: Counter[str] = Counter()
    for journal in till.journals:
        if journal.is_closed:
            counted.update(_release_journal(session, merchant, journal, v=v, now_ms=now_ms))
    return Freed(**counted)


def release_chosen(session: Session, books: Books) -> None:
    """Free what the owner chose on the list, after the states of the group are written."""
    for stream in books.inbox.released:
        merchant = books.merchant.merchant
        _release_stream(session, merchant, stream, v=books.v, now_ms=books.now_ms)


def _release_stream(
    session: Session, merchant: MerchantId, stream: StreamId, *, v: int, now_ms: int
) -> None:
    rights, risk = reserved_for(session, merchant, stream)
    journal = Journal(
        stream=stream,
        is_closed=True,
        is_frozen=False,
        is_lost=False,
        events=0,
        seen_ms=0,
        rights_points=rights,
        risk_points=risk,
    )
    _release_journal(session, merchant, journal, v=v, now_ms=now_ms)


def _release_journal(
    session: Session, merchant: MerchantId, journal: Journal, *, v: int, now_ms: int
) -> dict[str, int]:
    stream = journal.stream
    rows = session.fetch(
        "SELECT member, granted + lent + earned - used - returned FROM rights"
        " WHERE merchant = ? AND stream = ? AND granted + lent + earned > used + returned"
        " ORDER BY member",
        merchant,
        stream,
    )
    session.add(
        tables.RIGHTS_RELEASED,
        [(merchant, member, stream, v, points, now_ms) for member, points in rows],
    )
    for member, points in rows:
        session.execute(
            "UPDATE rights SET returned = returned + ?"
            " WHERE merchant = ? AND member = ? AND stream = ?",
            points,
            merchant,
            member,
            stream,
        )
        session.execute(
            "UPDATE member SET outstanding = outstanding - ? WHERE merchant = ? AND member = ?",
            points,
            merchant,
            member,
        )
    freed = sum(int(points) for _, points in rows)
    if freed:
        notice = (merchant, RELEASED, stream, v, f"members={len(rows)}", now_ms, None, freed)
        _tell(session, notice, v=v)
    if journal.risk_points:
        write_off(session, merchant, journal, v=v, now_ms=now_ms)
    return {"rights_points": freed, "risk_points": journal.risk_points, "members": len(rows)}


def write_off(
    session: Session, merchant: MerchantId, journal: Journal, *, v: int, now_ms: int
) -> None:
    """Count a closed journal's allowance no more; the item says that the owner knew."""
    session.execute(
        "UPDATE stream SET risk_granted = risk_used WHERE merchant = ? AND stream = ?",
        merchant,
        journal.stream,
    )
    place = (merchant, WRITTEN_OFF, journal.stream, v)
    _tell(session, (*place, "", now_ms, None, journal.risk_points), v=v)
    settle_item(session, place, how=ACCEPTED, now_ms=now_ms)


def _tell(
    session: Session, notice: tuple[str, str, str, int, str, int, None, int], *, v: int
) -> None:
    """Put an item on the owner's list, and let tills hear of it."""
    session.put(tables.NOTICE, [notice])
    announce_item(session, notice[:4], v=v)


def announce_item(session: Session, place: tuple[str, str, str, int], *, v: int) -> None:
    """Let tills hear of an item by its place (merchant, kind, stream, seq)."""
    merchant, kind, stream, seq = place
    session.put(tables.CHANGE, [(merchant, "attention", item_id(kind, stream, seq), "", v)])
