"""Reading is total: any bytes get a reading, and none raises."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.event import EventRescued, encode_event, first_hash
from pos_loyalty.domain.ids import EventId, StreamId
from pos_loyalty.server.event_problems import hash_of_hex
from pos_loyalty.server.reading import (
    RESCUE_DEPTH_MAX,
    Batch,
    prepare,
    printable,
    read_event,
    touched_by,
)
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.verdicts import Verdict
from tests.contract.golden_samples import MEMBER, OTHER, events
from tests.contract.simple_till import MONDAY_MS, PROGRAM, new_id, new_member, sale

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(data=st.binary(max_size=200) | JSON.map(msgspec.json.encode))
def test_any_bytes_have_a_reading(data: bytes) -> None:
    reading = read_event(data)

    assert reading.event is not None or reading.verdict is not None
    assert printable(reading.reason) == reading.reason


@given(
    which=st.integers(0, len(events()) - 1),
    field=st.sampled_from(sorted({name for event in events() for name in event.__struct_fields__})),
    value=JSON,
)
def test_an_event_with_any_field_replaced_has_a_reading_that_the_books_can_hold(
    which: int, field: str, value: object
) -> None:
    fields = msgspec.to_builtins(events()[which])
    fields[field] = value

    reading = read_event(msgspec.json.encode(fields))

    assert reading.event is not None or reading.verdict is not None


def rescued(data: bytes) -> bytes:
    return encode_event(
        EventRescued(
            v=1,
            id=EventId(new_id()),
            at_ms=MONDAY_MS,
            boot_ms=1,
            tz_minutes=0,
            program=PROGRAM.version,
            original_stream=StreamId("6" * 32),
            original_seq=1,
            original_hash="9" * 64,
            original=data.decode(),
        )
    )


def test_a_rescued_event_is_taken_out_of_its_rescues() -> None:
    event = sale(new_member())

    reading = read_event(rescued(rescued(encode_event(event))))

    assert reading.event == event
    assert reading.fact == encode_event(event)
    assert len(reading.rescues) == 2


def test_rescues_without_end_are_set_aside() -> None:
    data = b"{}"
    for _ in range(RESCUE_DEPTH_MAX + 1):
        data = rescued(data)

    assert read_event(data).verdict is Verdict.QUARANTINED


def test_a_rescue_of_poison_is_poison() -> None:
    assert read_event(rescued(b"{}")).verdict is Verdict.QUARANTINED


@pytest.mark.parametrize("text", ["", "zz", "00", "0" * 63, "0" * 66, "\u0660" * 64])
def test_what_is_no_hash_is_no_hash(text: str) -> None:
    assert hash_of_hex(text) is None


def test_everything_that_events_name_is_loaded_beforehand() -> None:
    samples = events()
    request = SyncRequest(
        req="r",
        proto=1,
        stream=StreamId("5" * 32),
        from_seq=1,
        prev_hash="",
        top=0,
        epoch=1,
        now_ms=0,
        events=tuple(msgspec.Raw(encode_event(event)) for event in samples),
    )

    batch = prepare(request, first_hash(request.stream, "n"))
    touched = touched_by([batch])

    assert isinstance(batch, Batch)
    assert {"c" * 32} == touched.cards
    assert {MEMBER, OTHER} == touched.members
    assert {rescue.stream for rescue in touched.rescues} == {"6" * 32}
    assert {samples[0].id, samples[2].id} <= touched.facts | touched.sales
