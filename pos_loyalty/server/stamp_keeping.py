"""Stamp cards that two tills emptied: told to the owner, and to be filled by the next stamps.

Stamps have no spend rights, so tills that do not know of each other can both take the reward of
one full card. Both sales stand: the goods are gone. The count goes below zero, and whoever
comes second in the server's order is listed.
"""

from collections.abc import Mapping

from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.tally import stamps_name
from pos_loyalty.server.fold_place import Place

STAMPS_SHORT = "stamps_short"
"""Kind of an item: a sale took a reward for stamps that were not on the member's card."""


def tell_short_cards(
    place: Place,
    event: SaleRecorded,
    program: LoyaltyProgram,
    *,
    owner: MemberId,
    before: Mapping[str, int],
) -> None:
    """Tell of rewards for which the cards of a person had too few stamps.

    Args:
        place: where the sale stands.
        event: the sale.
        program: the version by which it was computed.
        owner: whose sale it is.
        before: the person's counts before the sale, of all accounts that are merged.
    """
    taken: dict[str, int] = {}
    rewards: dict[str, list[str]] = {}
    for each in event.rewards:
        reward = program.reward(each.reward) if each.stamps else None
        if reward is not None:
            card = reward.stamp_card
            taken[card] = taken.get(card, 0) + each.stamps
            rewards.setdefault(card, []).append(reward.id)
    # A card that is below zero already has no stamps: what it owes is listed before.
    short = {
        card: count - had
        for card, count in taken.items()
        if count > (had := max(0, before.get(stamps_name(card), 0)))
    }
    if not short:
        return
    names = ",".join(reward for card in short for reward in rewards[card])
    missing = ",".join(str(count) for count in short.values())
    place.books.notice(
        STAMPS_SHORT,
        place.stream.stream,
        place.incoming.seq,
        f"reward={names} stamp_card={','.join(short)} short={missing} sale={event.id}",
        member=owner,
    )
