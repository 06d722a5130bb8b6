"""What integrations see: refusals, members, receipts."""

from dataclasses import asdict

from pos_loyalty.domain.errors import LoyaltyError, StoreBug
from pos_loyalty.services.claim_voucher import VoucherShown
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.receipt import ReceiptRead
from pos_loyalty.services.refund_refusal import RefundRefused
from pos_loyalty.services.reward_offers import RewardOffer

Answer = dict[str, object]


def refusal(error: LoyaltyError) -> Answer:
    """Return the answer that says what is wrong, whether the sale is saved, and the facts."""
    answer: Answer = {
        "ok": False,
        "code": error.code.value,
        "message": error.message,
        "saved": error.saved,
    }
    facts: dict[str, object] = {} if isinstance(error, StoreBug) else dict(error.facts)
    if isinstance(error, RefundRefused):
        facts["lines"] = [asdict(line) for line in error.lines]
    return answer | ({"facts": facts} if facts else {})


def member_answer(member: MemberView) -> Answer:
    """Return a member as integrations see one."""
    return {
        "id": member.id,
        "name": member.name,
        "tier": member.tier.name,
        "balance_points": member.balance_points,
        "spendable_points": member.spendable_points,
        "spend_limit": None
        if member.limit is None
        else {
            "reason": member.limit.reason,
            "why": member.limit.why,
            "what_to_do": member.limit.what_to_do,
        },
        "pending_points": member.pending_points,
        "pending_until": member.pending_until_ms or None,
        "ends_points": member.ends_points,
        "ends": member.ends_ms or None,
        "ended_points": member.ended_points,
        "as_of": member.as_of_ms,
        "rewards": [_reward_answer(reward) for reward in member.rewards],
    }


def _reward_answer(reward: RewardOffer) -> Answer:
    """Return a reward with what it costs this member now; stamps and choices where it has some."""
    answer: Answer = {
        "id": reward.id,
        "name": reward.name,
        "kind": reward.kind,
        "cost_points": reward.cost_points,
        "available": reward.available,
        "why_not": reward.why_not_text or None,
        "why_not_code": reward.why_not,
    }
    if reward.cost_stamps:
        answer |= {"cost_stamps": reward.cost_stamps, "stamps": reward.stamps}
    return answer | ({"choices": reward.choices} if reward.choices else {})


def voucher_answer(shown: VoucherShown) -> Answer:
    """Return what a voucher is worth; it is claimed with a sale."""
    return {"voucher": asdict(shown) | {"until": shown.until.isoformat()}}


def receipt_answer(read: ReceiptRead) -> Answer:
    """Return what a receipt says; it is shown and counts nothing."""
    return {
        "standing": read.standing.value,
        "points": read.points,
        "at": read.at_ms,
        "till": read.till_name,
        "shop": read.shop_name,
    }
