"""Start, stop and report on the sync engine; ask it for rights and for a member's history."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.history import RemoteEntry
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.hub_place import read_hub_place
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.settings import BY_HAND_URL, Setting
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.engine import SyncEngine, TransportMaker
from pos_loyalty.sync.line_status import LineStatus
from pos_loyalty.sync.route import ShopLine
from pos_loyalty.wire.messages import HistoryEntry

ASK_RIGHTS_SECONDS = 1.5
HISTORY_SECONDS = 2.0
_NO_LINE = LineStatus()


@dataclass(frozen=True)
class SyncOutcome:
    """What a sync on demand came to; ``trouble`` is None when everything is sent and heard."""

    pending: int
    online: bool
    last_contact_ms: int | None
    trouble: Code | None = None
    facts: dict[str, Fact] = field(default_factory=dict[str, Fact])


@dataclass(frozen=True)
class ConnectionStatus:
    """One moment; times are milliseconds of this till's clock.

    ``offline_since_ms`` and ``failed_tries`` begin with the first failed try;
    ``sending_since_ms`` with the first item that waits; ``unsent_for_ms`` is the age of
    the oldest unsent item since the till last made progress with it.
    ``clock_off_minutes`` is how far this till's clock is from the server's. ``at_hub``: the
    shop's hub stands in for a server that does not answer.
    """

    joined: bool
    online: bool
    pending: int
    last_contact_ms: int | None
    offline_since_ms: int | None = None
    sending_since_ms: int | None = None
    unsent_for_ms: int = 0
    failed_tries: int = 0
    trouble: Code | None = None
    facts: dict[str, Fact] = field(default_factory=dict[str, Fact])
    clock_off_minutes: int = 0
    at_hub: bool = False


class SyncService:
    """The engine as the till sees it. A till that works alone has nothing to send."""

    def __init__(
        self, context: TillContext, *, make_transport: TransportMaker | None = None
    ) -> None:
        self.on_change: list[Callable[[], None]] = []
        """Called in the engine's thread when the line, members or programs changed."""
        self._context = context
        self._make_transport = make_transport or _shop_line(context)
        self._reserved: dict[MemberId, int] = {}
        self._lock = threading.Lock()
        self._engine: SyncEngine | None = None

    def start(self) -> None:
        """Start the engine's thread where a server is known; harmless otherwise."""
        if not self._context.identity.joined or self._is_carried():
            return
        with self._lock:
            if self._engine is None:
                self._engine = self._make_engine()
                self._context.store.after_write = self._engine.wake
            self._engine.start()

    def stop(self) -> None:
        """Stop the engine; what is unsent stays in the journal."""
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.stop()

    def sync_now(self, *, timeout_ms: int) -> SyncOutcome:
        """Exchange until nothing is pending and no row waits, or the time is up."""
        self.start()
        engine = self._engine
        trouble = self._no_line() if engine is None else engine.sync_now(timeout_ms / 1000)
        self._context.refresh()
        status = self.status()
        return SyncOutcome(
            pending=status.pending,
            online=status.online,
            last_contact_ms=status.last_contact_ms,
            trouble=trouble,
            facts=status.facts if trouble is status.trouble else {},
        )

    def status(self) -> ConnectionStatus:
        """Return where the till stands now."""
        with self._context.store.read() as work:
            pending = work.journal.stream().pending
        engine = self._engine
        line = _NO_LINE if engine is None else engine.status
        return ConnectionStatus(
            joined=self._context.identity.joined,
            online=line.online,
            pending=pending,
            last_contact_ms=line.last_contact_ms or self._context.last_contact_ms,
            offline_since_ms=line.offline_since_ms,
            # The line hears of an acknowledgement a moment after the journal: nothing waits then.
            sending_since_ms=line.sending_since_ms if pending else None,
            unsent_for_ms=line.unsent_for_ms if pending else 0,
            failed_tries=line.failed_tries,
            trouble=line.trouble,
            facts=dict(line.facts),
            clock_off_minutes=line.clock_off_minutes,
            at_hub=line.at_hub,
        )

    def ask_rights(self, member: MemberId, points: int) -> bool:
        """Ask the server for spend rights of a member, in at most 1.5 s; tell whether they came."""
        engine = self._engine
        return engine is not None and engine.ask_rights(member, points, ASK_RIGHTS_SECONDS)

    def prefetch_rights(self, member: MemberId, points: int) -> None:
        """Ask ahead while a member's sale is on screen; returns at once."""
        engine = self._engine
        if engine is not None:
            engine.want_rights(member, points)

    def reserve_rights(self, member: MemberId, points: int) -> None:
        """Keep points here that a basket on screen counts on; 0 = no more."""
        if points > 0:
            self._reserved[member] = points
        else:
            self._reserved.pop(member, None)
            engine = self._engine
            if engine is not None:
                engine.wake()

    def remote_history(self, member: MemberId, limit: int) -> tuple[RemoteEntry, ...] | None:
        """Return the server's entries of a member; None where it cannot be asked now."""
        engine = self._engine
        reply = None if engine is None else engine.history(member, limit, HISTORY_SECONDS)
        if reply is None:
            return None
        with self._context.store.read() as work:
            stream = work.journal.stream().stream
        return tuple(_remote_entry(entry, own=entry.stream == stream) for entry in reply.entries)

    def _is_carried(self) -> bool:
        """Tell whether this till is never online: its packets are carried by hand."""
        with self._context.store.read() as work:
            return work.settings.text(Setting.SERVER_URL) == BY_HAND_URL

    def _no_line(self) -> Code:
        return Code.CARRIED_BY_HAND if self._is_carried() else Code.NOT_JOINED

    def _make_engine(self) -> SyncEngine:
        context = self._context
        return SyncEngine(
            state=SyncState(
                context.store,
                context.clock,
                context.ids,
                reserved=lambda member: self._reserved.get(member, 0),
            ),
            joining=Joining(context.store, context.clock, context.ids),
            clock=context.clock,
            ids=context.ids,
            on_change=self._changed,
            make_transport=self._make_transport,
        )

    def _changed(self) -> None:
        self._context.refresh()
        for tell in tuple(self.on_change):
            tell()


def _shop_line(context: TillContext) -> TransportMaker:
    """Return what goes through the shop's hub where there is one, and else to the server."""
    line = ShopLine(context.clock, partial(read_hub_place, context.store))
    return line.transport


def _remote_entry(entry: HistoryEntry, *, own: bool) -> RemoteEntry:
    return RemoteEntry(
        sale_id=entry.event,
        at_ms=entry.at_ms,
        kind=entry.kind,
        points=entry.points,
        own_seq=entry.seq if own else 0,
    )
