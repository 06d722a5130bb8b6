"""The shop that every seed begins with: books, joined tills and printed cards, made once."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pos_loyalty.cards.batch import issue_batch
from pos_loyalty.domain.card_payload import format_payload, random_letters
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId, MerchantId
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.database.sqlite import SqliteDatabase
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.join_till import JoinTill
from pos_loyalty.server.setup import create_merchant, create_till_code, read_merchant
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.simulator.failpoints import copy_database
from pos_loyalty.simulator.sources import SimulatedClock, SimulatedIds, SimulatedKeys, WorldTime
from pos_loyalty.store.joining import Joining
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.join import Join
from pos_loyalty.till import open_till
from pos_loyalty.wire.messages import JoinReply, JoinRequest

TILLS = 3
STRANGER = "stranger"
HUB = "hub"
HUB_PIN = "ab" * 32
_CARDS = 10
_FORGED = 2
_SERVER_URL = "https://simulated.example"
_CODE_MINUTES = 60
_RANDOM_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Template:
    """Folders to copy, and what the world must know of them.

    ``stranger_key`` is the key of a till that joined and speaks the protocol by itself.
    """

    folder: Path
    keys: SimulatedKeys
    merchant: MerchantId
    payloads: tuple[str, ...]
    forged: tuple[str, ...]
    stranger_key: TillKey
    stranger_stream: tuple[str, str]

    def copy_till(self, name: str, target: Path) -> None:
        """Copy a till's folder."""
        copy_till_folder(self.folder / name, target)

    def copy_server(self, target: Path) -> None:
        """Copy the books."""
        copy_database(self.folder / "server.db", target)


def copy_till_folder(source: Path, target: Path) -> None:
    """Copy a till's data folder as it lies on the disk now."""
    target.mkdir(parents=True, exist_ok=True)
    copy_database(source / "till.db", target / "till.db")
    shutil.copyfile(source / "till.json", target / "till.json")


def make_template(folder: Path, *, has_hub: bool) -> Template:
    """Make the shop in a folder; the same one every time."""
    time = WorldTime()
    time.ms -= 60 * 60 * 1000
    clock = SimulatedClock(time)
    ids, keys = SimulatedIds("template", clock), SimulatedKeys()
    database = SqliteDatabase(folder / "server.db", may_create=True)
    try:
        merchant = create_merchant(
            database, name="Simulated shop", currency="EUR", country="DE", clock=clock, ids=ids
        )
        made = _Making(folder, database, clock, ids, keys)
        for number in range(TILLS):
            made.make_till(f"till-{number + 1}")
        if has_hub:
            made.make_till(HUB, hub_pin=HUB_PIN)
        stranger_key = made.make_till(STRANGER)
        payloads = made.issue_cards(merchant)
        forged = tuple(
            format_payload(merchant, random_letters(ids.random_bytes(_RANDOM_BYTES)))
            for _ in range(_FORGED)
        )
    finally:
        database.close()
    return Template(
        folder=folder,
        keys=keys,
        merchant=merchant,
        payloads=payloads,
        forged=forged,
        stranger_key=stranger_key,
        stranger_stream=made.streams[STRANGER],
    )


class _Making:
    """Makes tills that join, one after the other."""

    def __init__(
        self,
        folder: Path,
        database: SqliteDatabase,
        clock: SimulatedClock,
        ids: SimulatedIds,
        keys: SimulatedKeys,
    ) -> None:
        self._folder = folder
        self._database = database
        self._clock = clock
        self._ids = ids
        self._keys = keys
        self.streams: dict[str, tuple[str, str]] = {}

    def make_till(self, name: str, *, hub_pin: str = "") -> TillKey:
        """Make a till, or the shop's hub, and let it join; return its key."""
        code = create_till_code(
            self._database,
            shop_name="Market Street",
            minutes=_CODE_MINUTES,
            clock=self._clock,
            ids=self._ids,
        )
        with open_till(
            self._folder / name, clock=self._clock, ids=self._ids, keys=self._keys
        ) as till:
            joining = Joining(till.context.store, self._clock, self._ids)
            key = TillKey.from_text(joining.private_key())
            join = Join(
                storage=joining,
                clock=self._clock,
                server_url=_SERVER_URL,
                public_key=key.public_text,
            )
            request = msgspec.structs.replace(join.next_request(code), hub_pin=hub_pin)
            join.take(self._answer(request))
            self.streams[name] = (request.stream, request.join_nonce)
        return key

    def _answer(self, request: JoinRequest) -> JoinReply:
        use_case = JoinTill(
            merchant=read_merchant(self._database), ids=self._ids, now_ms=self._clock.now_ms()
        )

        def work(session: Session) -> JoinReply:
            return use_case(session, request)

        return transact(self._database, work)

    def issue_cards(self, merchant: MerchantId) -> tuple[str, ...]:
        """Print cards at the first till; the others hear of them by sync."""
        batch = issue_batch(
            merchant=merchant,
            count=_CARDS,
            batch=BatchId(self._ids.next_id()),
            random_bytes=self._ids.random_bytes,
        )
        with open_till(
            self._folder / "till-1", clock=self._clock, ids=self._ids, keys=self._keys
        ) as till:
            till.issue_cards(
                IssueCards(
                    batch=batch.batch,
                    cards=[NewCard(key=card.card_key, number=card.number) for card in batch.cards],
                )
            )
        return tuple(card.payload for card in batch.cards)
