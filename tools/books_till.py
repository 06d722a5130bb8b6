"""A till's database as the checker reads it, and what must hold within it."""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from books_events import Event, Fields, entries_of, rights_of, walk_chain
from books_report import Matter, Report
from sqlcipher3 import dbapi2

_KEY_HEX_LENGTH = 64


class Unreadable(Exception):
    """A database cannot be read; the reason in words."""


@dataclass(frozen=True)
class Points:
    """A member's cached points and spend-rights counters on a till.

    ``granted`` includes what other tills of the shop lent to this one.
    """

    snapshot: int
    overlay: int
    overlay_after_seq: int
    granted: int
    earned: int
    used: int
    returned: int
    peer: int = 0

    @property
    def balance(self) -> int:
        """What the till shows; ``peer`` is what the shop's hub told of its other tills."""
        return self.snapshot + self.overlay + self.peer


@dataclass
class TillStream:
    """One journal of a till; the server has its events up to ``acked``.

    Events up to ``pruned`` were deleted, because a backup of the server has them.
    """

    stream_no: int
    stream: str
    nonce: str
    acked: int
    is_open: bool
    events: list[Event]
    pruned: int

    @property
    def pending(self) -> int:
        """How many events were never acknowledged."""
        return self.pruned + len(self.events) - self.acked


@dataclass
class TillBooks:
    """Everything of a till that is checked."""

    name: str
    is_joined: bool
    streams: list[TillStream] = field(default_factory=list[TillStream])
    points: dict[str, Points] = field(default_factory=dict[str, Points])
    entries: dict[tuple[str, int, int, int], tuple[str, int]] = field(
        default_factory=dict[tuple[str, int, int, int], tuple[str, int]]
    )
    indexed: dict[tuple[int, int], tuple[str, str, int]] = field(
        default_factory=dict[tuple[int, int], tuple[str, str, int]]
    )
    waiting: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Events of closed journals that have yet to be carried over: stream, first, last."""
    pruned_rights: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """What deleted events of the open journal earned, used and returned, for each member."""
    reversals: dict[str, str] = field(default_factory=dict[str, str])
    names: dict[str, str] = field(default_factory=dict[str, str])
    merged: dict[str, str] = field(default_factory=dict[str, str])
    """The account into which another was merged, by the other."""
    cards: dict[str, str] = field(default_factory=dict[str, str])
    """Member by printed card number."""

    def shown(self) -> dict[str, int]:
        """Return what the till shows of each person: with what merged accounts have unsent."""
        return by_person({one: points.balance for one, points in self.points.items()}, self.merged)

    def counted(self) -> list[tuple[TillStream, Event]]:
        """Return the events that count: of a closed journal those not carried elsewhere."""
        return [
            (stream, event)
            for stream in self.streams
            for event in stream.events
            if stream.is_open or event.seq <= stream.acked or self._waits(stream, event)
        ]

    def _waits(self, stream: TillStream, event: Event) -> bool:
        return any(
            number == stream.stream_no and first <= event.seq <= last
            for number, first, last in self.waiting
        )


def root_of(member: str, merged: Mapping[str, str]) -> str:
    """Return the account in which a member's merged accounts end."""
    while member in merged:
        member = merged[member]
    return member


def by_person(points: Mapping[str, int], merged: Mapping[str, str]) -> dict[str, int]:
    """Return the sums over the accounts that are one person's."""
    sums: dict[str, int] = defaultdict(int)
    for member, count in points.items():
        sums[root_of(member, merged)] += count
    return dict(sums)


def default_keys() -> Path:
    """Return the folder in which a machine without key store keeps its keys."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "pos-loyalty" / "keys"


def read_till(folder: Path, keys: Path, report: Report) -> TillBooks:
    """Read a till's database in one snapshot and walk its chains.

    Raises:
        Unreadable: no till lies there, or its key is not in ``keys``.
    """
    connection = _open(folder, keys)
    try:
        connection.execute("BEGIN")
        return _read(folder.name, connection, report)
    except dbapi2.Error as error:
        raise Unreadable(f"till {folder.name}: its database is not readable: {error}") from error
    finally:
        connection.close()


def check_till(till: TillBooks, report: Report) -> None:
    """Compare what a till has cached with what its events say."""
    _check_index(till, report)
    _check_entries(till, report)
    _check_reversals(till, report)
    _check_overlays(till, report)
    _check_rights(till, report)
    if not till.is_joined:
        _check_alone(till, report)


def _open(folder: Path, keys: Path) -> dbapi2.Connection:
    try:
        label = json.loads((folder / "till.json").read_text(encoding="utf-8"))
        key = (keys / f"{label['database_id']}.key").read_text(encoding="ascii").strip()
    except (OSError, ValueError, KeyError) as error:
        raise Unreadable(f"till {folder.name}: no till or no key: {error}") from error
    if len(key) != _KEY_HEX_LENGTH or set(key) - set("0123456789abcdef"):
        raise Unreadable(f"till {folder.name}: its key file holds no key")
    path = (folder / "till.db").absolute().as_uri()
    connection = dbapi2.connect(f"{path}?mode=ro", uri=True, isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key}'\"")
    return connection


def _read(name: str, connection: dbapi2.Connection, report: Report) -> TillBooks:
    execute = connection.execute
    url = execute("SELECT value FROM setting WHERE name = 'server_url'").fetchone()
    till = TillBooks(name=name, is_joined=bool(url and url[0]))
    waiting = execute("SELECT value FROM setting WHERE name = 'rescues_waiting'").fetchone()
    till.waiting = [tuple(each) for each in json.loads((waiting and waiting[0]) or "[]")]
    for no, stream, nonce, last, last_hash, acked, is_open, pruned, pruned_hash in execute(
        "SELECT stream_no, stream, join_nonce, last_seq, last_hash, acked_seq, is_open,"
        " pruned_seq, pruned_hash FROM stream ORDER BY stream_no"
    ).fetchall():
        rows = execute("SELECT seq, bytes, hash FROM event WHERE stream_no = ? ORDER BY seq", (no,))
        events, fault = walk_chain(
            stream, nonce, rows, last=(last, last_hash), before=(pruned, pruned_hash)
        )
        if fault:
            report.find(Matter.CHAIN, f"till {name}: {fault}")
        till.streams.append(TillStream(no, stream, nonce, acked, bool(is_open), events, pruned))
    for member, *counters in execute(
        "SELECT member, earned, used, returned FROM pruned_points JOIN stream USING (stream_no)"
        " WHERE is_open = 1"
    ):
        till.pruned_rights[member] = counters
    for row in execute("SELECT stream_no, seq, id, kind, at_ms FROM event"):
        till.indexed[row[0], row[1]] = (row[2], row[3], row[4])
    for member, *values in execute(
        "SELECT member, snapshot_points, overlay_points, overlay_after_seq,"
        " granted + lent, earned, used, returned, peer_points FROM points"
    ):
        till.points[member] = Points(*values)
    for row in execute("SELECT member, stream_no, seq, position, kind, points FROM ledger_entry"):
        till.entries[row[0], row[1], row[2], row[3]] = (row[4], row[5])
    till.reversals = dict(execute("SELECT sale_id, reversal_id FROM reversed_sale"))
    till.merged = dict(
        execute("SELECT member, alias_of FROM member WHERE alias_of IS NOT NULL").fetchall()
    )
    till.names = dict(execute("SELECT member, name FROM member"))
    till.cards = dict(execute("SELECT number, member FROM card WHERE number <> '' AND member > ''"))
    return till


def _check_index(till: TillBooks, report: Report) -> None:
    """The columns by which events are found say the same as their bytes."""
    ids: set[str] = set()
    for stream in till.streams:
        for event in stream.events:
            outer: Fields = json.loads(event.data) if event.fields else {}
            stored = till.indexed[stream.stream_no, event.seq]
            if event.fields and stored != (outer["id"], outer["kind"], outer["at_ms"]):
                report.find(
                    Matter.CHAIN, f"till {till.name}, event {event.seq}: index and bytes differ"
                )
            if stored[0] in ids:
                report.find(Matter.DOUBLED, f"till {till.name}: event {stored[0]} stands twice")
            ids.add(stored[0])


def _check_entries(till: TillBooks, report: Report) -> None:
    expected = {
        (entry.member, stream.stream_no, event.seq, position): (entry.kind, entry.points)
        for stream, event in till.counted()
        for position, entry in enumerate(entries_of(event))
        if entry.member
    }
    for key in sorted(expected.keys() | till.entries.keys()):
        if expected.get(key) != till.entries.get(key):
            report.find(
                Matter.BALANCE,
                f"till {till.name}, event {key[2]}: its ledger entry is {till.entries.get(key)},"
                f" its bytes say {expected.get(key)}",
            )


def _check_reversals(till: TillBooks, report: Report) -> None:
    said = {event.fields["sale_id"] for _, event in till.counted() if event.kind == "reversal"}
    if said != till.reversals.keys():
        odd = min(said ^ till.reversals.keys())
        report.find(Matter.OTHER, f"till {till.name}: sale {odd} is undone in one place only")


def _check_overlays(till: TillBooks, report: Report) -> None:
    """The overlay is the sum of the own entries that no row of the server contains yet."""
    opened = next(stream for stream in till.streams if stream.is_open)
    sums: dict[str, int] = defaultdict(int)
    for event in opened.events:
        for entry in entries_of(event):
            points = till.points.get(entry.member or "")
            if entry.member and event.seq > (points.overlay_after_seq if points else 0):
                sums[entry.member] += entry.points
    for member in sorted(sums.keys() | till.points.keys()):
        cached = till.points[member].overlay if member in till.points else 0
        if cached != sums[member]:
            report.find(
                Matter.BALANCE,
                f"till {till.name}, member {member}: {cached} points of its own sales are cached,"
                f" its events say {sums[member]}",
            )


def _check_rights(till: TillBooks, report: Report) -> None:
    """Count what was used, event by event: never more than there was until then."""
    opened = next(stream for stream in till.streams if stream.is_open)
    counters: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    counters.update({member: list(sums) for member, sums in till.pruned_rights.items()})
    for event in opened.events:
        for move in rights_of(event):
            counter = counters[move.member]
            granted = till.points[move.member].granted if move.member in till.points else 0
            # A sale's reward is paid before the sale earns; a reversal gives before it takes.
            before = 0 if event.kind == "sale" else move.earned
            left = granted + counter[0] + before - counter[1] - counter[2]
            if move.used + move.returned > max(0, left):
                report.find(
                    Matter.RIGHTS,
                    f"till {till.name}, event {event.seq}: uses {move.used + move.returned} points"
                    f" of member {move.member}, with a right to {max(0, left)}",
                )
            for place, points in enumerate((move.earned, move.used, move.returned)):
                counter[place] += points
    for member, points in sorted(till.points.items()):
        if [points.earned, points.used, points.returned] != counters[member]:
            report.find(
                Matter.RIGHTS, f"till {till.name}, member {member}: counters differ from the events"
            )


def _check_alone(till: TillBooks, report: Report) -> None:
    """On a till that never met a server nothing but its own events makes points."""
    for member, points in sorted(till.points.items()):
        if points.snapshot or points.granted:
            report.find(Matter.BALANCE, f"till {till.name}, member {member}: points from no server")
