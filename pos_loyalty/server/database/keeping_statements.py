"""What became of sales, waiting refunds, vouchers and shares of stock: read and written."""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.ids import EventId, MerchantId, RewardId, StreamId
from pos_loyalty.domain.receipt_code import SHORT_LETTERS
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.keeping_state import SaleState, Share, Waiting

_STATE: msgspec.json.Decoder[SaleState] = msgspec.json.Decoder(SaleState)
_JSON = msgspec.json.Encoder()


def load_sales(
    session: Session, merchant: MerchantId, sales: Iterable[EventId]
) -> dict[EventId, SaleState]:
    """Return what became of these sales; one to which nothing happened has no row."""
    rows = session.fetch_among(
        "SELECT sale, body FROM sale_state WHERE merchant = ? AND sale {among}",
        merchant,
        sorted(set(sales)),
    )
    return {EventId(sale): decode_sale(body) for sale, body in rows}


def decode_sale(body: str | bytes) -> SaleState:
    """Return what became of a sale, as it is stored."""
    return _STATE.decode(body)


def encode_sale(state: SaleState) -> bytes:
    """Return what became of a sale as it is stored."""
    return _JSON.encode(state)


def load_waiting(
    session: Session, merchant: MerchantId, sales: Iterable[EventId]
) -> dict[EventId, list[Waiting]]:
    """Return the refunds that wait for these sales, also by the end of an id on a receipt."""
    if not session.fetch("SELECT 1 FROM waiting_refund WHERE merchant = ? LIMIT 1", merchant):
        return {}
    rows = session.fetch_among(
        "SELECT sale, event, stream, seq FROM waiting_refund"
        " WHERE merchant = ? AND sale {among} ORDER BY sale, event",
        merchant,
        sorted({name for sale in sales for name in (sale, sale[-SHORT_LETTERS:])}),
    )
    found: dict[EventId, list[Waiting]] = {}
    for sale, event, stream, seq in rows:
        waiting = Waiting(EventId(sale), EventId(event), StreamId(stream), int(seq))
        found.setdefault(waiting.sale, []).append(waiting)
    return found


def load_claimed(session: Session, merchant: MerchantId, vouchers: Iterable[str]) -> set[str]:
    """Return which of these vouchers were claimed before."""
    rows = session.fetch_among(
        "SELECT voucher FROM claimed_voucher WHERE merchant = ? AND voucher {among}",
        merchant,
        sorted(set(vouchers)),
    )
    return {str(row[0]) for row in rows}


def load_shares(
    session: Session, merchant: MerchantId, rewards: Iterable[RewardId]
) -> dict[tuple[StreamId, RewardId], Share]:
    """Return what every stream was given of these rewards."""
    rows = session.fetch_among(
        "SELECT stream, reward, granted, used FROM stock_share"
        " WHERE merchant = ? AND reward {among}",
        merchant,
        sorted(set(rewards)),
    )
    return {
        (StreamId(stream), RewardId(reward)): Share(granted=int(granted), used=int(used))
        for stream, reward, granted, used in rows
    }


def save_keeping(session: Session, books: Books) -> None:
    """Write what changed; nothing for a plain program."""
    keeping = books.keeping
    if not keeping.is_changed:
        return
    merchant = books.merchant.merchant
    session.put(
        tables.SALE_STATE,
        [
            (merchant, sale, encode_sale(keeping.sales[sale]).decode())
            for sale in sorted(keeping.dirty_sales)
        ],
    )
    session.put(
        tables.WAITING_REFUND,
        [(merchant, one.sale, one.event, one.stream, one.seq) for one in keeping.new_waiting],
    )
    for one in keeping.arrived:
        session.execute(
            "DELETE FROM waiting_refund WHERE merchant = ? AND sale = ? AND event = ?",
            merchant,
            one.sale,
            one.event,
        )
    for voucher in sorted(keeping.freed):
        session.execute(
            "DELETE FROM claimed_voucher WHERE merchant = ? AND voucher = ?", merchant, voucher
        )
    session.put(
        tables.CLAIMED_VOUCHER,
        [(merchant, voucher, *place) for voucher, place in keeping.new_claims.items()],
    )
    session.put(
        tables.STOCK_SHARE,
        [
            (merchant, *key, keeping.shares[key].granted, keeping.shares[key].used)
            for key in sorted(keeping.dirty_shares)
        ],
    )
