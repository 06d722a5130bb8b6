"""Recordings of what one till and the server said: how they are made, read and said again."""

import base64
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pos_loyalty.server.authentication import signed_request
from pos_loyalty.wire import codec
from tests.contract import golden_samples as golden
from tests.contract.running_server import running_server
from tests.contract.simple_till import post_bytes

Requests = Mapping[str, tuple[str, msgspec.Struct]]


def signed(data: bytes) -> str:
    """Sign as the till of the recordings does."""
    return base64.b64encode(golden.KEY.sign(data)).decode()


def record(folder: Path, requests: Requests) -> None:
    """Write the requests that do not exist yet; :func:`replay` writes the replies."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (path, message) in requests.items():
        body = folder / f"{name}_request.bin"
        if not body.exists():
            body.write_bytes(codec.pack(message))
            text = zlib.decompress(body.read_bytes())
            (folder / f"{name}_request.json").write_bytes(text)
            signature = signed(signed_request(path, body.read_bytes()))
            (folder / f"{name}_request.signature").write_text(signature)


def ensure_request_is_read(folder: Path, name: str, message: msgspec.Struct) -> None:
    """A recorded request is what it was, and would be written with the same bytes."""
    body = (folder / f"{name}_request.bin").read_bytes()

    read = codec.unpack(body, type(message))

    assert read == message
    assert msgspec.json.encode(read) == codec.inflate(body)
    assert (folder / f"{name}_request.json").read_bytes() == codec.inflate(body)


def ensure_reply_is_read(folder: Path, name: str, kind: type[msgspec.Struct]) -> None:
    """A recorded reply is read, and says the same when it is written and read again."""
    message = codec.unpack((folder / f"{name}_reply.bin").read_bytes(), kind)

    # A program's fields at their defaults may be left out by now.
    written = msgspec.json.encode(message)
    assert msgspec.json.decode(written, type=kind) == message


def ensure_additions_are_passed_over(body: bytes, kind: type[msgspec.Struct]) -> None:
    """A message of a later version, with one more field, is read as this one is."""
    text = codec.inflate(body)

    newer = text.replace(b"{", b'{"of_a_later_version":{"x":[1]},', 1)

    assert msgspec.json.decode(newer, type=kind) == msgspec.json.decode(text, type=kind)


def replay(database_url: str, folder: Path, requests: Requests) -> None:
    """Say everything again to today's server; it gives the recorded answers."""
    missing: list[str] = []
    with running_server(database_url) as server:
        for name, (path, _) in requests.items():
            body = (folder / f"{name}_request.bin").read_bytes()
            signature = (folder / f"{name}_request.signature").read_text()
            headers = {codec.SIGNATURE_HEADER: signature}
            status, _, answer = post_bytes(server.url, path, body, headers)

            target = folder / f"{name}_reply.bin"
            assert status == 200, (name, codec.inflate(answer))
            if not target.exists():
                target.write_bytes(answer)
                missing.append(name)
            assert golden.steady(answer) == golden.steady(target.read_bytes()), name
    assert not missing, f"recorded {missing}; look at them and commit them"
