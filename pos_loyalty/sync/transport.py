"""The only door to HTTP: signs what goes out, limits and checks what comes in.

Every error of the network and of whatever answers is translated here. Redirects are
never followed, an answer that is not of our content type is never parsed nor shown,
and nothing is read beyond its limit.
"""

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import (
    CommandRefused,
    LoyaltyError,
    NotOurServer,
    ServerUnreachable,
)
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.sync.credentials import Signer, request_text
from pos_loyalty.wire.codec import (
    COMPRESSED_BYTES_MAX,
    CONTENT_TYPE,
    PIECE_TYPE,
    SIGNATURE_HEADER,
    pack,
    unpack,
)
from pos_loyalty.wire.messages import Refusal
from pos_loyalty.wire.snapshot_file import PIECE_BYTES_MAX

if TYPE_CHECKING:
    import httpx

EXCHANGE_PATH = "/sync/v1/exchange"
JOIN_PATH = "/sync/v1/join"
HISTORY_PATH = "/sync/v1/history"
DIGEST_PATH = "/sync/v1/digest"
HEALTH_PATH = "/health"

REPLY_BYTES_MAX = 2 * COMPRESSED_BYTES_MAX
"""A page of rows compresses far below this; more is not an honest reply."""
HEALTH_BYTES_MAX = 4096
CONNECT_SECONDS = 5.0
CONNECTIONS_MAX = 100
KEPT_CONNECTIONS_MAX = 20
SEND_SECONDS = 10.0
READ_SECONDS = 15.0
TOTAL_SECONDS_MORE = 10.0
"""Beyond the wait for the first byte: a drip of single bytes ends here."""
_SECONDS_OF_MS = 1000

_OK = 200
_REDIRECTS = range(300, 400)
_PROXY_LOGIN = 407
_TOO_LARGE = 413
_TOO_MANY = 429
_SERVER_FAULTS = range(500, 600)
_UNAVAILABLE = 503
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ReplyT = TypeVar("ReplyT")


@dataclass(frozen=True)
class _Answer:
    """What came back: status, content type, Retry-After, and the bytes up to their limit."""

    status: int
    content_type: str
    retry_after_ms: int
    body: bytes


@dataclass(frozen=True)
class RelayedAnswer:
    """What our server said to a message that was passed on, refusals included."""

    status: int
    content_type: str
    retry_after_ms: int
    body: bytes


class _Health(msgspec.Struct):
    merchant: MerchantId
    status: str = ""


def server_url(text: str) -> str:
    """Return a server's address as it is kept; without a scheme it means https.

    Plain http is used only where the owner wrote it; there is no way back from https.

    Raises:
        CommandRefused: not an address of a server.
    """
    candidate = text.strip()
    if "://" not in candidate:
        candidate = f"https://{candidate}"
    try:
        parts = urlsplit(candidate)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError as error:
        raise CommandRefused(Code.SERVER_ADDRESS) from error
    sound = (
        parts.scheme in {"http", "https"}
        and parts.hostname
        and port_is_sound
        and not (parts.username or parts.password or parts.query or parts.fragment)
    )
    if not sound:
        raise CommandRefused(Code.SERVER_ADDRESS)
    return candidate.rstrip("/")


def addresses_of(url: str) -> tuple[Address, ...]:
    """Return what the host of a sound address stands for; nothing where nobody knows its name."""
    parts = urlsplit(url)
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
        # An address of one wire only names that wire behind a percent sign.
        texts = [str(entry[4][0]).partition("%")[0] for entry in found]
        return tuple(ipaddress.ip_address(text) for text in texts)
    return ()


class HttpTransport:
    """Carries messages to one server, over connections that stay open between calls.

    One event loop uses it; a call that is canceled closes its connection. ``pinned`` trusts one
    certificate alone, of a machine in the same network: no proxy is asked then.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        *,
        pinned: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        self._url = url
        self._signer = signer
        self._pinned = pinned
        self._connect_seconds = connect_seconds
        self._connections_max = connections_max
        self._client: httpx.AsyncClient | None = None

    async def call(
        self,
        path: str,
        message: msgspec.Struct,
        kind: type[ReplyT],
        *,
        read_seconds: float = READ_SECONDS,
    ) -> ReplyT:
        """Send a signed message and return the reply.

        Raises:
            ServerUnreachable: no usable answer; ``retry_after_ms`` is a fact where one was asked.
            NotOurServer: something else answered.
            CommandRefused: the server refuses this message, with its code.
        """
        body = pack(message)
        # Nothing else: the path says what the body is, and an idle till pays for every letter.
        headers = {SIGNATURE_HEADER: self._signer.sign(request_text(path, body))}
        answer = await self._exchange("POST", path, body, headers, read_seconds=read_seconds)
        _ensure_reply(answer)
        try:
            return unpack(answer.body, kind, compressed_max=REPLY_BYTES_MAX)
        except CommandRefused as error:
            raise ServerUnreachable(Code.SERVER_TROUBLE) from error

    async def piece(self, path: str, message: msgspec.Struct) -> bytes:
        """Send a signed message and return the bytes of a file; what came before a cut counts.

        Raises:
            ServerUnreachable: not one byte came.
            NotOurServer: something else answered.
            CommandRefused: the server refuses this message, with its code.
        """
        body = pack(message)
        headers = {SIGNATURE_HEADER: self._signer.sign(request_text(path, body))}
        came = bytearray()
        try:
            answer = await self._exchange(
                "POST", path, body, headers, read_seconds=READ_SECONDS, piece=came
            )
        except ServerUnreachable:
            if came:
                await self.close()
                return bytes(came)
            raise
        if answer.status == _OK and answer.content_type == PIECE_TYPE:
            if not answer.body:
                raise ServerUnreachable(Code.SERVER_TROUBLE)
            return answer.body
        _ensure_reply(answer)
        raise NotOurServer(Code.SERVER_NOT_OURS)

    async def relay(
        self, path: str, body: bytes, signature: str, *, read_seconds: float = READ_SECONDS
    ) -> RelayedAnswer:
        """Send another till's message as it is and return the answer as it is.

        Raises:
            ServerUnreachable: no usable answer.
            NotOurServer: something else answered.
        """
        headers = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE}
        headers[SIGNATURE_HEADER] = signature
        answer = await self._exchange(
            "POST", path, body, headers, read_seconds=read_seconds, piece=bytearray()
        )
        if answer.content_type not in {CONTENT_TYPE, PIECE_TYPE}:
            _ensure_status(answer)
            raise NotOurServer(Code.SERVER_NOT_OURS)
        return RelayedAnswer(answer.status, answer.content_type, answer.retry_after_ms, answer.body)

    async def merchant(self) -> MerchantId:
        """Ask whose server answers, before anything of the shop is sent to it.

        Raises:
            ServerUnreachable: no usable answer.
            NotOurServer: something else answered.
        """
        answer = await self._exchange(
            "GET", HEALTH_PATH, b"", {"Accept": "application/json"}, read_seconds=READ_SECONDS
        )
        if answer.status == _OK and answer.content_type == "application/json":
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                return msgspec.json.decode(answer.body[:HEALTH_BYTES_MAX], type=_Health).merchant
        _ensure_status(answer)
        raise NotOurServer(Code.SERVER_NOT_OURS)

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        *,
        read_seconds: float,
        piece: bytearray | None = None,
    ) -> _Answer:
        import httpx

        client = self._open()
        timeout = httpx.Timeout(
            connect=self._connect_seconds,
            read=read_seconds,
            write=SEND_SECONDS,
            pool=CONNECT_SECONDS,
        )
        try:
            async with asyncio.timeout(read_seconds + TOTAL_SECONDS_MORE):
                async with client.stream(
                    method, path, content=body, headers=headers, timeout=timeout
                ) as response:
                    return await _read(response, piece)
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise _translated(error) from error

    def _open(self) -> "httpx.AsyncClient":
        if self._client is None:
            import httpx

            # Without https no certificate is looked at, and no redirect leads there.
            is_loopback = urlsplit(self._url).hostname in _LOOPBACK
            self._client = httpx.AsyncClient(
                base_url=self._url,
                verify=self._verify(),
                follow_redirects=False,
                limits=httpx.Limits(
                    max_connections=self._connections_max,
                    max_keepalive_connections=KEPT_CONNECTIONS_MAX,
                ),
                trust_env=not is_loopback and self._pinned is None,
            )
            # Neither who we are nor what else we would take; HTTP/1.1 keeps connections anyway.
            self._client.headers.clear()
        return self._client

    def _verify(self) -> ssl.SSLContext | bool:
        if self._pinned is not None:
            return self._pinned
        return _tls_context() if self._url.startswith("https://") else False


def _tls_context() -> ssl.SSLContext:
    """Trust what the machine trusts: a shop's own authority counts, a look-alike does not."""
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def _read(response: "httpx.Response", piece: bytearray | None) -> _Answer:
    """Read a body up to its limit; what is longer, or not of ours, is left unread.

    The bytes of a file go into ``piece`` as they come.
    """
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    is_ours = content_type in {CONTENT_TYPE, "application/json"}
    body, limit = bytearray(), REPLY_BYTES_MAX
    if piece is not None and content_type == PIECE_TYPE and response.status_code == _OK:
        body, limit, is_ours = piece, PIECE_BYTES_MAX, True
    if is_ours:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > limit:
                raise ServerUnreachable(Code.SERVER_TROUBLE)
    return _Answer(
        status=response.status_code,
        content_type=content_type,
        retry_after_ms=_retry_after_ms(response.headers.get("Retry-After", "")),
        body=bytes(body),
    )


def _retry_after_ms(text: str) -> int:
    """Read Retry-After in seconds; a date would trust a clock and is not read."""
    return int(text) * _SECONDS_OF_MS if text.isdecimal() and len(text) < len("1000000") else 0


def _ensure_reply(answer: _Answer) -> None:
    """Return quietly if the answer is a reply of our server to our message."""
    if answer.content_type == CONTENT_TYPE and answer.status != _OK:
        raise _refusal(answer)
    if answer.status == _OK and answer.content_type == CONTENT_TYPE:
        return
    _ensure_status(answer)
    raise NotOurServer(Code.SERVER_NOT_OURS)


def _ensure_status(answer: _Answer) -> None:
    """Raise for what a status says by itself, whoever answered."""
    if answer.status == _TOO_LARGE:
        raise CommandRefused(Code.BODY_LARGE, limit_bytes=COMPRESSED_BYTES_MAX)
    if answer.status in {_TOO_MANY, _UNAVAILABLE}:
        raise ServerUnreachable(Code.SERVER_BUSY, retry_after_ms=answer.retry_after_ms)
    if answer.status in _SERVER_FAULTS:
        raise ServerUnreachable(Code.SERVER_TROUBLE, retry_after_ms=answer.retry_after_ms)
    if answer.status == _PROXY_LOGIN or answer.status in _REDIRECTS:
        raise NotOurServer(Code.SERVER_NOT_OURS)


def _refusal(answer: _Answer) -> LoyaltyError:
    """Return what our server said no to."""
    try:
        refusal = unpack(answer.body, Refusal, compressed_max=REPLY_BYTES_MAX)
        code = Code(refusal.code)
    except (CommandRefused, ValueError):
        return ServerUnreachable(Code.SERVER_TROUBLE, retry_after_ms=answer.retry_after_ms)
    passes = answer.status in _SERVER_FAULTS or answer.status == _TOO_MANY
    error = ServerUnreachable(code) if passes else CommandRefused(code)
    error.facts.update(refusal.facts)
    error.facts["retry_after_ms"] = answer.retry_after_ms
    return error


def _translated(error: Exception) -> ServerUnreachable:
    """Say what is wrong in the words of the catalog: our cable, their server, or neither."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NotOurServer(Code.SERVER_CERTIFICATE)
        if isinstance(cause, ssl.SSLError):
            return NotOurServer(Code.SERVER_NOT_OURS)
        if isinstance(cause, socket.gaierror):
            return ServerUnreachable(Code.NETWORK_DOWN)
        if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            return ServerUnreachable(Code.NETWORK_DOWN)
    return ServerUnreachable(Code.SERVER_SILENT)


def is_name_unknown(error: BaseException) -> bool:
    """Tell whether no address was found for the server's name."""
    return any(isinstance(cause, socket.gaierror) for cause in _causes(error))


def speaks_no_tls(error: BaseException) -> bool:
    """Tell whether what answered does not speak TLS at all; a wrong certificate is something else.

    OpenSSL names the reason in letters; an error that was not made by it has none.
    """
    return any(
        isinstance(cause, ssl.SSLError) and getattr(cause, "reason", "") in _NOT_TLS
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that led to it, groups of tries included."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        grouped: Sequence[BaseException] = getattr(current, "exceptions", ())
        linked = (current.__cause__, current.__context__, *grouped)
        pending.extend(cause for cause in linked if cause is not None)
