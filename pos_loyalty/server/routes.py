"""The addresses of the server: bytes in, bytes out, every refusal in the same words."""

import asyncio
import contextlib
import dataclasses
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, StoreUnavailable
from pos_loyalty.domain.ids import IdSource
from pos_loyalty.server import digest, history, join_till, snapshot
from pos_loyalty.server.authentication import (
    NotAllowed,
    authenticate,
    ensure_signed,
    signed_request,
    till_of_stream,
)
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.exchange import PATH as EXCHANGE_PATH
from pos_loyalty.server.exchange import Exchange
from pos_loyalty.server.group_commit import GroupCommit
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.join_till import (
    JoinRefused,
    JoinTill,
    TooManyTries,
    WrongTriesPace,
    ensure_join_shape,
    spend_try,
)
from pos_loyalty.server.keep_anew import TRIES_MAX, PastIsAsked, fold_ahead
from pos_loyalty.server.pressure import ServerBusy
from pos_loyalty.server.settings import BODY_SECONDS_MAX
from pos_loyalty.server.snapshot import SnapshotFolder
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    HistoryReply,
    HistoryRequest,
    JoinReply,
    JoinRequest,
    Refusal,
    SnapshotOffer,
    SnapshotRequest,
)

RETRY_AFTER_SECONDS = 2
_LOG = logging.getLogger(__name__)

Handler = Callable[[bytes, str], Awaitable[msgspec.Struct | bytes]]


@dataclass(frozen=True, kw_only=True)
class Routes:
    """The use cases of the server behind their addresses."""

    database: Database
    merchant: Merchant
    group: GroupCommit
    exchange: Exchange
    clock: Clock
    ids: IdSource
    pace: WrongTriesPace
    snapshots: SnapshotFolder | None = None
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the past is folded for a till that joins."""

    def all(self) -> list[Route]:
        """Return every address."""
        return [
            Route("/health", self._health, methods=["GET"]),
            _post(EXCHANGE_PATH, self.exchange),
            _post(join_till.PATH, self._join),
            _post(history.PATH, self._history),
            _post(snapshot.PATH, self._snapshot),
            _post(digest.PATH, self._digests()),
        ]

    async def _health(self, request: Request) -> Response:
        del request
        body = json.dumps({"status": "ok", "merchant": self.merchant.merchant})
        return Response(body, media_type="application/json")

    async def _join(self, body: bytes, signature: str) -> JoinReply:
        request = codec.unpack(body, JoinRequest)
        ensure_signed(request.public_key, signature, signed_request(join_till.PATH, body))
        now_ms = self.clock.now_ms()
        ensure_join_shape(request)
        if request.code:
            self.pace.ensure_calm(self.clock.monotonic_ms())

        def count(session: Session) -> None:
            spend_try(session, self.merchant.merchant, request.code)

        try:
            if request.code:
                await self.group.run(lambda: transact(self.database, count))
            return await self._joined(request, now_ms)
        except (JoinRefused, NotAllowed) as error:
            if error.code in {Code.JOIN_CODE, Code.TILL_UNKNOWN}:
                self.pace.wrong(self.clock.monotonic_ms())
            raise

    async def _joined(self, request: JoinRequest, now_ms: int) -> JoinReply:
        """Join; where the till's own programs ask for the past, that is folded beside the rest.

        One at a time: a till that got no answer in time asks again, and finds it done then.
        """
        join = JoinTill(merchant=self.merchant, ids=self.ids, now_ms=now_ms)
        with contextlib.suppress(PastIsAsked):
            return await self._write_join(join, request)
        async with self.counting:
            for _ in range(TRIES_MAX):
                try:
                    return await self._write_join(join, request)
                except PastIsAsked as asked:
                    ahead = await asyncio.to_thread(fold_ahead, self.database, asked)
                    join = dataclasses.replace(join, ahead=ahead)
        raise StoreUnavailable(Code.SERVER_BUSY)

    async def _write_join(self, join: JoinTill, request: JoinRequest) -> JoinReply:
        def work(session: Session) -> JoinReply:
            return join(session, request)

        return await self.group.run(lambda: transact(self.database, work))

    async def _history(self, body: bytes, signature: str) -> HistoryReply:
        request = codec.unpack(body, HistoryRequest)

        def work() -> HistoryReply:
            with self.database.read() as session:
                till = till_of_stream(session, self.merchant.merchant, request.stream)
                authenticate(till, path=history.PATH, body=body, signature=signature)
                return history.read_history(session, self.merchant, request)

        return await asyncio.to_thread(work)

    def _digests(self) -> Handler:
        return digest.Digests(database=self.database, merchant=self.merchant, clock=self.clock)

    async def _snapshot(self, body: bytes, signature: str) -> SnapshotOffer | bytes:
        request = codec.unpack(body, SnapshotRequest)
        merchant = self.merchant.merchant

        def work() -> SnapshotOffer | bytes:
            with self.database.read() as session:
                till = till_of_stream(session, merchant, request.stream)
                authenticate(till, path=snapshot.PATH, body=body, signature=signature)
                if self.snapshots is None:
                    return SnapshotOffer(merchant=merchant)
                if not request.name:
                    return self.snapshots.offer(session, merchant, request.stream)
            return self.snapshots.piece(merchant, request)

        return await asyncio.to_thread(work)


def _post(path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            signature = request.headers.get(codec.SIGNATURE_HEADER, "")
            if not signature:
                raise NotAllowed(Code.SIGNATURE)  # noqa: TRY301 - all refusals are answered below
            reply = await handler(await read_body(request), signature)
        except LoyaltyError as error:
            return refusal(error)
        except ClientDisconnect:
            return refusal(CommandRefused(Code.BODY_SHAPE, detail="cut short"))
        except Exception as error:  # noqa: BLE001 - the server's request handler: one of three places
            _LOG.exception("a request failed: %s", type(error).__name__)
            return refusal(StoreUnavailable(Code.SERVER_TROUBLE))
        if isinstance(reply, bytes):
            return Response(reply, media_type=codec.PIECE_TYPE)
        return Response(codec.pack(reply), media_type=codec.CONTENT_TYPE)

    return Route(path, endpoint, methods=["POST"])


async def read_body(request: Request) -> bytes:
    """Read a body piece by piece; stop as soon as it is too large or too slow.

    Raises:
        CommandRefused: too large, or slower than any line of a shop.
    """
    parts = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                parts += part
                if len(parts) > codec.COMPRESSED_BYTES_MAX:
                    raise CommandRefused(Code.BODY_LARGE, limit_bytes=codec.COMPRESSED_BYTES_MAX)
    except TimeoutError as error:
        raise CommandRefused(Code.BODY_SHAPE, detail="came too slowly") from error
    return bytes(parts)


def status_of(error: LoyaltyError) -> int:
    """Return the HTTP status for an error."""
    if isinstance(error, NotAllowed):
        return 403 if error.code is Code.TILL_REVOKED else 401
    if isinstance(error, JoinRefused):
        return 409
    if isinstance(error, StoreUnavailable | TooManyTries):
        return 503
    return 413 if error.code is Code.BODY_LARGE else 400


def _retry_after(error: LoyaltyError) -> int:
    return error.retry_after_seconds if isinstance(error, ServerBusy) else RETRY_AFTER_SECONDS


def refusal(error: LoyaltyError) -> Response:
    """Say no in the words of the catalog."""
    status = status_of(error)
    headers = {"Retry-After": str(_retry_after(error))} if status == 503 else {}  # noqa: PLR2004 - HTTP's own number
    if status in {400, 413}:
        # What is left of an unread body must not be taken for the next request.
        headers["Connection"] = "close"
    body = codec.pack(Refusal(code=error.code.value, facts=dict(error.facts)))
    return Response(body, status_code=status, headers=headers, media_type=codec.CONTENT_TYPE)
