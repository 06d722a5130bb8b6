"""Bodies at their limits, on either side of each."""

import zlib

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.wire.codec import (
    COMPRESSED_BYTES_MAX,
    DEPTH_MAX,
    VALUES_MAX,
    ensure_modest,
    inflate,
    pack,
    unpack,
)
from pos_loyalty.wire.messages import Refusal


def test_unpacking_gives_what_was_packed() -> None:
    refusal = Refusal(code="E-SIGNATURE", facts={"limit": 3})

    assert unpack(pack(refusal), Refusal) == refusal


def test_A47_a_compressed_body_is_refused_by_its_length_alone() -> None:
    with pytest.raises(CommandRefused) as refused:
        inflate(b"x" * (COMPRESSED_BYTES_MAX + 1))

    assert refused.value.code is Code.BODY_LARGE


def test_A47_a_bomb_is_refused_before_it_is_large() -> None:
    with pytest.raises(CommandRefused) as refused:
        inflate(zlib.compress(b"0" * 50_000_000, 9))

    assert refused.value.code is Code.BODY_LARGE


@pytest.mark.parametrize(
    "data", [b"", b"plain", pack(Refusal(code="x"))[:-3], pack(Refusal(code="x")) + b"y"]
)
def test_F19_half_a_body_and_other_bytes_are_no_body(data: bytes) -> None:
    with pytest.raises(CommandRefused) as refused:
        inflate(data)

    assert refused.value.code is Code.BODY_SHAPE


def test_A47_depth_is_allowed_up_to_its_limit() -> None:
    ensure_modest(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)
    ensure_modest(b'{"a":"' + b"[" * 1000 + b'"}')
    with pytest.raises(CommandRefused):
        ensure_modest(b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1))


def test_A47_values_are_allowed_up_to_their_number() -> None:
    ensure_modest(b"[" + b"0," * (VALUES_MAX - 1) + b"0]")
    ensure_modest(b'["' + b"," * (2 * VALUES_MAX) + b'"]')
    with pytest.raises(CommandRefused):
        ensure_modest(b"[" + b"0," * VALUES_MAX + b"0]")


def test_A47_brackets_that_never_close_are_too_deep() -> None:
    with pytest.raises(CommandRefused):
        unpack(zlib.compress(b"[" * 5000), Refusal)


def test_another_message_is_refused_in_words() -> None:
    with pytest.raises(CommandRefused) as refused:
        unpack(zlib.compress(b'{"facts":{}}'), Refusal)

    assert refused.value.code is Code.BODY_SHAPE
    assert "code" in str(refused.value.facts["detail"])
