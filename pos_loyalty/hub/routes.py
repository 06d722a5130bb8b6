"""The addresses of a hub: the server's own, passed on while it answers."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, StoreUnavailable
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.hub.center_line import RELAY_SECONDS, SERVER_FAULTS, CenterLine, read_reply
from pos_loyalty.hub.desk import HubDesk
from pos_loyalty.hub.shop_hub import EXCHANGE_PATH, Answer, Visit, read_visit
from pos_loyalty.server.authentication import NotAllowed
from pos_loyalty.server.group_commit import Signal, came_in_time
from pos_loyalty.server.routes import read_body, refusal
from pos_loyalty.server.settings import RECALL_WAIT_MS_MAX, WAIT_MS_MAX
from pos_loyalty.sync.transport import READ_SECONDS, RelayedAnswer
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import JoinRequest, Refusal, Status, SyncReply, SyncRequest

JOIN_PATH = "/sync/v1/join"
_MS = 1000
_OK = 200
_NOBODY_THERE = 499
_BUSY_CODES = frozenset({Code.SERVER_BUSY.value, Code.SERVER_FULL.value})

_LOG = logging.getLogger(__name__)

Work = Callable[[Request, bytes, str], Coroutine[None, None, Response]]


@dataclass(frozen=True, kw_only=True)
class HubRoutes:
    """Answers the tills of a shop: with the server's words, or where it is away with its own."""

    desk: HubDesk
    center: CenterLine
    merchant: MerchantId
    clock: Clock
    moved: Signal
    stopping: asyncio.Event

    def all(self) -> list[Route]:
        """Return every address."""
        return [
            Route("/health", self._health, methods=["GET"]),
            Route(EXCHANGE_PATH, self._guarded(self._exchange), methods=["POST"]),
            Route("/sync/v1/{rest:path}", self._guarded(self._pass_on), methods=["POST"]),
        ]

    async def _health(self, request: Request) -> Response:
        del request
        body = json.dumps({"status": "ok", "merchant": self.merchant, "hub": True})
        return Response(body, media_type="application/json")

    def _guarded(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                signature = request.headers.get(codec.SIGNATURE_HEADER, "")
                if not signature:
                    raise NotAllowed(Code.SIGNATURE)  # noqa: TRY301 - all refusals are answered below
                body = await read_body(request)
                return await _while_here(request, work(request, body, signature))
            except LoyaltyError as error:
                return refusal(error)
            except ClientDisconnect:
                return refusal(CommandRefused(Code.BODY_SHAPE, detail="cut short"))
            except Exception as error:  # noqa: BLE001 - a hub's request handler: the next till is served
                _LOG.exception("a request failed: %s", type(error).__name__)
                return refusal(StoreUnavailable(Code.SERVER_TROUBLE))

        return endpoint

    async def _exchange(self, request: Request, body: bytes, signature: str) -> Response:
        del request
        # In a thread: a large body takes tens of milliseconds to read.
        visit = await asyncio.to_thread(read_visit, body, signature)
        if self.center.is_up:
            # What was kept of this till goes first: its journal has one order.
            await self.center.send_on(visit.request.stream)
            answer = await self.center.relay(
                EXCHANGE_PATH, body, signature, read_seconds=_patience_seconds(visit.request)
            )
            if answer is not None and not _is_in_trouble(answer):
                await self._note(visit, answer)
                return _as_it_is(answer)
        return Response(codec.pack(await self._stand_in(visit)), media_type=codec.CONTENT_TYPE)

    async def _note(self, visit: Visit, answer: RelayedAnswer) -> None:
        """Tell the hub what the server said; trouble with that is no trouble of the till."""
        reply = read_reply(answer)
        if reply is None:
            return
        with suppress(LoyaltyError):
            await self.desk.ask(lambda hub: hub.heard(visit, reply))

    async def _stand_in(self, visit: Visit) -> SyncReply:
        """Answer in place of the server; hold a poll until there is news, or the server is back."""
        end_ms = self.clock.monotonic_ms() + _wait_ms(visit.request)
        while True:
            moved = self.moved.listen()
            answer = await self.desk.ask(lambda hub: hub.hold(visit))
            left_ms = end_ms - self.clock.monotonic_ms()
            is_over = left_ms <= 0 or self.stopping.is_set() or self.center.is_up
            if is_over or not _may_wait(visit.request, answer):
                return answer.reply
            await came_in_time(moved, left_ms / _MS)

    async def _pass_on(self, request: Request, body: bytes, signature: str) -> Response:
        """Pass on what only the server can answer."""
        answer = await self.center.relay(
            request.url.path, body, signature, read_seconds=READ_SECONDS
        )
        if answer is None:
            raise StoreUnavailable(Code.SERVER_SILENT)
        if request.url.path == JOIN_PATH and answer.status == _OK:
            with suppress(LoyaltyError):
                join = codec.unpack(body, JoinRequest)
                await self.desk.ask(lambda hub: hub.joined(join.closes_stream))
        return _as_it_is(answer)


async def _while_here(request: Request, work: Coroutine[None, None, Response]) -> Response:
    """Work for a till as long as it waits: one that sells breaks its poll off every time.

    Else every poll that was broken off would hold a connection to the server to its end.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else Response(status_code=_NOBODY_THERE)
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    """Wait until the till has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _has_news(request: SyncRequest) -> bool:
    return bool(request.events or request.profiles or request.granted_seen is not None)


def _wait_ms(request: SyncRequest) -> int:
    """Return how long the hub may hold its own answer."""
    wait_ms = min(max(0, request.wait_ms), WAIT_MS_MAX)
    if request.want_rights:
        return min(wait_ms, RECALL_WAIT_MS_MAX)
    return 0 if _has_news(request) else wait_ms


def _may_wait(request: SyncRequest, answer: Answer) -> bool:
    if request.want_rights:
        return answer.waits
    return answer.reply.status is Status.HELD and not answer.reply.rows


def _patience_seconds(request: SyncRequest) -> float:
    """Return how long the server may take: as long as the till lets it wait, and a little more."""
    return RELAY_SECONDS + min(max(0, request.wait_ms), WAIT_MS_MAX) / _MS


def _is_in_trouble(answer: RelayedAnswer) -> bool:
    """Tell whether the server is there but cannot work: then the hub stands in, too.

    One that is busy is no such case: it says when the till may come again.
    """
    if answer.status < SERVER_FAULTS:
        return False
    try:
        said = codec.unpack(answer.body, Refusal)
    except CommandRefused:
        return True
    return said.code not in _BUSY_CODES


def _as_it_is(answer: RelayedAnswer) -> Response:
    headers: dict[str, str] = {}
    if answer.retry_after_ms:
        headers["Retry-After"] = str(answer.retry_after_ms // _MS)
    return Response(
        answer.body, status_code=answer.status, headers=headers, media_type=answer.content_type
    )
