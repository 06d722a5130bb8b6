"""A shop of a test: a real server, a proxy in front of it, and tills with real engines."""

import contextlib
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.database.repository import Session
from pos_loyalty.services.join_server import JoinServer, ServerJoined
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.run_sync import SyncOutcome
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.verification import verify
from pos_loyalty.till import Till, open_till
from tests.contract.running_server import RunningServer, make_books, running_server
from tests.proxies import MisbehavingProxy
from tests.sample_till import sell

SECONDS = 10.0


def wait_until(holds: Callable[[], bool], *, seconds: float = SECONDS) -> float:
    """Wait until something is true; return the seconds that took."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, "it did not happen in time"
        time.sleep(0.005)
    return time.monotonic() - start


@dataclass
class Shop:
    """A server's address behind a proxy, and the tills of the shop."""

    folder: Path
    server: RunningServer
    proxy: MisbehavingProxy
    tills: list[Till] = field(default_factory=list[Till])

    def open_till(self, name: str) -> Till:
        till = open_till(self.folder / name, keys=FileKeys(self.folder / "keys"))
        self.tills.append(till)
        return till

    def join(self, till: Till, *, url: str = "") -> ServerJoined:
        return till.join_server(JoinServer(url or self.proxy.url, self.server.till_code()))

    def joined_till(self, name: str) -> Till:
        till = self.open_till(name)
        self.join(till)
        return till

    def close(self, till: Till) -> None:
        self.tills.remove(till)
        till.close()

    def balance_at_server(self, member: MemberId) -> int:
        with contextlib.closing(self.server.open()) as database, database.read() as session:
            rows = session.fetch("SELECT balance FROM member WHERE member = ?", member)
        return int(rows[0][0]) if rows else 0

    @contextmanager
    def write_at_server(self) -> Generator[Session]:
        """Change the server's books by hand."""
        with contextlib.closing(self.server.open()) as database, database.write() as session:
            yield session

    def events_at_server(self) -> list[str]:
        """Return the ids of the facts that count, each as often as it counts."""
        with contextlib.closing(self.server.open()) as database, database.read() as session:
            rows = session.fetch("SELECT event FROM event WHERE event IS NOT NULL")
        return [str(row[0]) for row in rows]


@contextmanager
def a_shop(folder: Path) -> Generator[Shop]:
    database = f"sqlite:///{folder / 'books.db'}"
    make_books(database)
    with ExitStack() as stack:
        server = stack.enter_context(running_server(database))
        proxy = stack.enter_context(MisbehavingProxy(server.url))
        shop = Shop(folder, server, proxy)
        try:
            yield shop
        finally:
            for till in shop.tills:
                till.close()


def view(till: Till, member: MemberId) -> MemberView:
    return till.look_up_member(LookUpMember(id=member))


def balance(till: Till, member: MemberId) -> int:
    with till.context.store.read() as read:
        record = read.members.record(member)
    return 0 if record is None else record.balance_points


def spendable(till: Till, member: MemberId) -> int:
    with till.context.store.read() as read:
        return read.journal.rights(member).spendable


def sync(till: Till, *, seconds: float = 20.0) -> SyncOutcome:
    return till.sync.sync_now(timeout_ms=int(seconds * 1000))


def sync_until_sent(till: Till, *, tries: int = 10) -> None:
    """Ask again and again over a bad line, as somebody at a counter would."""
    troubles: list[str] = []
    for _ in range(tries):
        outcome = sync(till)
        if outcome.trouble is None:
            assert outcome.pending == 0
            return
        troubles.append(f"{outcome.trouble} {outcome.facts}")
    raise AssertionError(f"it never got through: {troubles}")


def sell_quietly(till: Till, member: MemberId, count: int) -> int:
    """Sell a few times; return the points earned."""
    return sum(sell(till, member).earned_points for _ in range(count))


def assert_sound(till: Till) -> None:
    with till.context.store.read() as read:
        verified = verify(read.connection)
    assert verified.finding is None, verified.finding
