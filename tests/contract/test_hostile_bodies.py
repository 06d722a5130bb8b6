"""A47: whatever bytes come, the answer is a plain refusal and the server lives on."""

import base64
import http.client
import json
import os
import random
import socket
import time
import urllib.parse
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.server import settings
from pos_loyalty.server.authentication import signed_request
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import Refusal
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    Refused,
    SimpleTill,
    new_member,
    post_bytes,
    sale,
)

EXCHANGE = "/sync/v1/exchange"
_ENCODER = msgspec.json.Encoder()


def refusal_to(url: str, path: str, body: bytes, signature: str = "AAAA") -> tuple[int, str]:
    headers = {codec.SIGNATURE_HEADER: signature} if signature else {}
    status, found, answer = post_bytes(url, path, body, headers)
    assert found["content-type"] == codec.CONTENT_TYPE
    return status, codec.unpack(answer, Refusal).code


def memory_of(server: RunningServer) -> int:
    """The peak memory of the server process in KiB."""
    lines = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_A47_a_bomb_is_refused_without_becoming_large(server: RunningServer) -> None:
    bomb = zlib.compress(b" " * 100_000_000, 9)
    assert len(bomb) < codec.COMPRESSED_BYTES_MAX
    before = memory_of(server)

    answers = {refusal_to(server.url, EXCHANGE, bomb) for _ in range(5)}

    assert answers == {(413, "E-BODY-LARGE")}
    assert memory_of(server) - before < 64 * 1024


def test_A47_nested_json_is_refused(server: RunningServer) -> None:
    deep = zlib.compress(b"[" * 25_000 + b"]" * 25_000)

    assert refusal_to(server.url, EXCHANGE, deep) == (400, "E-BODY-SHAPE")


@pytest.mark.parametrize("end", [b"", b"\\"])
def test_A47_a_string_without_end_costs_no_more_time_than_its_length(end: bytes) -> None:
    body = b'"' + b'\\"' * 1_900_000 + end
    began = time.process_time()

    with pytest.raises(CommandRefused):
        codec.unpack(zlib.compress(body, 1) + b"", Refusal, compressed_max=len(body))

    assert time.process_time() - began < 2.0


def test_A47_a_body_of_a_million_values_is_refused_before_they_exist(
    server: RunningServer,
) -> None:
    till = server.joined_till()
    request = _ENCODER.encode(till.request(token=os.urandom(12_000).hex()))
    bomb = request[:-1] + b',"events":[' + b"1," * 1_900_000 + b"1]}"
    body = zlib.compress(bomb, 9)
    assert len(body) < codec.COMPRESSED_BYTES_MAX
    before = memory_of(server)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(partial(refusal_to, server.url, EXCHANGE), [body] * 16))

    assert answers == {(400, "E-BODY-SHAPE")}
    assert memory_of(server) - before < 256 * 1024


def test_S22_a_body_above_the_limit_is_refused_while_it_streams(server: RunningServer) -> None:
    body = os.urandom(codec.COMPRESSED_BYTES_MAX + 1)

    assert refusal_to(server.url, EXCHANGE, body) == (413, "E-BODY-LARGE")


def test_S22_a_body_that_says_no_length_is_cut_at_the_limit(server: RunningServer) -> None:
    parts = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield os.urandom(16_384)

    headers = {codec.SIGNATURE_HEADER: "AAAA", "Transfer-Encoding": "chunked"}
    try:
        connection.request("POST", EXCHANGE, chunks(), headers, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # the server hung up while it was still being sent to
    finally:
        connection.close()

    assert status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><html><body>Log in to the guest network</body></html>",
        zlib.compress(b"<html></html>"),
        zlib.compress(b"{}"),
        zlib.compress(b"[]"),
        zlib.compress(b'{"req": 1}'),
        zlib.compress(b"\xff\xfe"),
        zlib.compress(b'{"req":"' + b"\\ud800" + b'"}'),
        zlib.compress(b"{}") + b"tail",
        zlib.compress(b"{}")[:-3],
    ],
)
@pytest.mark.parametrize("path", [EXCHANGE, "/sync/v1/join", "/sync/v1/history"])
def test_F22_what_is_no_message_of_ours_is_refused(
    server: RunningServer, path: str, body: bytes
) -> None:
    assert refusal_to(server.url, path, body) == (400, "E-BODY-SHAPE")


def test_a_request_without_a_signature_is_not_even_read(server: RunningServer) -> None:
    assert refusal_to(server.url, EXCHANGE, b"anything", "") == (401, "E-SIGNATURE")


@pytest.mark.parametrize("signature", ["AAAA", "\u00fc\u00fc", "x" * 5000, "=" * 88])
def test_a_wrong_signature_is_refused(server: RunningServer, signature: str) -> None:
    till = server.joined_till()

    with pytest.raises(Refused) as refused:
        till.post(EXCHANGE, till.request(), Refusal, signature=signature)

    assert (refused.value.status, refused.value.code) == (401, "E-SIGNATURE")


def test_A41_one_changed_byte_of_a_signed_body_is_refused(server: RunningServer) -> None:
    till = server.joined_till()
    till.append(sale(new_member()))
    body = bytearray(codec.pack(till.request()))
    signature = till.sign(signed_request(EXCHANGE, bytes(body)))
    rng = random.Random(41)

    for _ in range(40):
        altered = bytearray(body)
        altered[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        status, code = refusal_to(server.url, EXCHANGE, bytes(altered), signature)
        assert status in {400, 401}, code

    assert till.exchange().have == 1


def test_F19_a_body_cut_at_any_byte_changes_nothing(server: RunningServer) -> None:
    till = server.joined_till()
    till.append(sale(new_member()))
    body = codec.pack(till.request())
    signature = till.sign(signed_request(EXCHANGE, body))

    for length in range(0, len(body), 7):
        assert refusal_to(server.url, EXCHANGE, body[:length], signature)[0] == 400

    assert till.exchange().have == 1


def test_a_signature_for_one_address_does_not_fit_another(server: RunningServer) -> None:
    till = server.joined_till()
    body = codec.pack(till.request())
    signature = till.sign(signed_request("/sync/v1/history", body))

    assert refusal_to(server.url, EXCHANGE, body, signature) == (401, "E-SIGNATURE")


def test_A53_a_batch_whose_end_is_not_signed_is_refused(server: RunningServer) -> None:
    till = server.joined_till()
    till.append(sale(new_member()))

    for sig in ("", "AAAA", base64.b64encode(bytes(64)).decode()):
        with pytest.raises(Refused, match="E-SIGNATURE"):
            till.send(till.request(sig=sig))

    assert till.exchange().have == 1


def test_a_stream_of_another_merchant_is_unknown(server: RunningServer) -> None:
    stranger = SimpleTill(server.url)

    with pytest.raises(Refused) as refused:
        stranger.send(stranger.request())

    assert (refused.value.status, refused.value.code) == (401, "E-TILL-UNKNOWN")


def test_a_till_cannot_speak_for_the_stream_of_another(server: RunningServer) -> None:
    victim, attacker = server.joined_till(), server.joined_till()

    with pytest.raises(Refused) as refused:
        attacker.send(attacker.request(stream=victim.stream))

    assert (refused.value.status, refused.value.code) == (401, "E-SIGNATURE")


@pytest.mark.parametrize(
    "change",
    [
        {"from_seq": 0},
        {"from_seq": -5},
        {"from_seq": 2**63},
        {"prev_hash": "zz"},
        {"prev_hash": "00"},
        {"lost_ack": -1},
        {"lost_ack": 2**80},
    ],
)
def test_numbers_outside_every_range_are_refused(
    server: RunningServer, change: dict[str, int | str]
) -> None:
    till = server.joined_till()
    request = msgspec.structs.replace(till.request(), **change)

    with pytest.raises(Refused) as refused:
        till.send(request)

    assert (refused.value.status, refused.value.code) == (400, "E-BODY-SHAPE")


def test_more_events_than_a_batch_may_have_are_refused(server: RunningServer) -> None:
    till = server.joined_till()
    till.append(*(sale() for _ in range(501)))

    with pytest.raises(Refused, match="E-BODY-SHAPE"):
        till.send(till.request())


def test_other_addresses_and_methods_answer_in_the_same_words(server: RunningServer) -> None:
    assert refusal_to(server.url, "/wp-login.php", b"") == (404, "E-BODY-SHAPE")
    assert refusal_to(server.url, "/health", b"") == (405, "E-BODY-SHAPE")


def test_health_says_whose_server_it_is(server: RunningServer) -> None:
    till = server.joined_till()
    parts = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)

    connection.request("GET", "/health")
    answer = json.loads(connection.getresponse().read())
    connection.close()

    assert answer == {"status": "ok", "merchant": till.merchant}


def test_A47_a_body_that_drips_is_given_up(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pos_loyalty.server.routes.BODY_SECONDS_MAX", 0.3)

    answer = dripped(
        own_server.url,
        b"POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\nX-Till-Signature: AAAA\r\n"
        b"Content-Length: 1000\r\n\r\n1234",
    )

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_A47_a_head_that_drips_is_given_up(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pos_loyalty.server.patient_protocol.HEAD_SECONDS_MAX", 0.3)

    assert dripped(own_server.url, b"POST /sync/v1/exch") == b""
    assert dripped(own_server.url, b"") == b""
    assert settings.HEAD_SECONDS_MAX > 1


def dripped(url: str, data: bytes) -> bytes:
    """Send a part of a request, wait, and return what came until the line was closed."""
    parts = urllib.parse.urlsplit(url)
    started = time.monotonic()
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as line:
        line.sendall(data)
        received = b""
        while part := line.recv(65536):
            received += part
    assert time.monotonic() - started < 5
    return received
