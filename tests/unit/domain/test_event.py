"""Bytes and chain of events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.event import (
    UnreadableEvent,
    chain_hash,
    decode_event,
    encode_event,
    first_hash,
)
from pos_loyalty.domain.ids import StreamId, is_id
from tests.builders import enrollment, reversal, sale

STREAM = StreamId("5" * 32)


@pytest.mark.parametrize("event", [sale(), reversal(sale()), enrollment()])
def test_reading_what_was_written_gives_the_same_event(event: object) -> None:
    data = encode_event(event)  # pyright: ignore[reportArgumentType] - parametrized events

    assert decode_event(data) == event
    assert encode_event(decode_event(data)) == data


def test_S30_unknown_fields_are_ignored_by_readers() -> None:
    data = encode_event(sale()).replace(b'{"at_ms"', b'{"a_new_field":[1,{}],"at_ms"')

    assert decode_event(data) == sale()


@given(st.binary(max_size=300))
def test_S21_any_bytes_are_an_event_or_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        decode_event(data)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"kind":"no-such"}', b"[" * 100_000, b'{"kind":"sale","v":"one"}']
)
def test_S21_hostile_bytes_are_unreadable_not_fatal(data: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        decode_event(data)


def test_one_changed_byte_changes_every_later_hash() -> None:
    data = [encode_event(sale(number)) for number in range(3)]
    digest = first_hash(STREAM, "nonce")
    for part in data:
        digest = chain_hash(digest, part)
    altered = first_hash(STREAM, "nonce")
    for part in (data[0].replace(b"2100", b"2101"), *data[1:]):
        altered = chain_hash(altered, part)

    assert altered != digest
    assert first_hash(STREAM, "other") != first_hash(STREAM, "nonce")


def test_ids_are_32_lower_case_hex_digits() -> None:
    assert is_id("0" * 31 + "f")
    assert not is_id("0" * 31)
    assert not is_id("0" * 31 + "F")
