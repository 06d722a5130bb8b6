"""Join a server: the till belongs to a merchant from now on, and its journal comes along."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, NotOurServer, ServerUnreachable
from pos_loyalty.services.ended_rights import give_back_ended
from pos_loyalty.services.run_sync import SyncOutcome, SyncService
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.joining import Joining
from pos_loyalty.sync.backoff import delay_ms, jitter_of
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.engine import TransportMaker
from pos_loyalty.sync.join import Join
from pos_loyalty.sync.transport import (
    JOIN_PATH,
    HttpTransport,
    addresses_of,
    is_name_unknown,
    server_url,
    speaks_no_tls,
)
from pos_loyalty.wire.messages import JoinReply

TRIES = 4
_FIRST_SYNC_MS = 30_000
_NO_ANSWER = frozenset({Code.NETWORK_DOWN, Code.SERVER_SILENT})


@dataclass(frozen=True)
class JoinServer:
    """Join the server at an address with a one-time code of the owner.

    ``hub_pin`` makes this the hub of its shop: the SHA-256 (hex) of its certificate.
    """

    url: str
    code: str
    hub_pin: str = ""


@dataclass(frozen=True)
class ServerJoined:
    """The till belongs to this merchant; ``sync`` is how the first exchange went."""

    merchant_name: str
    shop_name: str
    till_name: str
    sync: SyncOutcome


class JoinServerHandler:
    """Joins, and brings the first rows."""

    def __init__(
        self,
        context: TillContext,
        sync: SyncService,
        *,
        make_transport: TransportMaker = HttpTransport,
    ) -> None:
        self._context = context
        self._sync = sync
        self._make_transport = make_transport

    def __call__(self, command: JoinServer) -> ServerJoined:
        """Join; a repeated call after a lost answer finds the same till again.

        Raises:
            CommandRefused: joined already, the code does not fit, another currency, no address,
                or plain http to the internet.
            ServerUnreachable: no usable answer; nothing was changed here.
        """
        url = server_url(command.url)
        ensure_private(url)
        if not command.code.strip():
            raise CommandRefused(Code.JOIN_CODE)
        self._ensure_may_join()
        context = self._context
        joining = Joining(context.store, context.clock, context.ids)
        key = TillKey.from_text(joining.private_key())
        join = Join(
            storage=joining,
            clock=context.clock,
            server_url=url,
            public_key=key.public_text,
            hub_pin=command.hub_pin,
        )
        try:
            reply = asyncio.run(self._ask(join, url, key, command.code))
        except ServerUnreachable as error:
            raise _not_joined(error, url) from error
        give_back_ended(context)
        join.take(reply)
        context.refresh()
        outcome = self._sync.sync_now(timeout_ms=_FIRST_SYNC_MS)
        identity = context.identity
        return ServerJoined(
            merchant_name=identity.merchant_name,
            shop_name=identity.shop_name,
            till_name=identity.till_name,
            sync=outcome,
        )

    def _ensure_may_join(self) -> None:
        """A till joins once; again only where its server no longer knows it."""
        if not self._context.identity.joined:
            return
        trouble = self._sync.sync_now(timeout_ms=_FIRST_SYNC_MS).trouble
        if trouble is not Code.TILL_UNKNOWN:
            raise CommandRefused(Code.JOIN_DONE, merchant=self._context.identity.merchant_name)
        self._sync.stop()

    async def _ask(self, join: Join, url: str, key: TillKey, code: str) -> JoinReply:
        """Send the request, a few times where the line fails: the server knows it again."""
        transport = self._make_transport(url, key)
        try:
            for failures in range(1, TRIES):
                try:
                    return await transport.call(JOIN_PATH, join.next_request(code), JoinReply)
                except NotOurServer:
                    raise
                except ServerUnreachable:
                    jitter = jitter_of(self._context.ids.random_bytes(4))
                    await asyncio.sleep(delay_ms(failures, jitter=jitter) / 1000)
            return await transport.call(JOIN_PATH, join.next_request(code), JoinReply)
        finally:
            await transport.close()


def ensure_private(url: str) -> None:
    """Refuse plain http to a server on the internet: it would carry names and phone numbers.

    Raises:
        CommandRefused: the address is of the internet, and not https.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and any(each.is_global for each in addresses_of(url)):
        raise CommandRefused(Code.SERVER_PLAIN, host=parts.hostname or "")


def is_plain(url: str) -> bool:
    """Tell whether what is sent to this server leaves this PC and can be read on the way.

    Raises:
        CommandRefused: not an address of a server, or of one on the internet.
    """
    sound = server_url(url)
    ensure_private(sound)
    is_near = all(each.is_loopback for each in addresses_of(sound))
    return sound.startswith("http://") and not is_near


def _not_joined(error: ServerUnreachable, url: str) -> ServerUnreachable:
    """Say what a person who joins needs to know; that sales are safe is no news to them."""
    if error.code is Code.SERVER_NOT_OURS and speaks_no_tls(error):
        return ServerUnreachable(Code.JOIN_TLS, address=url)
    if error.code not in _NO_ANSWER:
        return error
    if is_name_unknown(error):
        return ServerUnreachable(Code.JOIN_HOST, host=urlsplit(url).hostname or "")
    return ServerUnreachable(Code.JOIN_SILENT, address=url)
