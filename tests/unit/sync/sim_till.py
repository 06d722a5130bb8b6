"""A till for simulations: the real store and the real steps, under a made-up clock."""

import random
import shutil
from pathlib import Path

from pos_loyalty.domain.event import Basket, SaleRecorded
from pos_loyalty.domain.ids import EventId, MemberId, StreamId, TillId
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.spend_rights import Rights
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.opening import open_store
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.store.verification import verify
from pos_loyalty.sync.exchange import Exchange, Outcome, Step
from pos_loyalty.sync.join import Join
from pos_loyalty.sync.rejoin import Rejoin
from pos_loyalty.wire.messages import SyncReply, SyncRequest
from tests.builders import STANDARD
from tests.sample_till import SeededIds, SteppingClock
from tests.unit.sync.model_server import ModelServer


class NoSigner:
    """Signs nothing: the model does not look."""

    def sign(self, data: bytes) -> str:
        del data
        return "signature"


class SimTill:
    """One till on its own folder, joined to the model."""

    def __init__(self, folder: Path, seed: random.Random) -> None:
        self.folder = folder
        self.clock = SteppingClock()
        self.ids = SeededIds(seed.getrandbits(32))
        self.sold: list[SaleRecorded] = []
        self._open()

    def _open(self) -> None:
        opened = open_store(
            self.folder,
            FileKeys(self.folder.parent / "keys"),
            random_bytes=self.ids.random_bytes,
            fill_new=self._fill,
        )
        self.store = opened.store
        self.state = SyncState(self.store, self.clock, self.ids)
        self.joining = Joining(self.store, self.clock, self.ids)
        self.exchange = Exchange(
            storage=self.state, signer=NoSigner(), clock=self.clock, ids=self.ids
        )

    def _fill(self, work: UnitOfWork) -> None:
        work.settings.put(Setting.MERCHANT, self.ids.next_id())
        work.settings.put(Setting.CURRENCY, "EUR")
        work.settings.put(Setting.TILL, TillId(""))
        work.programs.put(STANDARD)
        work.journal.open_stream(StreamId(self.ids.next_id()), self.ids.next_id())

    def join(self, server: ModelServer) -> None:
        join = Join(
            storage=self.joining, clock=self.clock, server_url="http://model", public_key="key"
        )
        join.take(server.join(join.next_request("code")))

    def restart(self) -> None:
        """Come back as after a power cut between two transactions."""
        self.store.close()
        self._open()

    def copy_to(self, folder: Path) -> None:
        """Copy the disk as it is now."""
        self.store.close()
        shutil.copytree(self.folder, folder)
        self._open()

    def replace_by(self, folder: Path) -> None:
        """Come back with the disk of an earlier day."""
        self.store.close()
        shutil.rmtree(self.folder)
        shutil.copytree(folder, self.folder)
        self._open()

    def sell(self, member: MemberId, earned: int, *, redeem: int = 0) -> bool:
        """Sell; a redemption happens only within the spend rights. Return whether it did."""
        with self.store.write() as work:
            if redeem > work.journal.rights(member).spendable:
                return False
            reward = RewardTaken(reward=STANDARD.rewards[0].id, points=redeem, discount=0)
            event = SaleRecorded(
                v=1,
                id=EventId(self.ids.next_id()),
                at_ms=self.clock.now_ms(),
                boot_ms=1,
                tz_minutes=60,
                program=STANDARD.version,
                sale=Basket(total=earned * 100, currency="EUR"),
                member=member,
                earned=earned,
                rewards=(reward,) if redeem else (),
                redeemed=redeem,
                rights_used=redeem,
            )
            work.journal.append(event)
            work.commit()
        self.sold.append(event)
        return True

    def request(self, *, want: tuple[tuple[MemberId, int], ...] = ()) -> SyncRequest:
        """Build a request; whatever was in flight is given up, as after a timeout."""
        self.exchange.abandon()
        return self.exchange.next_request(want_rights=want)

    def take(self, reply: SyncReply, server: ModelServer) -> Outcome:
        """Take a reply; joining again happens at once."""
        outcome = self.exchange.take(reply)
        if outcome.step is Step.REJOIN:
            rejoin = Rejoin(storage=self.joining, clock=self.clock, public_key="key")
            rejoin.take(server.join(rejoin.next_request()), outcome.known_hashes)
            self.exchange.restart()
        return outcome

    def settle(self, server: ModelServer, *, rounds: int = 200) -> int:
        """Exchange over a good line until nothing waits; return the rounds it took."""
        for number in range(1, rounds + 1):
            outcome = self.take(server.exchange(self.request()), server)
            if outcome.step is Step.DONE:
                return number
        raise AssertionError("it never ends")

    def balance(self, member: MemberId) -> int:
        with self.store.read() as read:
            row = read.connection.execute(
                "SELECT snapshot_points + overlay_points FROM points WHERE member = ?", (member,)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def rights(self, member: MemberId) -> Rights:
        with self.store.read() as read:
            return read.journal.rights(member)

    def verify(self) -> None:
        with self.store.read() as read:
            verified = verify(read.connection)
        assert verified.finding is None, verified.finding
