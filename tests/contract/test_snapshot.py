"""The file of all members on both databases, and who may ask for it in which words."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pos_loyalty.domain.ids import CardKey, StreamId
from pos_loyalty.server.cursor import Cursor
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.snapshot import FILES_KEPT, Note, SnapshotFolder, folder_of
from pos_loyalty.wire.messages import CardRow, MemberRow, SnapshotOffer, SnapshotRequest, SyncReply
from pos_loyalty.wire.snapshot_file import (
    CardBlock,
    Frame,
    Header,
    MemberBlock,
    cards_of,
    members_of,
    read_frames,
)
from tests.contract.running_server import CLOCK, RunningServer
from tests.contract.simple_till import (
    Refused,
    SimpleTill,
    cards_issued,
    enrollment,
    new_id,
    new_member,
    sale,
)

PATH = "/sync/v1/snapshot"


def filled(server: RunningServer) -> SimpleTill:
    """A till that enrolled members, with cards and sales."""
    till = server.joined_till()
    members = [new_member() for _ in range(5)]
    till.exchange(cards_issued(*(CardKey(new_id()) for _ in range(3))))
    for member in members:
        till.exchange(enrollment(member), sale(member, earned=21))
    return till


def make(server: RunningServer, folder: SnapshotFolder) -> Note:
    with closing(server.open()) as database:
        return folder.make(database, read_merchant(database), now_ms=CLOCK.now_ms())


def frames_of(folder: SnapshotFolder, note: Note) -> Sequence[Frame]:
    return list(read_frames([(folder.path / note.name).read_bytes()]))


def all_rows(till: SimpleTill) -> SyncReply:
    return till.send(till.request(cursor="", want_rows=500))


def test_the_file_holds_what_the_feed_would_bring(
    own_server: RunningServer, tmp_path: Path
) -> None:
    till = filled(own_server)
    folder = SnapshotFolder(tmp_path / "files")

    note = make(own_server, folder)

    header, *blocks, _ = frames_of(folder, note)
    assert isinstance(header, Header)
    ids, members, cards = bytearray(), dict[str, tuple[int, int]](), dict[str, int]()
    for block in blocks:
        if isinstance(block, MemberBlock):
            read = members_of(block)
            ids += read.raw_ids
            members |= dict(zip(read.ids, zip(read.balance, read.v, strict=True), strict=True))
        if isinstance(block, CardBlock):
            of_cards = cards_of(block, ids)
            cards |= dict(zip(of_cards.keys, of_cards.v, strict=True))
    rows = all_rows(till).rows
    assert members == {
        row.member: (row.balance, row.v) for row in rows if isinstance(row, MemberRow)
    }
    assert cards == {row.card_key: row.v for row in rows if isinstance(row, CardRow)}
    assert note.rows == len(members) + len(cards)
    assert note.streams == {till.stream: len(till.journal)}


def test_a_cursor_behind_the_file_brings_everything_but_its_rows(own_server: RunningServer) -> None:
    till = filled(own_server)
    everything = all_rows(till)
    epoch, v = everything.epoch, max(row.v for row in everything.rows)

    reply = till.send(till.request(cursor=str(Cursor(epoch, skip_v=v)), want_rows=500))

    kinds = {row.__struct_config__.tag for row in reply.rows}
    assert not kinds & {"member", "card"}
    assert {"merchant", "program"} <= kinds
    member = new_member()
    later = till.exchange(enrollment(member))
    assert member in {row.member for row in later.rows if isinstance(row, MemberRow)} or later.more


def test_older_files_are_taken_away(own_server: RunningServer, tmp_path: Path) -> None:
    till = filled(own_server)
    folder = SnapshotFolder(tmp_path / "files")
    for _ in range(4):
        till.exchange(enrollment(new_member()))
        make(own_server, folder)

    assert len(list(folder.path.iterdir())) == 2 * FILES_KEPT


def test_only_a_till_of_ours_is_given_a_file(own_server: RunningServer) -> None:
    till = filled(own_server)
    folder = folder_of(own_server.database, None)
    asking = SnapshotRequest(stream=StreamId(till.stream))
    if folder is None:
        assert till.post(PATH, asking, SnapshotOffer).name == ""
        return
    assert till.post(PATH, asking, SnapshotOffer).name == ""
    note = make(own_server, folder)

    offer = till.post(PATH, asking, SnapshotOffer)

    assert (offer.name, offer.size, offer.have) == (note.name, note.size, note.streams[till.stream])
    stranger = SimpleTill(own_server.url)
    stranger.begin_stream()
    with pytest.raises(Refused):
        stranger.post(PATH, SnapshotRequest(stream=StreamId(stranger.stream)), SnapshotOffer)
    for name, offset in (("../books.db", 0), ("/etc/passwd", 0), (note.name + "x", 0)):
        _refused(till, name, offset, "E-SNAPSHOT-GONE")
    for offset in (-1, note.size, 2**60):
        _refused(till, note.name, offset, "E-BODY-SHAPE")


def _refused(till: SimpleTill, name: str, offset: int, code: str) -> None:
    request = SnapshotRequest(stream=StreamId(till.stream), name=name, offset=offset)
    with pytest.raises(Refused) as refused:
        till.post(PATH, request, SnapshotOffer)
    assert refused.value.code == code
