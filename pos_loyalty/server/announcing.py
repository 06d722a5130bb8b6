"""Tells tills of other tills: their keys, whether they are switched off, which one is the hub."""

from pos_loyalty.domain.ids import MerchantId, TillId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Session


def announce_till(session: Session, merchant: MerchantId, till: TillId, version: int) -> None:
    """Tell every till that one came, or has another standing; of a hub its shop hears more."""
    changes = [(merchant, "till", till, "", version), (merchant, "merchant", merchant, "", version)]
    is_hub = session.fetch(
        "SELECT 1 FROM till WHERE merchant = ? AND till = ? AND hub_pin <> ''", merchant, till
    )
    session.put(tables.CHANGE, changes if is_hub else changes[:1])
