"""What the recordings of protocol 3 are made from: a program with rules, and what tills say by it.

`python -m tests.contract.golden_samples_3` writes recordings that do not exist yet. Once
0.3.0 is released, a recording that exists is never written again.
"""

import base64
from contextlib import closing
from typing import Any

import msgspec

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Bonus,
    Conditions,
    EarningRule,
    Rate,
    ReferralEvent,
    ReferralRule,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Basket,
    CardsIssued,
    Event,
    MemberEnrolled,
    NewCard,
    Payment,
    PointsAdjusted,
    RefundLine,
    SaleLine,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    StampsGiven,
    TierGranted,
    VoucherClaimed,
    chain_hash,
    encode_event,
    first_hash,
)
from pos_loyalty.domain.ids import (
    BatchId,
    CardKey,
    EventId,
    MemberId,
    MerchantId,
    ProgramVersion,
    RewardId,
    TierId,
)
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.offer import BonusOffer
from pos_loyalty.domain.reward import Access, AmountOff, RewardTaken, Stock
from pos_loyalty.server.authentication import signed_batch
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.setup import open_database
from pos_loyalty.wire.messages import HistoryRequest, JoinRequest, ProfileChange, SyncRequest
from tests.contract import golden_dialog
from tests.contract.golden_samples import (
    CODE,
    FOLDER,
    KEY,
    MEMBER,
    MERCHANT,
    MONDAY_MS,
    NONCE,
    OTHER,
    STREAM,
    make_golden_books,
)
from tests.contract.simple_till import PROGRAM

PROTOCOL_3 = FOLDER / "protocol_3"
YEAR_2100_MS = 4_102_444_800_000
COFFEE = "coffee"
EVENING = Access(
    id=RewardId("evening"), name="Evening", cost_points=10, stock=Stock(in_all=4), worth=500
)
RULED = msgspec.structs.replace(
    PROGRAM,
    version=ProgramVersion("golden-3"),
    effective_from_ms=MONDAY_MS,
    rules=(
        EarningRule(
            id="books",
            name="Books",
            give=Rate(step=100, points=2),
            when=Conditions(categories=("books",)),
        ),
        EarningRule(id="cups", name="Cups", give=Stamps(card=COFFEE, count=2)),
        EarningRule(
            id="first",
            name="First purchase",
            give=Bonus(points=7),
            when=Conditions(first_purchase=True),
        ),
    ),
    stamp_cards=(StampCard(id=COFFEE, name="Coffee", stamps=10),),
    rewards=(
        AmountOff(id=RewardId("one-off"), name="€1 off", cost_points=10, amount=100),
        EVENING,
    ),
    activities=(ActivityRule(id="survey", name="Survey", points=5),),
    referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=6, referred_points=4),
    offers=(
        BonusOffer(
            id="regulars",
            name="For regulars",
            when=Conditions(segments=("regular",)),
            points=9,
        ),
    ),
)
"""Nothing in it depends on the day on which the dialog is replayed."""
WELCOME = 50
FIRST_POINTS, SALE_POINTS = 22, 54


def events() -> list[Event]:
    """A day by these rules, in an order that makes sense; one of every kind since 0.2.0."""
    first, sold = _first_sale(), _sale()
    return [
        CardsIssued(
            **_base(1),
            batch=BatchId("b" * 32),
            cards=(NewCard(key=CardKey("c" * 32), number="000000000017"),),
        ),
        MemberEnrolled(
            **_base(2), member=MEMBER, profile_change=EventId("d" * 32), welcome=WELCOME
        ),
        MemberEnrolled(**_base(3), member=OTHER, welcome=WELCOME, invited_by=MEMBER),
        first,
        sold,
        VoucherClaimed(**_base(6), voucher="V-1", sale_id=sold.id, member=MEMBER, discount=200),
        SaleRefunded(
            **_base(7),
            sale_id=sold.id,
            member=MEMBER,
            amount=1000,
            lines=(RefundLine(line=1, amount=1000, quantity=1),),
            earned_taken=9,
            rights_used=9,
            redeemed_returned=2,
            rights_returned=2,
            cash=925,
        ),
        ActivityRecorded(**_base(8), member=MEMBER, activity="survey", points=5, reference="Q-1"),
        PointsAdjusted(**_base(9), member=OTHER, points=5, reason="kind", approved_by="eva"),
        TierGranted(
            **_base(10),
            member=OTHER,
            tier=TierId("gold"),
            until_ms=YEAR_2100_MS,
            reason="a friend of the house",
            approved_by="eva",
        ),
        SaleMoved(
            **_base(11),
            sale_id=first.id,
            sale_seq=4,
            from_member=MEMBER,
            to_member=OTHER,
            earned_taken=FIRST_POINTS,
            earned_given=FIRST_POINTS + 7,
            rights_used=FIRST_POINTS,
            approved_by="eva",
            tier=TierId("gold"),
            known=MemberFacts(tally={"visits": 0}),
            stamps=(StampsGiven(card=COFFEE, count=2),),
        ),
    ]


def _base(number: int) -> dict[str, Any]:
    return {
        "v": 1,
        "id": EventId(f"01890a5d0000700080000000000e{number:04x}"),
        "at_ms": MONDAY_MS + number,
        "boot_ms": 1000 + number,
        "tz_minutes": 120,
        "program": RULED.version,
        "cashier": "ana",
    }


def _first_sale() -> SaleRecorded:
    return SaleRecorded(
        **_base(4),
        sale=Basket(total=1500, currency="EUR"),
        member=MEMBER,
        found_by="card",
        tier=TierId("bronze"),
        earned=FIRST_POINTS,
        known=MemberFacts(tally={"visits": 0}),
        stamps=(StampsGiven(card=COFFEE, count=2),),
    )


def _sale() -> SaleRecorded:
    basket = Basket(
        total=4000,
        currency="EUR",
        lines=(
            SaleLine(amount=2000, sku="0042", category="books", tax=131),
            SaleLine(amount=2000, quantity=2, unit_price=1000, category="tea"),
        ),
        payments=(Payment(kind="cash", amount=3700),),
        receipt_no="R-1",
        tax=131,
    )
    return SaleRecorded(
        **_base(5),
        sale=basket,
        member=MEMBER,
        found_by="card",
        tier=TierId("bronze"),
        earned=SALE_POINTS,
        rewards=(
            RewardTaken(reward=RewardId("one-off"), points=10, discount=100),
            RewardTaken(reward=RewardId("voucher:V-1"), points=0, discount=200),
        ),
        redeemed=10,
        rights_used=10,
        known=MemberFacts(tally={"visits": 1}),
        stamps=(StampsGiven(card=COFFEE, count=2),),
    )


def requests() -> dict[str, tuple[str, msgspec.Struct]]:
    """What a till of 0.3.0 says, in order: it sends, compares, is idle, and shows a history."""
    data = [encode_event(event) for event in events()]
    start = end = first_hash(STREAM, NONCE)
    for each in data:
        end = chain_hash(end, each)
    plain = SyncRequest(
        req="0a0b0c0d0e0f",
        proto=3,
        stream=STREAM,
        from_seq=1,
        prev_hash=start.hex(),
        top=len(data),
        epoch=1,
        now_ms=MONDAY_MS,
        app_version="0.3.0",
    )
    sends = msgspec.structs.replace(
        plain,
        events=tuple(msgspec.Raw(each) for each in data),
        sig=golden_dialog.signed(signed_batch(MERCHANT, STREAM, len(data), end)),
        profiles=(
            ProfileChange(
                change=EventId("d" * 32),
                member=MEMBER,
                at_ms=MONDAY_MS,
                name="Ana",
                birthday="05-17",
            ),
        ),
        want_rights=((MEMBER, 10),),
    )
    compares = msgspec.structs.replace(
        plain,
        from_seq=len(data) + 1,
        prev_hash=end.hex(),
        buckets=(int(MEMBER[-3:], 16),),
        app_version="",
    )
    exchange = "/sync/v1/exchange"
    return {
        "join": ("/sync/v1/join", _join()),
        "exchange": (exchange, sends),
        "compare": (exchange, compares),
        "history": ("/sync/v1/history", HistoryRequest(stream=STREAM, member=MemberId(OTHER))),
    }


def _join() -> JoinRequest:
    return JoinRequest(
        proto=3,
        stream=STREAM,
        join_nonce=NONCE,
        public_key=base64.b64encode(KEY.public_key().public_bytes_raw()).decode(),
        currency="EUR",
        now_ms=MONDAY_MS,
        code=CODE,
        alone_as=MerchantId("a" * 32),
        app_version="0.3.0",
        packet_key=base64.b64encode(bytes(range(32, 64))).decode(),
    )


def make_ruled_books(database_url: str) -> None:
    """Make the books of the recordings, with the program that has rules."""
    make_golden_books(database_url)
    with closing(open_database(database_url)) as database, database.write() as session:
        v, _ = statements.take_version(session, MERCHANT)
        body = msgspec.json.encode(RULED)
        session.add(tables.PROGRAM, [(MERCHANT, RULED.version, body, v)])
        session.put(tables.CHANGE, [(MERCHANT, "program", RULED.version, "", v)])


if __name__ == "__main__":
    golden_dialog.record(PROTOCOL_3, requests())
