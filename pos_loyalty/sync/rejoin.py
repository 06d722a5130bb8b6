"""A till whose journal is no longer the only one of its name goes on in a new stream.

After a restored disk, a clone, or a fork the old stream is closed at the server. What
the server does not hold is carried over with its bytes and hash; the server ignores
what it knows, so carrying too much does no harm. Rights stay behind with the old
stream.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from pos_loyalty import __version__
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import NotOurServer
from pos_loyalty.domain.ids import StreamId
from pos_loyalty.store.joining import Alone
from pos_loyalty.wire.messages import JoinReply, JoinRequest
from pos_loyalty.wire.version import PROTOCOL_NEWEST


class RejoinStorage(Protocol):
    """What joining again needs of the till's database."""

    def alone(self) -> Alone:
        """Return what the till has now."""
        ...

    def intended_stream(self) -> tuple[StreamId, str]:
        """Return id and nonce of the stream that shall follow, the same at every try."""
        ...

    def begin_stream(
        self,
        stream: StreamId,
        join_nonce: str,
        *,
        known_hashes: AbstractSet[str],
        epoch: int,
        token: str,
        is_unknown: bool = False,
    ) -> int:
        """Go on in the new stream; return how many events were carried over."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rejoin:
    """Makes the request, signed by the key that the server knows, and takes the reply."""

    storage: RejoinStorage
    clock: Clock
    public_key: str

    def next_request(self) -> JoinRequest:
        """Build the request; it closes the stream that this till can no longer continue."""
        now = self.storage.alone()
        stream, nonce = self.storage.intended_stream()
        return JoinRequest(
            proto=PROTOCOL_NEWEST,
            stream=stream,
            join_nonce=nonce,
            public_key=self.public_key,
            currency=now.currency,
            now_ms=self.clock.now_ms(),
            till=now.till,
            closes_stream=now.stream,
            app_version=__version__,
        )

    def take(
        self, reply: JoinReply, known_hashes: Iterable[str], *, is_unknown: bool = False
    ) -> int:
        """Begin the new stream; return how many events were carried over.

        ``is_unknown`` says that the server, whose books were restored, has never heard of
        the old stream.

        Raises:
            NotOurServer: another merchant answered; nothing was changed.
        """
        now = self.storage.alone()
        if reply.merchant != now.merchant:
            raise NotOurServer(Code.SERVER_OTHER_MERCHANT)
        stream, nonce = self.storage.intended_stream()
        return self.storage.begin_stream(
            stream,
            nonce,
            known_hashes={*known_hashes, *reply.known_hashes},
            epoch=reply.epoch,
            token=reply.token,
            is_unknown=is_unknown,
        )
