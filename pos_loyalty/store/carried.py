"""What a till remembers of the packets that were carried by hand, between two trips."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.store.settings import BY_HAND_URL, Setting
from pos_loyalty.store.sync_state import SyncPosition, SyncState
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.wire.messages import ProfileChange, Settlement, SyncRequest
from pos_loyalty.wire.packet import Invitation

EXPORTS_KEPT = 12
"""So many packets may be on the way at once; the answer to an older one is not waited for."""


class Exported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A packet that was written: what it asked, and how far the server's word went then.

    ``requests`` are without their events. ``joins`` says that it begins with a join.
    """

    number: int
    acked_seq: int
    made_ms: int
    requests: tuple[SyncRequest, ...] = ()
    joins: bool = False


class CarriedState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is on the way. ``memory`` is the exchange's, as JSON.

    ``closed`` says that the server closed our stream, with what it holds of it;
    ``is_unknown`` that it has never heard of it.
    """

    number: int = 0
    exported: tuple[Exported, ...] = ()
    memory: msgspec.Raw = msgspec.Raw(b"{}")
    closed: tuple[str, ...] | None = None
    is_unknown: bool = False
    invitation: Invitation | None = None
    invited_by: MerchantId = MerchantId("")


@dataclass(frozen=True)
class CarriedStorage:
    """Reads and writes it, each time in one short transaction."""

    store: Store

    def state(self) -> CarriedState:
        """Return what is on the way."""
        with self.store.read() as read:
            text = read.settings.text(Setting.CARRIED)
        return msgspec.json.decode(text, type=CarriedState) if text else CarriedState()

    def keep(self, state: CarriedState) -> None:
        """Keep it; what is older than the newest few packets is forgotten."""
        kept = msgspec.structs.replace(state, exported=state.exported[-EXPORTS_KEPT:])
        with self.store.write() as work:
            work.settings.put(Setting.CARRIED, msgspec.json.encode(kept).decode())
            work.is_news = False
            work.commit()

    def server_key(self) -> str:
        """Return the server's key (base64), empty where this till has not heard of it."""
        with self.store.read() as read:
            return read.settings.text(Setting.PACKET_KEY)

    def keep_server_key(self, key: str) -> None:
        """Keep the server's key."""
        with self.store.write() as work:
            work.settings.put(Setting.PACKET_KEY, key)
            work.commit()


@dataclass
class PacketStorage(SyncState):
    """The till's state as one packet sees it: personal fields and choices page by page.

    Where the till is about to join, it speaks as if it belonged to its merchant already.
    """

    position_of_invited: SyncPosition | None = None
    _profiles_given: int = 0
    _settlements_given: int = 0

    def position(self) -> SyncPosition:
        """Return where this till stands, or will stand once its packet is taken."""
        return self.position_of_invited or super().position()

    def profile_changes(self, skipped: int = 0) -> tuple[ProfileChange, ...]:
        """Return the personal fields that are not in this packet yet."""
        page = super().profile_changes(skipped + self._profiles_given)
        self._profiles_given += len(page)
        return page

    def settlements(self) -> tuple[Settlement, ...]:
        """Return the choices that are not in this packet yet."""
        if self._settlements_given:
            return ()
        page = super().settlements()
        self._settlements_given += len(page)
        return page

    def has_more_profiles(self) -> bool:
        """Tell whether personal fields wait that are not in this packet yet."""
        return self.waiting().profiles > self._profiles_given


def invited_position(now: SyncPosition, merchant: MerchantId, epoch: int) -> SyncPosition:
    """Return where a till stands once it has joined by packet."""
    return SyncPosition(
        server_url=BY_HAND_URL,
        merchant=merchant,
        till=now.till,
        stream=now.stream,
        epoch=epoch,
        acked_seq=0,
        last_seq=now.last_seq,
        cursor="",
        token="",
        pruned_seq=now.pruned_seq,
    )


def bare(requests: Sequence[SyncRequest]) -> tuple[SyncRequest, ...]:
    """Return requests as they are remembered: without what the journal holds anyway."""
    return tuple(
        msgspec.structs.replace(request, events=(), profiles=(), settlements=(), sig="")
        for request in requests
    )
