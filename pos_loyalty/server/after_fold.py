"""What follows from a folded group: debts, what was repaid, rights ahead of the next visit.

Before the fold a group loads what it may touch; only here is it known whose points
moved, so the rest of what these members have is loaded now.
"""

from collections.abc import Sequence

from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.server import allowance
from pos_loyalty.server.aliases import living
from pos_loyalty.server.books import Books
from pos_loyalty.server.database.policy_statements import load_policy
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.database.rights_statements import load_shop_streams
from pos_loyalty.server.due_times import set_due
from pos_loyalty.server.grants import members_in_debt, recall_debts
from pos_loyalty.server.inbox_load import load_whole
from pos_loyalty.server.placement import place_rights, weights
from pos_loyalty.server.reading import Batch


def load_choices(session: Session, books: Books, batches: Sequence[Batch]) -> None:
    """Load the owner's choices and what of the allowance is given away."""
    merchant = books.merchant.merchant
    books.policy = policy = load_policy(session, merchant)
    books.budget.total, books.budget.per_till = policy.allowance_total, policy.allowance_per_till
    if policy.allowance_total:
        books.budget.counted = allowance.count_given(session, merchant)
        books.budget.hubs = allowance.hubs_of(session, merchant)
    books.in_debt = {
        member for member, state in books.members.items() if state.balance < state.outstanding
    }
    risky = {
        event.member
        for batch in batches
        for incoming in batch.incoming
        if isinstance(event := incoming.reading.event, SaleRecorded)
        if event.risk_used and event.member is not None
    }
    if risky:
        load_whole(session, books, risky)


def finish_group(session: Session, books: Books) -> None:
    """Recall debts, settle what was repaid, and place rights; before anything is saved."""
    set_due(books)
    debtors = members_in_debt(books)
    whole = debtors | books.in_debt | books.placement_due
    if not whole:
        return
    load_whole(session, books, whole)
    books.placement_due = living(books, books.placement_due)
    recall_debts(books, debtors)
    allowance.note_repaid(books)
    allowance.save_repaid(session, books)
    if not books.placement_due or books.is_granting_frozen or not books.policy.is_placing:
        return
    shops = {
        shop
        for member in books.placement_due
        for shop in weights(books.member(member).visits, books.now_ms)
    }
    if shops:
        place_rights(books, load_shop_streams(session, books.merchant.merchant, shops))
