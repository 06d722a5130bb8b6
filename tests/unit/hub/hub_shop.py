"""A shop of a test without any network: a hub, its tills, and a server that only signs and keeps.

The tills' side is real (store, exchange, signatures), the hub's too. What the server holds of
each journal is a list here: enough to see what is sent on, in which order, and once.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pos_loyalty.domain.event import chain_hash, first_hash
from pos_loyalty.domain.ids import MemberId, MerchantId, ShopId, StreamId, TillId
from pos_loyalty.hub.shop_hub import EXCHANGE_PATH, Answer, ServerReply, ShopHub, read_visit
from pos_loyalty.store.hub_state import HeldBody, HubState
from pos_loyalty.store.joining import Joining, Membership
from pos_loyalty.store.row_writer import RowWriter
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey, request_text
from pos_loyalty.sync.exchange import Exchange, Outcome
from pos_loyalty.till import Till
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import Row, Status, SyncReply, SyncRequest, TillRow
from tests.sample_till import SampleTill

MERCHANT = MerchantId("ab" * 16)
PIN = "cd" * 32


class ShopTill:
    """One till of the shop, joined on paper."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.sample = SampleTill(folder, seed=seed)
        self.id = TillId(f"{seed:032x}")
        self.open()
        self.joining.belong(
            Membership(
                server_url="http://nobody",
                merchant=MERCHANT,
                merchant_name="Merchant",
                country="DE",
                shop=ShopId("ef" * 16),
                shop_name="Shop",
                till=self.id,
                till_name=f"Till {seed}",
                epoch=1,
                token="",
            )
        )
        with self.till.context.store.write() as work:
            work.settings.put(Setting.HUB_PIN, PIN)
            work.commit()
        self.till.context.refresh()

    def open(self) -> None:
        """Open the folder, as after a start."""
        self.till: Till = self.sample.open()
        context = self.till.context
        self.reserved: dict[MemberId, int] = {}
        self.state = SyncState(
            context.store,
            context.clock,
            context.ids,
            reserved=lambda one: self.reserved.get(one, 0),
        )
        self.joining = Joining(context.store, context.clock, context.ids)
        self.key = TillKey.from_text(self.joining.private_key())
        self.exchange = Exchange(
            storage=self.state, signer=self.key, clock=context.clock, ids=context.ids
        )

    def restart(self) -> None:
        """End and start again."""
        self.till.close()
        self.open()

    @property
    def stream(self) -> StreamId:
        return self.state.position().stream

    def sign(self, request: SyncRequest) -> tuple[bytes, str]:
        """Return a request as it goes over the line."""
        body = codec.pack(request)
        return body, self.key.sign(request_text(EXCHANGE_PATH, body))

    def write_rows(self, *rows: Row) -> None:
        """Store rows as if the server had sent them."""
        with self.till.context.store.write() as work:
            clock, ids = self.till.context.clock, self.till.context.ids
            writer = RowWriter(work, epoch=1, have=0, clock=clock, ids=ids)
            for row in rows:
                writer.store(row)
            work.commit()

    def rights(self, member: MemberId) -> int:
        return self.state.spendable(member)

    def balance(self, member: MemberId) -> int:
        with self.till.context.store.read() as read:
            record = read.members.record(member)
        return 0 if record is None else record.balance_points


@dataclass
class HubShop:
    """The hub with its tills; ``moves`` counts what the hub told those who wait."""

    folder: Path
    tills: dict[str, ShopTill] = field(default_factory=dict[str, ShopTill])
    moves: int = 0

    def __post_init__(self) -> None:
        self.hub_till = ShopTill(self.folder / "hub", 1)
        self.server: dict[StreamId, list[bytes]] = {}
        self.open_hub()

    def open_hub(self) -> None:
        """Start the hub on its folder."""
        context = self.hub_till.till.context
        self.state = HubState(context.store, context.clock, context.ids)
        self.hub = ShopHub(
            state=self.state, merchant=MERCHANT, clock=context.clock, on_move=self._moved
        )

    def restart_hub(self) -> None:
        """End the hub and start it again."""
        self.hub_till.restart()
        self.open_hub()

    def _moved(self) -> None:
        self.moves += 1

    def close(self) -> None:
        for each in (self.hub_till, *self.tills.values()):
            each.till.close()

    def add(self, name: str) -> ShopTill:
        """Let a till join; the server tells the hub of its key."""
        till = ShopTill(self.folder / name, len(self.tills) + 2)
        self.tills[name] = till
        self.tell_of(till)
        return till

    def tell_of(self, till: ShopTill, *, status: str = "active", shop: str = "Shop") -> None:
        row = TillRow(
            v=1,
            till=till.id,
            shop_name=shop,
            public_key=till.key.public_text,
            status=status,
        )
        self.hub_till.write_rows(row)

    def hold(self, till: ShopTill, request: SyncRequest) -> Answer:
        """Give the hub a request while the server is away."""
        return self.hub.hold(read_visit(*till.sign(request)))

    def talk(self, till: ShopTill, *, wants: tuple[tuple[MemberId, int], ...] = ()) -> Outcome:
        """Let a till exchange with the hub once."""
        answer = self.hold(till, till.exchange.next_request(want_rights=wants))
        return till.exchange.take(answer.reply)

    def settle(self, *names: str) -> None:
        """Let tills talk to the hub until nobody has anything to say."""
        for _ in range(3):
            for name in names or tuple(self.tills):
                self.talk(self.tills[name])

    def send_on(self) -> list[HeldBody]:
        """The server is back: let the hub send on what it keeps; return it."""
        sent: list[HeldBody] = []
        for stream, _ in self.hub.waiting():
            while body := self.hub.next_body(stream):
                sent.append(body)
                self.hub.forwarded(body, self.take(read_visit(body.body, body.signature).request))
        return sent

    def take(self, request: SyncRequest) -> ServerReply:
        """Hold events as the server would: each place once, or a gap."""
        held = self.server.setdefault(request.stream, [])
        first = request.from_seq - 1
        status = Status.GAP if first > len(held) else Status.OK
        if status is Status.OK:
            held.extend(bytes(raw) for raw in request.events[len(held) - first :])
        return ServerReply(
            status=status,
            merchant=MERCHANT,
            have=len(held),
            have_hash=self.hash_of(request.stream).hex(),
        )

    def hash_of(self, stream: StreamId) -> bytes:
        """Return the chain's hash after what the server holds of a till's journal."""
        nonce = next(
            one.joining.alone().join_nonce for one in self.tills.values() if one.stream == stream
        )
        digest = first_hash(stream, nonce)
        for data in self.server.get(stream, []):
            digest = chain_hash(digest, data)
        return digest

    def exchange(self, till: ShopTill) -> Outcome:
        """Let a till exchange with the server directly until everything is acknowledged."""
        while till.state.position().acked_seq < till.state.position().last_seq:
            self.exchange_once(till)
        return self.exchange_once(till)

    def exchange_once(self, till: ShopTill) -> Outcome:
        """Let a till exchange with the server directly once."""
        request = till.exchange.next_request()
        reply = self.take(request)
        return till.exchange.take(
            SyncReply(
                req=request.req,
                status=Status(reply.status),
                merchant=MERCHANT,
                epoch=1,
                server_now=0,
                have=reply.have,
                have_hash=reply.have_hash,
                cursor=request.cursor,
                profiles_have=tuple(change.change for change in request.profiles),
            )
        )
