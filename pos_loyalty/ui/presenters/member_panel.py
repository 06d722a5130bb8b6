"""The left zone while a card is on the sale: who, how many points, what they are good for."""

from typing import Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.earning_rule import StampCard
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.services.member_view import PENDING, MemberView, RewardOffer
from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.ui.presenters.counter_screen import (
    MemberPanel,
    Progress,
    RewardButton,
    StampLine,
    TierBadge,
)
from pos_loyalty.ui.presenters.counter_state import CounterState, Holder
from pos_loyalty.ui.presenters.formatting import (
    card_end,
    day_of,
    first_name,
    full_name,
    initials,
    money,
    points,
    shortened,
    signed_points,
    time_of_day,
)
from pos_loyalty.ui.presenters.reward_choices import name_on_sale, points_taken, shown_offers

_PERMILLE: Final = 1_000
_DOUBLE_PERCENT: Final = 200
_PERCENT_WHOLE: Final = 100
_REASON_CHARACTERS_MAX: Final = 90
STAMP_LINES_MAX: Final = 2
_REWARD_ICONS: Final = {
    "amount_off": "tag",
    "percent_off": "percent",
    "free_item": "gift",
    "points_for_money": "banknote",
    "buy_some_get_some": "shopping-basket",
    "gift": "package",
    "access": "ticket",
    "donation": "award",
}


def member_panel(state: CounterState, holder: Holder, clock: Clock) -> MemberPanel:
    """Return the panel for whoever is on the sale, or was on the sale just saved."""
    member = holder.member
    if member is None:
        return _unknown_card(holder, state)
    quote = state.draft.quote if state.done is None else None
    gain_points = quote.earned_points if quote else 0
    goal = _goal(member)
    return MemberPanel(
        initials=initials(member.name),
        name=full_name(member.name, card_hint=member.card_hint),
        tier=TierBadge(member.tier.id, member.tier.name),
        card_hint=card_end(member.card_hint),
        points=points(member.balance_points),
        points_word="point" if member.balance_points == 1 else "points",
        gain=signed_points(gain_points) if gain_points else "",
        as_of=_as_of(state, member, clock),
        progress=_progress(member, goal, gain_points),
        next_label=_next_label(member, goal),
        next_missing=_next_missing(member, goal, gain_points),
        rewards_title="Ready to use",
        rewards=_reward_buttons(state, member),
        rewards_empty=_rewards_empty(member, goal),
        coaching=_coaching(state, quote, member),
        spendable_note=_spendable_note(member),
        dates=_dates(member, clock),
        stamps=_stamps(state, member, quote),
    )


def _unknown_card(holder: Holder, state: CounterState) -> MemberPanel:
    tiers = state.program.tiers if state.program else ()
    tier = TierBadge(tiers[0].id, tiers[0].name) if tiers else TierBadge("member", "Member")
    return MemberPanel(
        initials="",
        name="New card",
        tier=tier,
        card_hint=card_end(holder.card_hint),
        points="\u2014",
        points_word="points",
        gain="",
        as_of="Its points show after the next contact with the server.",
        progress=None,
        next_label="",
        next_missing="",
        rewards_title="Ready to use",
        rewards=(),
        rewards_empty="Rewards open once the server knows this card.",
        coaching="",
    )


def _as_of(state: CounterState, member: MemberView, clock: Clock) -> str:
    if not state.chip.is_offline or member.as_of_ms is None:
        return ""
    return f"Points as of {time_of_day(member.as_of_ms, clock)} \u2014 last time online"


def _goal(member: MemberView) -> RewardOffer | None:
    """Return the cheapest reward that the member cannot have yet."""
    has_points = max(0, member.balance_points)
    above = [offer for offer in member.rewards if offer.cost_points > has_points]
    return min(above, key=lambda offer: offer.cost_points, default=None)


def _progress(member: MemberView, goal: RewardOffer | None, gain_points: int) -> Progress | None:
    if goal is None:
        return None
    has_points = max(0, member.balance_points)
    has = whole_steps(has_points * _PERMILLE, goal.cost_points)
    gain = whole_steps(max(0, gain_points) * _PERMILLE, goal.cost_points)
    return Progress(has_permille=has, gain_permille=min(gain, _PERMILLE - has))


def _next_label(member: MemberView, goal: RewardOffer | None) -> str:
    if goal is not None:
        return f"Next: {goal.name}"
    return f"Next: {member.next_tier.tier.name}" if member.next_tier else ""


def _next_missing(member: MemberView, goal: RewardOffer | None, gain_points: int) -> str:
    if goal is not None:
        missing = goal.cost_points - member.balance_points - gain_points
    elif member.next_tier is not None:
        missing = member.next_tier.missing_points - gain_points
    else:
        return ""
    return f"{points(missing)} to go" if missing > 0 else "reached with this sale"


def _rewards_empty(member: MemberView, goal: RewardOffer | None) -> str:
    if goal is None and member.rewards:
        return "Nothing to redeem yet. Stamps open the rewards."
    if goal is None:
        return "This program has no rewards yet."
    return f"Nothing to redeem yet: {points(goal.cost_points - member.balance_points)} to go."


def _spendable_note(member: MemberView) -> str:
    """Say how many points can be used here now, why not all, and what to do."""
    limit = member.limit
    # Which points wait until when is among the dates.
    if limit is None or limit.reason == PENDING:
        return ""
    safe = points(member.spendable_points) if member.spendable_points else "None"
    return f"{safe} safe to use here now. {limit.why} {limit.what_to_do}"


def _dates(member: MemberView, clock: Clock) -> str:
    """Say which points of the balance wait, and which end next; nothing where neither is known."""
    parts: list[str] = []
    if member.pending_points > 0 and member.pending_until_ms:
        from_day = day_of(member.pending_until_ms, clock)
        usable = points(max(0, member.balance_points - member.pending_points))
        parts.append(f"{usable} now, {points(member.pending_points)} more from {from_day}")
    if member.ends_points > 0 and member.ends_ms:
        # They end with the end of a day, which is the first moment of the next.
        last_day = day_of(member.ends_ms - 1, clock)
        word = "points " if not parts else ""
        ends = f"{points(member.ends_points)} {word}end"
        ends = "1 point ends" if member.ends_points == 1 else ends
        parts.append(f"{ends} on {last_day}")
    return " \u00b7 ".join(parts)


def _stamps(
    state: CounterState, member: MemberView, quote: SaleQuote | None
) -> tuple[StampLine, ...]:
    """Return the member's stamp cards: each as far as the reward that takes it."""
    program = state.program
    if program is None:
        return ()
    gains = {given.card: given.count for given in quote.stamps} if quote else {}
    cards = {card.id: card for card in program.stamp_cards}
    lines: dict[str, StampLine] = {}
    for offer in member.rewards:
        reward = program.reward(offer.id)
        card = cards.get(reward.stamp_card) if reward else None
        if card is not None and offer.cost_stamps:
            gain = gains.get(card.id, 0)
            lines[card.id] = _stamp_line(card, offer, gain)
    return tuple(lines.values())[:STAMP_LINES_MAX]


def _stamp_line(card: StampCard, offer: RewardOffer, gain: int) -> StampLine:
    full = offer.cost_stamps
    has = max(0, min(offer.stamps, full))
    more = f" +{gain}" if gain else ""
    what = card.item or card.name
    has_permille = whole_steps(has * _PERMILLE, full)
    gain_permille = min(whole_steps(gain * _PERMILLE, full), _PERMILLE - has_permille)
    text = f"{points(offer.stamps)} of {points(full)}{more} \u00b7 {what}"
    return StampLine(text, Progress(has_permille, gain_permille))


def _reason(state: CounterState, member: MemberView, quote: SaleQuote | None) -> str:
    """Return what the program says of an offer that holds now; the first that has a sentence."""
    offers = state.program.offers if state.program else ()
    at_work = {step.rule for step in quote.trace} if quote else set[str]()
    for offer in offers:
        if not offer.reason:
            continue
        if isinstance(offer, PriceOffer):
            holds = _has_price(state, member, offer)
        else:
            holds = f"offer {offer.id}" in at_work
        if holds:
            return offer.reason
    return ""


def _has_price(state: CounterState, member: MemberView, offer: PriceOffer) -> bool:
    """Return whether a reward costs just what this offer says, and less than else."""
    reward = state.program.reward(offer.reward) if state.program else None
    costs = [one.cost_points for one in member.rewards if one.id == offer.reward]
    return reward is not None and costs == [offer.cost_points] != [reward.cost_points]


def _coaching(state: CounterState, quote: SaleQuote | None, member: MemberView) -> str:
    """Return what the cashier can say: an offer's own words, or how near the next reward is."""
    reason = "" if state.done is not None else _reason(state, member, quote)
    if reason:
        return f"Say: \u201c{shortened(reason, _REASON_CHARACTERS_MAX)}\u201d"
    if quote is None or not quote.next_reward_name:
        return ""
    double = f"Double points today, {first_name(member.name)} \u2014 "
    is_double = quote.multiplier_percent == _DOUBLE_PERCENT and member.name
    missing = points(quote.next_reward_missing_points)
    start = f"{double}{missing}" if is_double else f"{missing} points"
    return f"Say: \u201c{start} to go: {quote.next_reward_name}.\u201d"


def _reward_buttons(state: CounterState, member: MemberView) -> tuple[RewardButton, ...]:
    return tuple(
        RewardButton(
            position=position,
            name=name_on_sale(state.draft, offer),
            detail=_reward_detail(state, member, offer),
            key=f"Alt {position}",
            icon=_REWARD_ICONS.get(offer.kind, "gift"),
            chosen=offer.id in state.draft.rewards and state.done is None,
            enabled=offer.available and state.done is None,
        )
        for position, offer in enumerate(shown_offers(member), start=1)
    )


def _reward_detail(state: CounterState, member: MemberView, offer: RewardOffer) -> str:
    if not offer.available:
        return offer.why_not_text
    if offer.cost_stamps:
        left = offer.stamps - offer.cost_stamps
        leaves = f" \u00b7 leaves {points(left)}" if left > 0 else ""
        return f"{points(offer.cost_stamps)} stamps{leaves}"
    if not offer.cost_points:
        return "no points"
    taken = points_taken(state.draft, state.program, offer.id) or offer.cost_points
    leaves = f"leaves {points(member.balance_points - taken)}"
    if offer.kind == "points_for_money" and offer.id not in state.draft.rewards:
        return f"each {points(offer.cost_points)} points{_worth(state, offer)}"
    return f"{points(taken)} points \u00b7 {leaves}"


def _worth(state: CounterState, offer: RewardOffer) -> str:
    reward = state.program.reward(offer.id) if state.program else None
    step = getattr(reward, "amount_per_step", None)
    return f" pay {money(step, state.currency)}" if isinstance(step, int) else ""


def multiplier_hint(quote: SaleQuote | None) -> str:
    """Return what multiplies the points of this sale: ``2x Tuesday applied``."""
    if quote is None or quote.multiplier_percent == _PERCENT_WHOLE or not quote.multiplier_name:
        return ""
    whole, rest = divmod(quote.multiplier_percent, _PERCENT_WHOLE)
    times = f"{whole}.{rest:02}".rstrip("0").rstrip(".")
    return f"{times}\u00d7 {quote.multiplier_name} applied"
