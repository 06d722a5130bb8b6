"""Packets: sealed and opened, and every other byte refused."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MerchantId, TillId
from pos_loyalty.wire.packet import (
    PACKET_FORMAT,
    DownParcel,
    Invitation,
    PacketHeader,
    PacketKind,
    SignedBody,
    UpParcel,
    open_packet,
    public_packet_key,
    read_header,
    read_invitation,
    seal,
    till_packet_key,
    write_invitation,
)

CHANCE = random.Random(7)
TILL, SERVER, STRANGER = (till_packet_key(CHANCE.randbytes(32)) for _ in range(3))
HEADER = PacketHeader(
    format=PACKET_FORMAT, kind=PacketKind.UP, merchant=MerchantId("a" * 32), number=3
)
PARCEL = UpParcel(bodies=(SignedBody("/sync/v1/exchange", b"body", "sig"),), proof="proof")


def sealed(header: PacketHeader = HEADER, parcel: UpParcel | DownParcel = PARCEL) -> bytes:
    return seal(
        header,
        parcel,
        private=TILL,
        recipient=public_packet_key(SERVER),
        random_bytes=CHANCE.randbytes,
    )


def code_of(data: bytes, private: bytes = SERVER) -> Code:
    with pytest.raises(CommandRefused) as refused:
        open_packet(data, UpParcel, private=private)
    return refused.value.code


def test_a_packet_opens_for_whom_it_is_meant() -> None:
    data = sealed()

    assert open_packet(data, UpParcel, private=SERVER) == PARCEL
    assert read_header(data).number == 3
    assert read_header(data).sender == public_packet_key(TILL)


def test_a_packet_opens_for_nobody_else() -> None:
    assert code_of(sealed(), STRANGER) is Code.PACKET_DAMAGED
    assert code_of(sealed(), TILL) is Code.PACKET_DAMAGED


def test_the_same_parcel_is_never_the_same_packet() -> None:
    assert sealed() != sealed()


def test_another_kind_of_parcel_inside_is_refused() -> None:
    assert code_of(sealed(parcel=DownParcel(answers=()))) is Code.PACKET_DAMAGED


def test_F20_every_flipped_bit_and_every_cut_is_refused() -> None:
    data = sealed()

    for place in range(len(data) * 8):
        broken = bytearray(data)
        broken[place // 8] ^= 1 << place % 8
        assert code_of(bytes(broken)).value.startswith("E-PACKET-")
    for cut in range(len(data)):
        assert code_of(data[:cut]).value.startswith("E-PACKET-")


@given(some.binary(max_size=300))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    for text in (data, b"LPPACK" + data, b"LPPACK\0\0\0\x40" + data):
        assert code_of(text).value.startswith("E-PACKET-")
        with pytest.raises(CommandRefused):
            read_invitation(text)


def test_a_newer_packet_says_so() -> None:
    newer = PacketHeader(
        format=PACKET_FORMAT + 1, kind=PacketKind.UP, merchant=MerchantId("a" * 32)
    )

    assert code_of(sealed(newer)) is Code.PACKET_NEWER


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(CommandRefused):
        seal(HEADER, PARCEL, private=TILL, recipient=b"short", random_bytes=CHANCE.randbytes)
    with pytest.raises(CommandRefused):
        # The point of low order: every secret agreed with it is zero.
        seal(HEADER, PARCEL, private=TILL, recipient=bytes(32), random_bytes=CHANCE.randbytes)


def test_an_invitation_is_read_as_it_was_written() -> None:
    invitation = Invitation(
        code="AB-CD", merchant_name="Café", currency="EUR", epoch=2, server_key=b"k" * 32
    )
    header = PacketHeader(
        format=PACKET_FORMAT,
        kind=PacketKind.INVITATION,
        merchant=MerchantId("a" * 32),
        till=TillId(""),
    )

    assert read_invitation(write_invitation(header, invitation)) == (header, invitation)
    with pytest.raises(CommandRefused) as refused:
        read_invitation(sealed())
    assert refused.value.code is Code.PACKET_KIND
