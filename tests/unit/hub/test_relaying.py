"""What a hub learns from requests and replies that only pass through it."""

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import (
    SCHEMA_VERSION,
    CardChanged,
    CardsIssued,
    EventRescued,
    NewCard,
    RightsReturned,
    decode_event,
    encode_event,
)
from pos_loyalty.domain.ids import BatchId, CardKey, EventId, MemberId, ProgramVersion, StreamId
from pos_loyalty.hub.shop_hub import ServerReply, read_visit
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.store.hub_fold import fold_held
from pos_loyalty.store.rights_return import give_away
from pos_loyalty.wire.messages import CardRow, RightsRow, Status, SyncReply
from tests.sample_till import sell
from tests.unit.hub.hub_shop import MERCHANT, HubShop, ShopTill


def enroll(till: ShopTill) -> MemberId:
    return till.till.enroll_member(EnrollMember(name="Ada")).member.id


def hand_over(shop: HubShop, till: ShopTill, member: MemberId, points: int) -> None:
    """Let a till hand rights to the hub of itself."""
    context = till.till.context
    with context.store.write() as work:
        to_hub = shop.state.own_stream()
        give_away(work, context.clock, context.ids, member=member, points=points, to_stream=to_hub)
        work.commit()


def relay(shop: HubShop, till: ShopTill) -> None:
    """Let a request pass through the hub to a server that takes it."""
    request = till.exchange.next_request()
    visit = read_visit(*till.sign(request))
    reply = shop.take(visit.request)
    shop.hub.heard(visit, reply)
    till.exchange.take(
        SyncReply(
            req=request.req,
            status=Status(reply.status),
            merchant=MERCHANT,
            epoch=1,
            server_now=0,
            have=reply.have,
            have_hash=reply.have_hash,
            profiles_have=tuple(change.change for change in request.profiles),
        )
    )


def test_rights_handed_over_through_the_server_count_at_the_hub_once(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    hand_over(shop, one, member, 120)

    relay(shop, one)

    assert shop.hub_till.rights(member) == 120
    hand_over(shop, one, member, 30)
    shop.talk(one)
    assert shop.hub_till.rights(member) == 150


def test_a_till_known_from_what_passed_through_is_not_its_own_peer(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    hand_over(shop, one, member, 120)
    relay(shop, one)
    before = one.balance(member)

    sell(one.till, member, 10_000)
    shop.talk(one)
    shop.talk(one)

    assert one.balance(member) == before + 100


def test_what_the_server_tells_of_handed_over_rights_is_not_added(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    hand_over(shop, one, member, 120)
    shop.talk(one)

    shop.hub_till.write_rows(RightsRow(v=1, member=member, granted=0, lent=((one.stream, 120),)))

    assert shop.hub_till.rights(member) == 120


def test_a_request_that_came_twice_through_the_hub_counts_once(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    hand_over(shop, one, member, 120)
    visit = read_visit(*one.sign(one.exchange.next_request()))
    reply = shop.take(visit.request)

    shop.hub.heard(visit, reply)
    shop.hub.heard(visit, reply)
    shop.hub.hold(visit)

    assert shop.hub_till.rights(member) == 120


def test_what_was_held_before_is_not_counted_again_with_what_follows(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    hand_over(shop, one, member, 50)
    shop.hold(one, one.exchange.next_request())
    one.exchange.abandon()
    hand_over(shop, one, member, 30)

    relay(shop, one)

    assert shop.hub_till.rights(member) == 80


def test_a_sale_alone_is_not_written_down_while_the_server_answers(shop: HubShop) -> None:
    one = shop.add("one")
    sell(one.till, enroll(one), 20_000)

    relay(shop, one)

    assert shop.state.stream(one.stream) is None


def test_a_server_that_closed_a_journal_is_believed(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.talk(one)
    visit = read_visit(*one.sign(one.exchange.next_request()))

    shop.hub.heard(visit, ServerReply(status="closed", merchant=MERCHANT))

    assert shop.hub.waiting() == ()


def test_a_gap_at_the_server_waits_for_the_till(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.talk(one)
    body = shop.hub.next_body(one.stream)
    assert body is not None

    shop.hub.forwarded(body, ServerReply(status="gap", merchant=MERCHANT, have_hash="00" * 32))

    assert shop.hub.waiting() == ()
    assert dict(shop.state.waiting()) == {one.stream: 1}


def test_a_busy_server_is_asked_again_when_it_said_so(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    shop.talk(one)
    body = shop.hub.next_body(one.stream)
    assert body is not None
    busy = ServerReply(status="busy", merchant=MERCHANT, retry_after_ms=500)

    shop.hub.forwarded(body, busy)

    assert shop.hub.waiting() == ()
    shop.hub_till.sample.clock.running_ms += 600
    assert dict(shop.hub.waiting()) == {one.stream: 1}


def test_a_till_that_joins_for_the_first_time_closes_nothing(shop: HubShop) -> None:
    before = shop.moves

    shop.hub.joined(None)

    assert shop.moves == before


@pytest.mark.parametrize("field", ["from_seq", "prev_hash"])
def test_a_body_that_no_till_sends_is_refused(shop: HubShop, field: str) -> None:
    one = shop.add("one")
    enroll(one)
    request = one.exchange.next_request()
    odd = {
        "from_seq": msgspec.structs.replace(request, from_seq=0),
        "prev_hash": msgspec.structs.replace(request, prev_hash="xy"),
    }[field]

    with pytest.raises(CommandRefused) as refused:
        shop.hold(one, odd)

    assert refused.value.code is Code.BODY_SHAPE


def test_an_odd_hash_in_a_reply_changes_nothing(shop: HubShop) -> None:
    one = shop.add("one")
    enroll(one)
    request = msgspec.structs.replace(one.exchange.next_request(), prev_hash="xy")
    visit = read_visit(*one.sign(request))

    shop.hub.heard(visit, ServerReply(status="ok", merchant=MERCHANT, have=1, have_hash="xy"))

    assert shop.state.stream(one.stream) is None


def test_unreadable_bytes_that_pass_through_hand_nothing_over(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    raw = msgspec.Raw(b'{"kind":"rights_return","to_stream":"x"}')
    request = msgspec.structs.replace(one.exchange.next_request(), events=(raw,))
    visit = read_visit(*one.sign(request))

    shop.hub.heard(visit, shop.take(visit.request))

    assert shop.hub_till.rights(member) == 0


STREAM = StreamId("ef" * 16)
HEAD = {
    "v": SCHEMA_VERSION,
    "at_ms": 1,
    "boot_ms": 1,
    "tz_minutes": 0,
    "program": ProgramVersion("p"),
}


def fold(shop: HubShop, *events: bytes) -> None:
    with shop.hub_till.till.context.store.write() as work:
        for seq, data in enumerate(events, start=1):
            fold_held(work, STREAM, seq, data)
        work.connection.execute(
            "INSERT INTO hub_stream(stream, till, held_seq) VALUES (?, 'somebody', ?)",
            (STREAM, len(events)),
        )
        work.commit()


def test_cards_that_a_till_issued_and_blocked_are_known_at_the_others(shop: HubShop) -> None:
    one = shop.add("one")
    new, blocked = CardKey("aa" * 16), CardKey("bb" * 16)
    one.write_rows(CardRow(v=3, card_key=blocked, status="active", member=MemberId("77" * 16)))
    issued = CardsIssued(
        id=EventId("01" * 16),
        batch=BatchId("cc" * 16),
        cards=(NewCard(key=new, number="123456789012"),),
        **HEAD,  # pyright: ignore[reportArgumentType] - one dictionary of several types
    )
    changed = CardChanged(
        id=EventId("02" * 16),
        card_key=blocked,
        status="blocked",
        **HEAD,  # pyright: ignore[reportArgumentType] - one dictionary of several types
    )
    fold(shop, encode_event(issued), encode_event(changed))

    shop.talk(one)

    with one.till.context.store.read() as read:
        first, second = read.cards.get(new), read.cards.get(blocked)
    assert first is not None
    assert second is not None
    assert (first.status.value, first.number) == ("blank", "123456789012")
    assert (second.status.value, second.member_id) == ("blocked", MemberId("77" * 16))


def test_bytes_that_this_program_cannot_read_are_kept_and_mean_nothing(shop: HubShop) -> None:
    one = shop.add("one")

    fold(shop, b"{}", b'{"kind":"rights_return","to_stream":"x"}')

    assert shop.hold(one, one.exchange.next_request()).reply.rows == ()


def test_a_rescued_event_shows_its_points_and_ends_the_journal_it_came_from(
    shop: HubShop,
) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()
    with one.till.context.store.read() as read:
        stored = read.journal.newest("enrollment", 1)[0]
    rescue = EventRescued(
        id=EventId("03" * 16),
        original_stream=one.stream,
        original_seq=1,
        original_hash=stored.hash.hex(),
        original=stored.data.decode(),
        **HEAD,  # pyright: ignore[reportArgumentType] - one dictionary of several types
    )
    fold(shop, encode_event(rescue))

    shop.talk(two)

    assert two.balance(member) == 50
    assert shop.hub.waiting() == ()


def test_rights_in_a_rescued_event_are_nobody_s(shop: HubShop) -> None:
    inner = RightsReturned(
        id=EventId("04" * 16),
        member=MemberId("77" * 16),
        points=50,
        to_stream=shop.state.own_stream(),
        **HEAD,  # pyright: ignore[reportArgumentType] - one dictionary of several types
    )
    text = encode_event(inner).decode()
    for depth in range(10):
        rescue = EventRescued(
            id=EventId(f"{depth:032x}"),
            original_stream=STREAM,
            original_seq=1,
            original_hash="00" * 32,
            original=text,
            **HEAD,  # pyright: ignore[reportArgumentType] - one dictionary of several types
        )
        if depth == 0:
            fold(shop, encode_event(rescue))
        text = encode_event(rescue).decode()
    with shop.hub_till.till.context.store.write() as work:
        fold_held(work, StreamId("dd" * 16), 1, text.encode())

    assert shop.hub_till.rights(MemberId("77" * 16)) == 0
    assert isinstance(decode_event(text.encode()), EventRescued)


def test_rights_for_another_hub_are_not_ours(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    context = one.till.context
    with context.store.write() as work:
        other = StreamId("99" * 16)
        give_away(work, context.clock, context.ids, member=member, points=50, to_stream=other)
        work.commit()

    shop.talk(one)

    assert shop.hub_till.rights(member) == 0


def test_a_hub_that_lost_its_newest_changes_tells_everything_again(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()
    ahead = f"{shop.state.own_stream()[:16]}.999"
    request = msgspec.structs.replace(two.exchange.next_request(), hub_cursor=ahead)

    rows = shop.hold(two, request).reply.rows

    assert any(getattr(row, "member", None) == member for row in rows)


def test_a_hub_that_began_a_new_journal_lends_beside_what_it_lent_before(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.talk(one)
    shop.hub_till.write_rows(RightsRow(v=1, member=member, granted=100))
    shop.hold(one, one.exchange.next_request(want_rights=[(member, 60)]))
    one.exchange.abandon()
    stream, nonce = shop.hub_till.joining.intended_stream()
    shop.hub_till.joining.begin_stream(stream, nonce, known_hashes=set(), epoch=1, token="")
    shop.hub_till.write_rows(RightsRow(v=2, member=member, granted=100))

    request = one.exchange.next_request(want_rights=[(member, 80)])
    one.exchange.take(shop.hold(one, request).reply)

    # 60 of the first journal and 20 of the second: totals of two lenders.
    assert one.rights(member) == 80
    assert shop.hub_till.rights(member) == 80
