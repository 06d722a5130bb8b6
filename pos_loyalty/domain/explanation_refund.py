"""Why a refund took points and gave others back, and what moving a sale did."""

from pos_loyalty.domain.event import SaleMoved, SaleRecorded, SaleRefunded
from pos_loyalty.domain.explanation_story import Past, Story, money_text, points_text, step


def refund_story(event: SaleRefunded, past: Past) -> Story:
    """Explain a refund by its sale and the refunds before it."""
    sale = past.event(event.sale_id)
    if not isinstance(sale, SaleRecorded):
        return Story(what=f"Refund of a sale that is not known here: {event.sale_id}.")
    amount = money_text(event.amount, sale.sale.currency)
    return Story(
        what=f"Refund of {amount}: {points_text(event.earned_taken)} taken back.",
        stored=-event.earned_taken,
    )


def move_story(event: SaleMoved, past: Past) -> Story:
    """Explain how a sale's points went to another member."""
    del past
    return Story(
        what=f"Sale moved to another member: {points_text(event.earned_given)} given.",
        steps=(step("move", f"{event.earned_taken} taken", -event.earned_taken),),
        stored=event.earned_given,
    )
