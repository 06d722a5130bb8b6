"""What is read of spend rights beyond single members: where they lie, what was released."""

from collections.abc import Iterable

from pos_loyalty.domain.ids import MemberId, MerchantId, StreamId
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.placement import ShopStream


def load_shop_streams(
    session: Session, merchant: MerchantId, shops: Iterable[str]
) -> list[ShopStream]:
    """Return the open streams of these shops, none of which was declared lost."""
    rows = session.fetch_among(
        "SELECT stream.stream, till.shop, till.hub_pin, stream.last, stream.seen_ms FROM stream"
        " JOIN till ON till.merchant = stream.merchant AND till.till = stream.till"
        " WHERE stream.merchant = ? AND stream.closed = 0 AND stream.lost = 0"
        " AND till.revoked_ms = 0 AND till.shop {among} ORDER BY stream.stream",
        merchant,
        sorted(set(shops)),
    )
    return [
        ShopStream(
            stream=StreamId(stream),
            shop=shop,
            is_hub=bool(hub_pin),
            last=int(last),
            seen_ms=int(seen_ms),
        )
        for stream, shop, hub_pin, last, seen_ms in rows
    ]


def load_released(session: Session, merchant: MerchantId) -> dict[tuple[MemberId, StreamId], int]:
    """Return the points that the owner freed, for each member and stream."""
    rows = session.fetch(
        "SELECT member, stream, sum(points) FROM rights_released WHERE merchant = ?"
        " GROUP BY member, stream",
        merchant,
    )
    return {(MemberId(member), StreamId(stream)): int(points) for member, stream, points in rows}
