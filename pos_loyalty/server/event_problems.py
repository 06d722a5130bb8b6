"""What no honest till can say in an event, named one rule after the other."""

from collections.abc import Iterable, Iterator

from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.event import (
    HASH_LENGTH,
    ActivityRecorded,
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    PointsAdjusted,
    RightsReturned,
    SaleLine,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    StampsGiven,
    TierGranted,
    VoucherClaimed,
)
from pos_loyalty.domain.ids import ID_LENGTH, is_id
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.receipt_code import SHORT_LETTERS

POINTS_MAX = 10**9
"""More points than any sale can earn: what is above is a fault or an attack."""
AMOUNT_MAX = 10**12
AT_MS_MAX = 2**53
OFFSET_MINUTES_MAX = 24 * 60
"""No shop's clock is farther from UTC."""
LINES_MAX = 2_000
_NUMBER_LENGTH_MAX = 20
_NAME_LENGTH_MAX = 200


def problems_of(event: Event) -> Iterator[str]:
    """Name what no honest till can say, one rule after the other."""
    if event.v < 1:
        yield "v is below 1"
    if not is_id(event.id):
        yield "id is not an id"
    if not 0 <= event.at_ms <= AT_MS_MAX:
        yield "at_ms is no time"
    if not -OFFSET_MINUTES_MAX <= event.tz_minutes <= OFFSET_MINUTES_MAX:
        yield "tz_minutes is no offset"
    yield from _kind_problems(event)


def is_short_name(sale_id: str) -> bool:
    """Tell whether a sale is named by the end of its id, as on a receipt."""
    return len(sale_id) == SHORT_LETTERS and is_id(sale_id.rjust(ID_LENGTH, "0"))


def hash_of_hex(text: str) -> bytes | None:
    """Read 32 bytes from their hex form, or None."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    return data if len(data) == HASH_LENGTH else None


def _kind_problems(event: Event) -> Iterable[str]:
    match event:
        case SaleRecorded():
            found = _sale_problems(event)
        case SaleReversed():
            found = _reversal_problems(event)
        case SaleRefunded():
            found = _refund_problems(event)
        case MemberEnrolled() | RightsReturned() | CardsIssued() | CardChanged():
            found = _member_problems(event)
        case EventRescued():
            found = _rescue_problems(event)
        case _:
            found = _other_problems(event)
    return found


def _sale_problems(event: SaleRecorded) -> Iterator[str]:
    yield from _id_problems(member=event.member, card_key=event.card_key)
    yield from _points_problems(
        earned=event.earned,
        redeemed=event.redeemed,
        rights_used=event.rights_used,
        risk_used=event.risk_used,
    )
    if not 0 <= event.sale.total <= AMOUNT_MAX:
        yield "total is no amount"
    yield from _stamps_problems(event.stamps)
    if event.rewards and any(
        not (
            0 <= reward.points <= POINTS_MAX
            and 0 <= reward.discount <= AMOUNT_MAX
            and 0 <= reward.stamps <= POINTS_MAX
        )
        for reward in event.rewards
    ):
        yield "a reward is out of range"
    if event.redeemed and event.member is None:
        yield "a redemption without a member"
    if event.earned and event.member is None and event.card_key is None:
        yield "points for nobody"
    if not 0 <= event.pending_until_ms <= AT_MS_MAX:
        yield "pending_until_ms is no time"
    basket = event.sale
    # Most sales have none of these, and every sale of every till comes by here.
    if basket.lines or basket.payments or basket.tax or event.known is not NO_FACTS:
        yield from _basket_problems(event)


def _basket_problems(event: SaleRecorded) -> Iterator[str]:
    basket = event.sale
    if not -AMOUNT_MAX <= basket.tax <= AMOUNT_MAX:
        yield "tax is no amount"
    if basket.lines:
        if len(basket.lines) > LINES_MAX:
            yield "more lines than a sale may have"
        if any(map(_is_odd_line, basket.lines)):
            yield "a line is out of range"
    if basket.payments and any(
        not -AMOUNT_MAX <= one.amount <= AMOUNT_MAX for one in basket.payments
    ):
        yield "a payment is out of range"
    yield from _known_problems(event.known)


def _is_odd_line(line: SaleLine) -> bool:
    amounts = (line.amount, line.tax, line.unit_price, line.quantity)
    return any(not -AMOUNT_MAX <= amount <= AMOUNT_MAX for amount in amounts)


def _known_problems(known: MemberFacts) -> Iterator[str]:
    if known.tally and any(
        not -AMOUNT_MAX <= count <= AMOUNT_MAX for count in known.tally.values()
    ):
        yield "a count is out of range"
    if not 0 <= known.last_visit_ms <= AT_MS_MAX:
        yield "last_visit_ms is no time"


def _stamps_problems(stamps: tuple[StampsGiven, ...]) -> Iterator[str]:
    if stamps and any(not 0 <= entry.count <= POINTS_MAX for entry in stamps):
        yield "stamps are out of range"


def _reversal_problems(event: SaleReversed) -> Iterator[str]:
    yield from _id_problems(member=event.member, card_key=event.card_key, sale_id=event.sale_id)
    yield from _points_problems(
        earned_taken=event.earned_taken,
        redeemed_returned=event.redeemed_returned,
        rights_returned=event.rights_returned,
        rights_used=event.rights_used,
        voucher_points_taken=event.voucher_points_taken,
    )
    taken = event.earned_taken + event.voucher_points_taken
    if event.rights_used > taken or event.rights_returned > event.redeemed_returned:
        yield "more rights than points"


def _refund_problems(event: SaleRefunded) -> Iterator[str]:
    # A claim from a receipt has the end of the sale's id, and the member.
    is_short = event.claim and is_short_name(event.sale_id) and event.member is not None
    sale_id = None if is_short else event.sale_id
    yield from _id_problems(member=event.member, card_key=event.card_key, sale_id=sale_id)
    yield from _points_problems(
        earned_taken=event.earned_taken,
        redeemed_returned=event.redeemed_returned,
        rights_returned=event.rights_returned,
        rights_used=event.rights_used,
        forgiven=event.forgiven,
    )
    if event.rights_used > event.earned_taken or event.rights_returned > event.redeemed_returned:
        yield "more rights than points"
    if not (0 <= event.amount <= AMOUNT_MAX and 0 <= event.cash <= AMOUNT_MAX):
        yield "amount is no amount"
    if len(event.lines) > LINES_MAX:
        yield "more lines than a sale may have"
    if any(
        not (0 <= line.line < LINES_MAX and -AMOUNT_MAX <= line.amount <= AMOUNT_MAX)
        or not 0 <= line.quantity <= AMOUNT_MAX
        for line in event.lines
    ):
        yield "a line is out of range"
    has_points = event.earned_taken or event.redeemed_returned or event.forgiven
    if event.claim and has_points:
        yield "a claim states no points"
    yield from _stamps_problems(event.stamps_taken)


def _member_problems(
    event: MemberEnrolled | RightsReturned | CardsIssued | CardChanged,
) -> Iterator[str]:
    match event:
        case MemberEnrolled():
            yield from _id_problems(
                member=event.member, card_key=event.card_key, invited_by=event.invited_by
            )
            yield from _points_problems(welcome=event.welcome)
        case RightsReturned():
            yield from _id_problems(member=event.member, to_stream=event.to_stream)
            yield from _points_problems(points=event.points)
        case _:
            yield from _card_problems(event)


def _other_problems(event: Event) -> Iterator[str]:
    match event:
        case PointsAdjusted():
            yield from _adjustment_problems(event)
        case ActivityRecorded():
            yield from _id_problems(member=event.member)
            yield from _points_problems(points=event.points)
            yield from _name_problems(activity=event.activity)
        case TierGranted():
            yield from _id_problems(member=event.member)
            if not 0 < event.until_ms <= AT_MS_MAX:
                yield "until_ms is no time"
            yield from _name_problems(tier=event.tier)
        case SaleMoved():
            yield from _move_problems(event)
        case VoucherClaimed():
            yield from _id_problems(member=event.member, sale_id=event.sale_id)
            yield from _points_problems(points=event.points)
            if not 0 <= event.discount <= AMOUNT_MAX:
                yield "discount is no amount"
            yield from _name_problems(voucher=event.voucher)
        case _:
            return


def _adjustment_problems(event: PointsAdjusted) -> Iterator[str]:
    yield from _id_problems(member=event.member)
    yield from _points_problems(size=abs(event.points), rights_used=event.rights_used)
    if event.rights_used > max(0, -event.points):
        yield "more rights than points"
    if not event.reason.strip():
        yield "an adjustment without a reason"
    if not event.approved_by or event.approved_by == event.cashier:
        yield "an adjustment without a second person"


def _move_problems(event: SaleMoved) -> Iterator[str]:
    yield from _id_problems(
        sale_id=event.sale_id, to_member=event.to_member, from_member=event.from_member
    )
    yield from _points_problems(
        earned_taken=event.earned_taken,
        earned_given=event.earned_given,
        rights_used=event.rights_used,
    )
    if event.rights_used > event.earned_taken:
        yield "more rights than points"
    if event.from_member == event.to_member:
        yield "moved to the member who has it"
    yield from _stamps_problems(event.stamps)
    yield from _known_problems(event.known)


def _rescue_problems(event: EventRescued) -> Iterator[str]:
    yield from _id_problems(original_stream=event.original_stream)
    if not 0 < event.original_seq <= AT_MS_MAX:
        yield "original_seq is no place"
    if hash_of_hex(event.original_hash) is None:
        yield "original_hash is no hash"


def _card_problems(event: CardsIssued | CardChanged) -> Iterator[str]:
    if isinstance(event, CardChanged):
        yield from _id_problems(
            card_key=event.card_key, member=event.member, replaces=event.replaces
        )
        if event.status not in frozenset(CardStatus):
            yield "no such card status"
        return
    yield from _id_problems(batch=event.batch)
    for card in event.cards:
        if not is_id(card.key):
            yield "a card key is not an id"
        if len(card.number) > _NUMBER_LENGTH_MAX or not (
            card.number.isascii() and card.number.isdigit()
        ):
            yield "a card number is not a number"


def _id_problems(**ids: str | None) -> Iterator[str]:
    for name, value in ids.items():
        if value is not None and not is_id(value):
            yield f"{name} is not an id"


def _points_problems(**points: int) -> Iterator[str]:
    for name, value in points.items():
        if not 0 <= value <= POINTS_MAX:
            yield f"{name} is out of range"


def _name_problems(**names: str) -> Iterator[str]:
    for name, value in names.items():
        if not 0 < len(value) <= _NAME_LENGTH_MAX or "\x00" in value:
            yield f"{name} is no name"
