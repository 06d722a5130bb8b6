"""What the owner chose, read and written."""

from collections.abc import Mapping

from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.policy import RIGHTS_DAYS_DEFAULT, Policy, PolicyName


def load_policy(session: Session, merchant: MerchantId) -> Policy:
    """Return what the owner chose."""
    rows = session.fetch("SELECT name, value FROM policy WHERE merchant = ?", merchant)
    chosen = {str(name): int(value) for name, value in rows}
    return Policy(
        allowance_total=chosen.get(PolicyName.ALLOWANCE_TOTAL, 0),
        allowance_per_till=chosen.get(PolicyName.ALLOWANCE_PER_TILL, 0),
        rights_days=chosen.get(PolicyName.RIGHTS_DAYS, RIGHTS_DAYS_DEFAULT),
        is_placing=bool(chosen.get(PolicyName.PLACEMENT, 1)),
    )


def choose(session: Session, merchant: MerchantId, values: Mapping[PolicyName, int]) -> None:
    """Set numbers; the others stay as they are."""
    session.put(tables.POLICY, [(merchant, name.value, value) for name, value in values.items()])
