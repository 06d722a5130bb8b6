"""What the strip says of past sales, activities, invitations and new rules.

The sale in hand has its sentences in :mod:`pos_loyalty.ui.presenters.strips`; those here follow
the same rules: what is true and what to do, at most 90 characters beside names.
"""

from typing import Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.money import Currency
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.services.look_at_sale import SaleLookedAt
from pos_loyalty.services.move_sale import SaleMovedHere
from pos_loyalty.services.record_activity import ActivityDone
from pos_loyalty.services.refund_sale import RefundDone
from pos_loyalty.ui.presenters.activity_panel import rule_of
from pos_loyalty.ui.presenters.counter_screen import Action, Button, Strip, Tone
from pos_loyalty.ui.presenters.counter_state import CounterState, News, SalePage, SignUpDraft
from pos_loyalty.ui.presenters.formatting import (
    counted,
    day_and_time,
    money,
    name_within,
    points,
    shortened,
    signed_points,
    time_of_day,
)

_BACK: Final = Button(Action.CLOSE_PANEL, "Back", "Esc")
_CANCEL: Final = Button(Action.CANCEL, "Cancel", "Esc")
_GOODS_BACK: Final = Button(Action.GOODS_BACK, "Goods back", "\u2212")
_NEW_MEMBER: Final = Button(Action.NEW_MEMBER, "New member", "F2", "user-plus")
_NAME_CHARACTERS_MAX: Final = 40
"""With the longest sentence around it a name still takes two lines of the narrowest strip."""

_PARTS: Final = (
    ("earning", ("earn", "rounding", "rounding_scope", "earn_basis", "rules", "caps")),
    ("days", ("weekday_multipliers",)),
    ("offers", ("offers",)),
    ("rewards", ("rewards",)),
    ("stamp cards", ("stamp_cards",)),
    ("tiers", ("tiers", "tier_rules")),
    ("welcome points", ("welcome_points",)),
    ("activities", ("activities",)),
    ("invitations", ("referral",)),
    ("when points end", ("expiration", "pending_days")),
    ("refunds", ("refunds",)),
)
"""What the counter calls the parts of a program."""
_PARTS_SAID_MAX: Final = 3


# --- new rules


def new_rules(news: News, clock: Clock) -> Strip:
    """Return the strip that says once that the rules are new, and which."""
    since_ms = news.program.since_ms
    now_ms = clock.now_ms()
    is_today = _day(since_ms, clock) == _day(now_ms, clock)
    since = time_of_day(since_ms, clock) if is_today else day_and_time(since_ms, clock)
    # The first program of a server that this till just joined began before anything was sold.
    what = f"New rules since {since}" if since_ms else "New rules"
    text = f"{what}: {news.changed}." if news.changed else f"{what}."
    return Strip(Tone.INFO, "info", text)


def changed_parts(before: LoyaltyProgram | None, now: LoyaltyProgram) -> str:
    """Name the parts of a program that differ; nothing where the one before is not known."""
    if before is None:
        return ""
    names = [
        name
        for name, fields in _PARTS
        if any(getattr(before, field) != getattr(now, field) for field in fields)
    ]
    if len(names) > _PARTS_SAID_MAX:
        names = [*names[:_PARTS_SAID_MAX], "and more"]
    return ", ".join(names)


def _day(at_ms: int, clock: Clock) -> int:
    return local_day(at_ms, clock.offset_minutes(at_ms))


# --- the page of a past sale


def sale_page(state: CounterState) -> Strip:
    """Return what the strip says on a past sale's page: what may be done with it."""
    page = state.page
    looked = None if page is None else page.looked
    if page is None or looked is None:
        return Strip(Tone.QUIET, "receipt", "Looking at this sale.", (_BACK,))
    if looked.is_undone:
        text = "This sale was taken back. Nothing is left to do."
    elif looked.left_amount == 0:
        text = "All of this sale came back. Nothing is left to do."
    elif page.has_lines_open and (page.entry.is_empty or (page.chosen and not page.is_asking)):
        return _lines_strip(page, looked, state.currency)
    elif page.is_asking:
        return _refund_question(page, looked, state.currency)
    elif not page.entry.is_empty:
        amount = money(page.amount, state.currency)
        text = f"{amount} of this sale comes back? Press \u2212 for goods back."
        return Strip(Tone.INFO, "receipt", text, (_GOODS_BACK, _BACK))
    elif looked.member_id is None and not looked.waits_on_card:
        text = "This sale is without a card. Press F3 to add one, or \u2212 for goods back."
    else:
        text = "Here is why it earned what it did. Press a key below to change it."
    return Strip(Tone.QUIET, "receipt", text, (_BACK,))


def _refund_question(page: SalePage, looked: SaleLookedAt, currency: Currency) -> Strip:
    amount, left = money(page.amount, currency), money(looked.left_amount, currency)
    what = f"all {left}" if page.amount == looked.left_amount else f"{amount} of {left}"
    text = f"Take back {what}? Press Enter, or type what comes back."
    return Strip(Tone.WARN, "circle-help", text, (_CANCEL,))


def _lines_strip(page: SalePage, looked: SaleLookedAt, currency: Currency) -> Strip:
    """Return the strip while lines can be chosen: what is chosen, and the next step."""
    amount = money(page.amount, currency)
    lines = counted(len(page.chosen), "line", "lines")
    if not page.entry.is_empty:
        text = f"{amount} instead of {lines}? Press \u2212 for goods back, Esc for the lines."
    elif page.chosen and page.is_asking:
        text = f"{lines} chosen. Press Enter to take back {amount}."
        return Strip(Tone.WARN, "circle-help", text, (_CANCEL,))
    elif page.chosen:
        text = f"{lines} chosen. Press \u2212 to take back {amount}."
    elif page.is_asking:
        left = money(looked.left_amount, currency)
        text = f"Take back all {left}? Press Enter, or choose lines."
        return Strip(Tone.WARN, "circle-help", text, (_CANCEL,))
    else:
        text = f"Choose what comes back, or press \u2212 for all {amount}."
    return Strip(Tone.INFO, "receipt", text, (_GOODS_BACK, _BACK))


def lines_instead(page: SalePage, typed: int) -> Strip:
    """Return the strip where a line was chosen while an amount was typed: the lines count."""
    currency = page.entry.currency
    lines, instead = counted(len(page.chosen), "line", "lines"), money(typed, currency)
    amount = money(page.amount, currency)
    text = f"{lines} chosen, not {instead}. Press Enter to take back {amount}."
    return Strip(Tone.WARN, "circle-help", text, (_CANCEL,))


def no_line(looked: SaleLookedAt, number: int) -> Strip:
    """Return the strip for a line that cannot be chosen; numbers count from 0."""
    if number >= len(looked.lines):
        text = "This sale has no line with that number. Choose one on the left."
    else:
        text = f"Nothing is left of line {number + 1}. Choose another one."
    return Strip(Tone.QUIET, "receipt", text, (_GOODS_BACK, _BACK))


def refunded(done: RefundDone, *, name: str, currency: Currency) -> Strip:
    """Return the strip after goods came back: the cash first, then the points."""
    said = [f"Give back {money(done.cash, currency)}."]
    taken, returned = done.earned_points_taken, done.redeemed_points_returned
    if done.member_id is None:
        said.append("No member's points change.")
    else:
        moved = [f"{points(taken)} points taken"] if taken or not returned else []
        moved += [f"{points(returned)} given back"] if returned else []
        said.append(f"{', '.join(moved)}; {name_within(name)} has {points(done.balance_points)}.")
    if done.forgiven_points:
        said.append(f"{points(done.forgiven_points)} were spent.")
    return Strip(Tone.OK, "check", " ".join(said), (_BACK,))


def moved(done: SaleMovedHere, *, to_name: str, from_name: str) -> Strip:
    """Return the strip after a sale went to another member, or a forgotten card was added."""
    given = f"{signed_points(done.earned_points_given)} points for {name_within(to_name)}"
    if done.from_member is None:
        text = f"Card added. {given}, who has {points(done.balance_points)} now."
    else:
        taken = f"{points(done.earned_points_taken)} taken from {name_within(from_name)}"
        text = f"Moved. {given}; {taken}."
    return Strip(Tone.OK, "check", text, (_BACK,))


def find_for_page(state: CounterState, *, found_name: str) -> Strip:
    """Return the strip while the right member of a past sale is looked for."""
    if found_name:
        text = f"Press Enter to give the sale to {name_within(found_name)}."
    else:
        total = state.page.looked.total if state.page and state.page.looked else 0
        amount = money(total, state.currency)
        text = f"Whose is the sale of {amount}? Scan the card, or type name or phone."
    return Strip(Tone.INFO, "users", text, (_CANCEL,))


def nobodys_card() -> Strip:
    """Return the strip where a past sale was to go to a card without a member."""
    text = "Nobody is known by this card here. Scan another one, or type a name."
    return Strip(Tone.WARN, "credit-card", text, (_CANCEL,))


def not_changed(what: str, owner: str) -> Strip:
    """Return the strip where a change could not be written."""
    text = f"{what} is NOT saved; nothing can be written. Call {owner}."
    return Strip(Tone.BAD, "octagon-alert", text)


def nothing_to_explain() -> Strip:
    """Return the strip for "why?" where there is no quote yet."""
    text = "Nothing to explain yet. Put a card and an amount on the sale."
    return Strip(Tone.QUIET, "circle-help", text)


# --- activities


def activities(state: CounterState) -> Strip:
    """Return the strip over the list of activities."""
    member = state.draft.member
    if member is None:
        text = "Scan the member's card first; then choose what the points are for."
        return Strip(Tone.INFO, "scan-line", text, (_BACK,))
    text = f"Choose what {name_within(member.name)} gets points for, then press Enter."
    return Strip(Tone.INFO, "star", text, (_BACK,))


def second_name(state: CounterState) -> Strip:
    """Return the strip while the second name is typed."""
    rule = rule_of(state, state.activity.activity)
    name = shortened(rule.name, _NAME_CHARACTERS_MAX) if rule else "This"
    text = f"{name} needs a second person. Type the name, then press Enter."
    return Strip(Tone.INFO, "users", text, (_BACK,))


def activity_given(done: ActivityDone, *, name: str) -> Strip:
    """Return the strip after points for something else."""
    what = shortened(done.name, _NAME_CHARACTERS_MAX)
    given = f"{what}: {signed_points(done.points)} points for {name_within(name)}."
    less = "Usable once the server has them." if done.waits_for_server else "Usable at once."
    if done.reason:
        less = "The rule's limit is reached."
    return Strip(Tone.OK, "star", f"{given} {less}")


# --- invitations


def invited(sign_up: SignUpDraft) -> Strip:
    """Return the strip of a sign-up with an invitation: the next step, as without one."""
    step = "Type the phone number, or start without it."
    if sign_up.card_key is None:
        step = "Scan a new card, or type the phone number."
    return Strip(Tone.INFO, "user-plus", f"Invited by a member. {step}", (_CANCEL,))


def invitation_waits() -> Strip:
    """Return the strip for an invitation while somebody else is on the sale."""
    text = "Invited by a member. It counts for a new member only."
    return Strip(Tone.INFO, "user-plus", text, (_NEW_MEMBER,))
