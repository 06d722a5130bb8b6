"""The file with all members and cards: what is written is read, anything else is refused."""

import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId, MerchantId, TierId
from pos_loyalty.domain.member_facts import NO_SHEET, MemberSheet
from pos_loyalty.wire.messages import CardRow, MemberRow
from pos_loyalty.wire.snapshot_file import (
    FRAME_BYTES_MAX,
    MAGIC,
    SNAPSHOT_SCHEMA,
    CardBlock,
    End,
    Header,
    MemberBlock,
    Unfit,
    card_block,
    cards_of,
    member_block,
    members_of,
    read_frames,
    write_frame,
)

MERCHANT = MerchantId("a" * 32)
HEADER = Header(SNAPSHOT_SCHEMA, MERCHANT, 1, 9, 1, 1, ())
_IDS = some.text("0123456789abcdef", min_size=32, max_size=32)
_WHOLE = some.integers(min_value=-(2**62), max_value=2**62)
_MEMBERS = some.lists(
    some.builds(
        MemberRow,
        v=some.integers(min_value=0, max_value=2**62),
        member=_IDS.map(MemberId),
        balance=_WHOLE,
        tier=some.text(max_size=5).map(TierId),
        earned_window=_WHOLE,
        name=some.text(max_size=20),
        phone=some.sampled_from(["", "+4915112345678", "0151", "+0", "12 34", "+٤٩١٥١"]),
        status=some.sampled_from(["active", "paused", "erased"]),
        enrolled_ms=some.integers(min_value=0, max_value=2**48),
        alias_of=some.none() | _IDS.map(MemberId),
        sheet=some.builds(MemberSheet, segments=some.sampled_from([(), ("staff",)])),
    ),
    max_size=20,
)
_NUMBERS = some.sampled_from(["", "000000000000", "000000000018", "123456789012", "12", "x"])


def whole_file(*frames: bytes) -> bytes:
    return MAGIC + write_frame(HEADER) + b"".join(frames) + write_frame(End(1, 1))


def member(number: int) -> MemberRow:
    return MemberRow(v=number, member=MemberId(f"{number:032x}"), name="Ada", phone="+491511234567")


@given(_MEMBERS)
def test_members_come_back_as_they_were(rows: Sequence[MemberRow]) -> None:
    columns = members_of(member_block(7, rows))

    back = [
        MemberRow(
            v=columns.v[place],
            member=MemberId(columns.ids[place]),
            balance=columns.balance[place],
            tier=TierId(columns.tiers[place]),
            earned_window=columns.earned[place],
            name=columns.names[place],
            phone=columns.phones[place],
            status=columns.statuses[place],
            enrolled_ms=columns.enrolled_ms[place],
            alias_of=MemberId(alias) if (alias := columns.aliases.get(place)) else None,
            sheet=columns.sheets.get(place, NO_SHEET),
        )
        for place in range(len(columns.ids))
    ]
    assert back == list(rows)


@given(some.lists(some.tuples(_IDS, _NUMBERS, some.sampled_from([None, 0, 1, "x" * 32]))))
def test_cards_come_back_as_they_were(drawn: Sequence[tuple[str, str, int | str | None]]) -> None:
    members = [f"{1:032x}", f"{2:032x}"]
    rows = [
        CardRow(
            v=place,
            card_key=CardKey(key),
            number=number,
            member=_member_of(owner, members),
            status="active",
            batch=BatchId("b"),
        )
        for place, (key, number, owner) in enumerate(drawn)
    ]
    places = [owner if isinstance(owner, int) else None for _, _, owner in drawn]

    columns = cards_of(card_block(rows, places), bytes.fromhex("".join(members)))

    assert columns.keys == [row.card_key for row in rows]
    assert columns.numbers == [row.number for row in rows]
    assert columns.members == [row.member for row in rows]
    assert list(columns.v) == [row.v for row in rows]


def _member_of(owner: int | str | None, members: Sequence[str]) -> MemberId | None:
    if owner is None:
        return None
    return MemberId(members[owner] if isinstance(owner, int) else owner)


def test_a_row_without_an_id_is_not_told_in_a_file() -> None:
    with pytest.raises(Unfit):
        member_block(0, [MemberRow(v=1, member=MemberId("Z" * 32))])
    with pytest.raises(Unfit):
        member_block(0, [MemberRow(v=1, member=MemberId("0" * 32), balance=2**70)])


def test_a_file_comes_in_parts_of_any_size() -> None:
    data = whole_file(write_frame(member_block(0, [member(1)])))

    by_bytes = list(read_frames(data[place : place + 1] for place in range(len(data))))

    assert by_bytes == list(read_frames([data]))
    assert [type(frame) for frame in by_bytes] == [Header, MemberBlock, End]


def test_every_cut_and_every_flipped_bit_is_refused_or_read_whole() -> None:
    """The hash guards the bytes; the reader must never crash on what it is given."""
    data = whole_file(write_frame(member_block(0, [member(1), member(2)])))

    for cut in range(len(data)):
        with pytest.raises(CommandRefused):
            list(read_frames([data[:cut]]))
    for place in range(len(data) * 8):
        broken = bytearray(data)
        broken[place // 8] ^= 1 << place % 8
        _read_through(bytes(broken))


def _read_through(data: bytes) -> None:
    ids = bytearray()
    try:
        for frame in read_frames([data]):
            if isinstance(frame, MemberBlock):
                ids += members_of(frame).raw_ids
            if isinstance(frame, CardBlock):
                cards_of(frame, ids)
    except CommandRefused:
        return


@given(some.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CommandRefused):
        list(read_frames([MAGIC + data]))
    with pytest.raises(CommandRefused):
        list(read_frames([data]))


def test_what_is_too_large_or_too_long_is_refused() -> None:
    bomb = zlib.compress(b"\0" * 40_000_000)
    long = (FRAME_BYTES_MAX + 1).to_bytes(4, "big")

    for data in (
        MAGIC + len(bomb).to_bytes(4, "big") + bomb,
        MAGIC + long + b"x" * 10,
        whole_file() + b"x",
        MAGIC + write_frame(End(0, 0)),
        whole_file(write_frame(HEADER)),
    ):
        with pytest.raises(CommandRefused):
            list(read_frames([data]))


def test_a_card_of_nobody_in_the_file_is_refused() -> None:
    block = card_block([CardRow(v=1, card_key=CardKey("0" * 32))], [3])

    with pytest.raises(CommandRefused):
        cards_of(block, bytes(32))
