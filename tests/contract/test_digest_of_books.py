"""S36: the sums of the books are those of the rows that tills get, merged accounts and all."""

import time

from pos_loyalty.domain.ids import CardKey
from pos_loyalty.wire.digest import Sums, bucket_of, card_line, member_line
from pos_loyalty.wire.messages import CardRow, DigestReply, DigestRequest, MemberRow
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    SimpleTill,
    cards_issued,
    enrollment,
    new_id,
    new_member,
    sale,
)


def sums_by_rows(till: SimpleTill) -> tuple[int, ...]:
    sums = Sums()
    rows = till.rows.values()
    sums.add_each(member_line(row) for row in rows if isinstance(row, MemberRow))
    sums.add_each(card_line(row) for row in rows if isinstance(row, CardRow))
    return sums.result()


def asked(till: SimpleTill) -> DigestReply:
    return till.post("/sync/v1/digest", DigestRequest(stream=till.stream), DigestReply)


def test_S36_sums_and_rows_say_the_same(own_server: RunningServer) -> None:
    till = own_server.joined_till()
    members = [new_member() for _ in range(6)]
    cards = [CardKey(new_id()) for _ in range(3)]
    till.exchange(cards_issued(*cards), *(enrollment(member) for member in members), proto=2)
    till.exchange(sale(members[0]), sale(members[1]), sale(card_key=cards[0]), proto=2)
    plain = asked(till)
    assert plain.sums == sums_by_rows(till)

    own_server.owner("merge", members[0], members[1])
    till.exchange(proto=2)
    # Sums that took long to compute stand for a while.
    while (merged := asked(till)).v == plain.v:
        time.sleep(0.05)

    assert merged.sums == sums_by_rows(till) != plain.sums
    assert asked(till) == merged


def test_S36_a_bucket_comes_whole_beside_the_page(own_server: RunningServer) -> None:
    till = own_server.joined_till()
    member, other = new_member(), new_member()
    till.exchange(enrollment(member), enrollment(other), proto=2)
    bucket = bucket_of(member)

    reply = till.send(till.request(proto=2, buckets=(bucket, 9_999, bucket_of(other))))

    assert reply.buckets == tuple(dict.fromkeys((bucket, bucket_of(other))))
    names = [row.member for row in reply.rows if isinstance(row, MemberRow)]
    assert {member, other} <= set(names)


def test_many_buckets_come_a_few_at_a_time(own_server: RunningServer) -> None:
    till = own_server.joined_till()

    reply = till.send(till.request(proto=2, buckets=tuple(range(20))))

    assert reply.buckets == tuple(range(8))
