"""A till of 0.2.0 beside a program that it cannot compute: it reads what it is sent, and sells."""

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Bonus, EarningRule, StampCard, Stamps
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.program import LoyaltyProgram, is_plain
from pos_loyalty.domain.reward import Access, FreeItem, Stock
from pos_loyalty.server.authentication import signed_request
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.snapshot import SnapshotFolder
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import HistoryRequest, MemberRow, ProgramRow, SyncReply
from pos_loyalty.wire.snapshot_file import read_frames
from pos_loyalty.wire.version import PROTOCOL_1, PROTOCOL_2, PROTOCOL_3
from tests.contract import shapes_0_2_0 as older_shapes
from tests.contract.ruled_books import activity, move, new_till, refund, ruled_books, sell
from tests.contract.running_server import CLOCK, RunningServer, running_server
from tests.contract.simple_till import (
    PROGRAM,
    SimpleTill,
    enrollment,
    new_member,
    post_bytes,
    sale,
)

COFFEE = EarningRule(id="coffee", name="Coffee", give=Stamps(card="coffee", count=2))
BONUS = EarningRule(id="bonus", name="Bonus", give=Bonus(points=9))
OLDER = [PROTOCOL_1, PROTOCOL_2]


def unusual_books(url: str) -> LoyaltyProgram:
    """Make books with a program of which a till of 0.2.0 can read neither rules nor rewards."""
    return ruled_books(
        url,
        rules=(COFFEE, BONUS),
        stamp_cards=(StampCard(id="coffee", name="Coffee", stamps=10),),
        rewards=(
            FreeItem(id=RewardId("free"), name="Free", item="Coffee", stamp_card="coffee"),
            Access(id=RewardId("evening"), name="Evening", stock=Stock(in_all=8)),
        ),
        expiration=ExpirationRules(model=AfterEarning(months=12)),
    )


def answer_to(till: SimpleTill, message: msgspec.Struct, path: str = "/sync/v1/exchange") -> bytes:
    """Return the very words of the answer."""
    body = codec.pack(message)
    headers = {codec.SIGNATURE_HEADER: till.sign(signed_request(path, body))}
    status, _, answer = post_bytes(till.url, path, body, headers)
    assert status == 200
    return codec.inflate(answer)


def fill(server: RunningServer, program: LoyaltyProgram) -> tuple[SimpleTill, MemberRow]:
    """Let a newer till do what an older one knows nothing of; returns it and its member."""
    till, member, friend = new_till(server), new_member(), new_member()
    one, two = sell(program, member, 3_000), sell(program, member, 1_000)
    back, _ = refund(program, two, 500)
    till.exchange(enrollment(member), enrollment(friend), one, two, back)
    till.exchange(move(program, one, 3, friend), activity(program, member, "nothing", 5))
    server.owner("label", member, "+regular")
    till.exchange()
    return till, till.member(member)


@pytest.mark.parametrize("protocol", OLDER)
def test_S29_an_older_till_reads_everything_that_it_is_sent(
    database_url: str, protocol: int
) -> None:
    program = unusual_books(database_url)
    with running_server(database_url) as server:
        newer, known = fill(server, program)
        older = server.joined_till()
        bucket = int(known.member[-3:], 16)
        request = older.request(
            proto=protocol, want_rights=((known.member, 10),), buckets=(bucket,)
        )

        said = answer_to(older, request)
        history = answer_to(
            older, HistoryRequest(stream=older.stream, member=known.member), "/sync/v1/history"
        )

        reply = msgspec.json.decode(said, type=older_shapes.Reply)
        programs = [row.program for row in reply.rows if isinstance(row, older_shapes.ProgramRow)]
        assert [each.version for each in programs] == [PROGRAM.version]
        assert reply.status in older_shapes.STATUSES
        assert b'"sheet"' not in said, "nor what is known of people, for which it has no use"
        balances = {r.balance for r in reply.rows if isinstance(r, older_shapes.MemberRow)}
        assert known.balance in balances
        assert msgspec.json.decode(history, type=older_shapes.History).entries
        whole = answer_to(newer, newer.request(cursor=""))
        with pytest.raises(msgspec.ValidationError, match="cost_points"):
            msgspec.json.decode(whole, type=older_shapes.Reply)


@pytest.mark.parametrize("protocol", OLDER)
def test_an_older_till_sells_by_the_rules_it_has_and_the_owner_sees_the_difference(
    database_url: str, protocol: int
) -> None:
    program = unusual_books(database_url)
    with running_server(database_url) as server:
        newer, known = fill(server, program)
        older = server.joined_till()
        older.proto = protocol
        older.exchange()

        event = sale(known.member, total=2_000, at_ms=CLOCK.now_ms())
        reply = older.exchange(event)
        newer.exchange()

        assert (reply.have, older.member(known.member).balance) == (1, known.balance + event.earned)
        (item,) = [each for each in newer.items("differs") if older.stream in each.item]
        assert item.detail == "earned 20, computed 29"
        shares = server.fetch("SELECT granted FROM stock_share WHERE stream = ?", older.stream)
        assert shares == [], "it could give none of them away"
        assert server.verified().faults == []


def test_F34_after_its_update_it_is_sent_the_rules_and_what_they_ask(database_url: str) -> None:
    program = unusual_books(database_url)
    with running_server(database_url) as server:
        _, known = fill(server, program)
        till = server.joined_till()
        till.exchange(proto=PROTOCOL_2)

        reply = till.exchange(proto=PROTOCOL_3, cursor="")

        assert program in programs_of(reply)
        assert till.member(known.member).sheet == known.sheet
        sold = till.exchange(sell(program, known.member, 1_000), proto=PROTOCOL_3)
        assert [reward for reward, _ in sold.stock] == ["evening"]
        idle = till.send(till.request(proto=PROTOCOL_3))
        assert (idle.cursor, idle.stock, idle.rows) == ("", (), ()), "what it knows is not told"


def test_S29_the_file_of_all_members_is_one_for_tills_of_every_age(
    database_url: str, tmp_path: Path
) -> None:
    program = unusual_books(database_url)
    assert not is_plain(program)
    with running_server(database_url) as server:
        newer, known = fill(server, program)
        folder = SnapshotFolder(tmp_path / "files")
        with closing(server.open()) as database:
            note = folder.make(database, read_merchant(database), now_ms=CLOCK.now_ms())
            with database.read() as session:
                offer = folder.offer(session, newer.merchant, newer.stream)

        frames = list(read_frames([(folder.path / note.name).read_bytes()]))
        read = [
            msgspec.msgpack.decode(msgspec.msgpack.encode(frame), type=older_shapes.Frame)
            for frame in frames
        ]

        header, block = read[:2]
        assert isinstance(header, older_shapes.Header)
        assert [each.version for _, each in header.programs] == [PROGRAM.version]
        assert isinstance(block, older_shapes.MemberBlock)
        assert len(block.names) == 2
        behind = newer.send(newer.request(cursor=offer.cursor))
        assert program in programs_of(behind), "a newer till hears of it in a row"
        assert known.member not in {row.member for row in behind.rows if isinstance(row, MemberRow)}


def programs_of(reply: SyncReply) -> list[LoyaltyProgram]:
    return [row.program for row in reply.rows if isinstance(row, ProgramRow)]
