"""The message strip: what is true and what to do next, for every state and every refusal.

A strip is never empty and has at most 90 characters beside names. Sentences about refusals come
from the one catalog; here they get their tone, icon and buttons.
"""

from collections.abc import Callable
from typing import Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation
from pos_loyalty.domain.reward import PointsForMoney
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.services.attention import ItemSettled
from pos_loyalty.services.look_up_card import CardLookedUp
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.receipt import ReceiptStanding
from pos_loyalty.services.record_sale import SaleDone
from pos_loyalty.services.undo_sale import SaleUndone
from pos_loyalty.ui.presenters import change_strips
from pos_loyalty.ui.presenters.counter_screen import Action, Button, Strip, Tone
from pos_loyalty.ui.presenters.counter_state import (
    CounterState,
    Holder,
    Mode,
    SaleDraft,
    SignUpDraft,
)
from pos_loyalty.ui.presenters.formatting import (
    card_end,
    change,
    day_and_time,
    first_name,
    money,
    name_within,
    points,
    shortened,
    signed_points,
)
from pos_loyalty.ui.presenters.reward_choices import cost_now, name_on_sale, points_taken

FIND: Final = Button(Action.FIND, "Find", "F3", "search")
NEW_MEMBER: Final = Button(Action.NEW_MEMBER, "New member", "F2", "user-plus")
UNDO: Final = Button(Action.UNDO, "Undo", "F8", "undo-2")
CANCEL: Final = Button(Action.CANCEL, "Cancel", "Esc")
CLOSE: Final = Button(Action.CLOSE_PANEL, "Close", "Esc")
TRY_AGAIN: Final = Button(Action.COMPLETE, "Try again", "Enter")
_BACK: Final = Button(Action.CLOSE_PANEL, "Back", "Esc")
_REMOVE: Final = Button(Action.CANCEL, "Remove", "Esc")
_WHY: Final = Button(Action.WHY, "Why?", "?")
_NAME_CHARACTERS_MAX: Final = 32
_TILL_NAME_MAX: Final = 14

_NEW_CARD: Final = "New card for this till. Counted; it waits for the server."
_RESERVED: Final = "New card read. Type the phone number, or start without it."


def ready() -> Strip:
    """Return the strip of an idle counter."""
    return Strip(Tone.QUIET, "scan-line", "Ready. Scan a member card, or type an amount.")


def state_strip(state: CounterState) -> Strip:
    """Return what the strip says while nothing special has happened: the next step."""
    if state.mode is Mode.SIGN_UP:
        return _sign_up(state.sign_up)
    if state.mode is Mode.FIND:
        return _find(state)
    panel = _CHANGES.get(state.mode)
    if panel is not None:
        return panel(state)
    return _PANELS.get(state.mode) or _sale(state)


def saved(done: SaleDone, state: CounterState) -> Strip:
    """Return the strip after a sale was saved."""
    has_points = state.draft.holder is not None
    return Strip(
        Tone.OK, "check", _saved_text(done, state), (UNDO, _WHY) if has_points else (UNDO,)
    )


def undone(result: SaleUndone, *, name: str, amount: str) -> Strip:
    """Return the strip after a sale was taken back."""
    if result.already:
        text = "That sale was taken back already. Nothing changed."
    elif result.member_id is None:
        text = f"Undone. The sale of {amount} is taken back."
    else:
        text = f"Undone. {name} has {points(result.balance_points)} points again."
    return Strip(Tone.OK, "undo-2", text)


def undo_spent() -> Strip:
    """Return the strip for a second undo in a row, which could hit the wrong sale."""
    last_sales = Button(Action.LAST_SALES, "Last sales", "", "receipt")
    text = "That sale is taken back. To take back an older one, choose it in Last sales."
    return Strip(Tone.WARN, "undo-2", text, (last_sales,))


def switched(now: Holder, before: Holder) -> Strip:
    """Return the strip after another card took the sale over."""
    after = name_within(now.member.name) if now.member else "the new card"
    undo = Button(Action.SWITCH_BACK, "Undo", "Esc", "undo-2")
    return Strip(Tone.INFO, "users", f"Now {after}. {_name(before.member)} was taken off.", (undo,))


def new_card_counted() -> Strip:
    """Return message 0: a genuine card that this till does not know yet."""
    return Strip(Tone.INFO, "credit-card", _NEW_CARD, (_REMOVE,))


def sale_is_back(draft: SaleDraft, *, has_lost_member: bool) -> Strip:
    """Return the strip after a start that found a sale in hand; amber, as it may be another's."""
    if has_lost_member:
        text = "The sale from before is back, without its member. Scan the card again."
    elif draft.can_complete:
        text = "The sale from before is back. Press Enter to complete."
    elif draft.total:
        text = "The sale from before is back. Scan a card, or press F6."
    else:
        text = "The sale from before is back. Type the amount."
    return Strip(Tone.WARN, "undo-2", text, (_REMOVE,))


def blank_card() -> Strip:
    """Return message 9: a blank card while a member is on the sale."""
    text = "New card, nobody uses it yet. Start collecting?"
    return Strip(Tone.INFO, "credit-card", text, (NEW_MEMBER,))


def receipt(looked_up: CardLookedUp, clock: Clock) -> Strip:
    """Return what a receipt of another till says, and that nothing here follows from it."""
    read = looked_up.receipt
    assert read is not None
    assert looked_up.member is not None
    till = shortened(read.till_name or read.shop_name, _TILL_NAME_MAX)
    said = f"Receipt of {day_and_time(read.at_ms, clock)}, {till}: {points(read.points)} points."
    here = points(looked_up.member.balance_points)
    means = {
        ReceiptStanding.SAME: "The same here.",
        ReceiptStanding.NEWER: "Not heard of here yet.",
        ReceiptStanding.OLDER: f"Since then it is {here}.",
    }[read.standing]
    is_news = read.standing is ReceiptStanding.NEWER
    return Strip(Tone.WARN if is_news else Tone.INFO, "receipt", f"{said} {means}")


def other_layout() -> Strip:
    """Return message 6: the scanner's letters do not arrive as it sends them."""
    text = "The scanner types different letters than this PC. Scan again, or find the member."
    return Strip(Tone.WARN, "keyboard", text, (FIND,))


def known_phone(member: MemberView) -> Strip:
    """Return message 10: somebody has this phone number."""
    card = f" ({card_end(member.card_hint)})" if member.card_hint else ""
    return Strip(
        Tone.WARN,
        "user-check",
        f"This phone already has a card{card}. Use that member?",
        (
            Button(Action.USE_KNOWN, "Use", "Enter"),
            Button(Action.DIFFERENT_PERSON, "Different person", "F2"),
        ),
    )


def welcome(member: MemberView, welcome_points: int, draft: SaleDraft) -> Strip:
    """Return the strip after someone was enrolled; points of activities are among them."""
    step = "Press Enter to complete." if draft.total else "Type the amount."
    start = f"{_name(member)} starts with {points(welcome_points)} points."
    return Strip(Tone.OK, "user-check", f"{start} {step}", (_REMOVE,))


def item_settled(done: ItemSettled) -> Strip:
    """Return the strip after a choice for the owner's list, or after one that came too late."""
    label = done.item.chosen.label if done.item.chosen else ""
    if done.is_first:
        return Strip(
            Tone.OK, "check", f"Chosen: {label}. It counts once the server has it.", (CLOSE,)
        )
    return Strip(Tone.WARN, "check", f"It was settled before: {label}. Nothing changed.", (CLOSE,))


def choose_reward() -> Strip:
    """Return the strip after F4: the next digit is a reward."""
    text = "Press the number of a reward, or tap it."
    return Strip(Tone.INFO, "gift", text, (CANCEL,))


def no_reward(text: str) -> Strip:
    """Return the strip when a reward cannot be used now."""
    return Strip(Tone.WARN, "gift", text)


def too_small(reward_name: str) -> str:
    """Return the sentence for a part-payment that this sale leaves no room for."""
    return f"This sale is too small for {shortened(reward_name, _NAME_CHARACTERS_MAX)}."


def not_saved(error: Exception, owner: str) -> Strip:
    """Return message 20: the only strip that stops the till."""
    return Strip(Tone.STOP, "octagon-alert", sentence(error, owner), (TRY_AGAIN,))


def refusal(error: Exception, owner: str) -> Strip:
    """Return the strip for something that was not possible."""
    tone = Tone.WARN
    icon = "triangle-alert"
    buttons: tuple[Button, ...] = ()
    if isinstance(error, LoyaltyError):
        tone, buttons = _MANNERS.get(error.code, (Tone.WARN, ()))
        is_ordinary = isinstance(error, RuleViolation | CommandRefused)
        tone = tone if is_ordinary else Tone.BAD
    else:
        tone = Tone.BAD
    return Strip(tone, icon, sentence(error, owner), buttons)


def fault(owner: str) -> Strip:
    """Return the strip after the program met a fault of its own; the sale in hand is kept."""
    text = f"The program met a fault of its own. The sale stays as typed. Tell {owner}."
    return Strip(Tone.BAD, "triangle-alert", text)


def sentence(error: Exception, owner: str) -> str:
    """Return what the catalog says of an error, with the owner's name filled in."""
    from pos_loyalty.domain.error_catalog import CATALOG

    facts: dict[str, Fact] = {"owner": owner}
    if not isinstance(error, LoyaltyError):
        return CATALOG[Code.PROGRAM_FAULT].sentence(facts)
    readable = {name: _readable(fact) for name, fact in error.facts.items()}
    return CATALOG[error.code].sentence(facts | readable)


_PANELS: Final = {
    Mode.LAST_SALES: Strip(
        Tone.QUIET, "receipt", "Choose a sale to see why it earned, or to change it.", (CLOSE,)
    ),
    Mode.MENU: Strip(Tone.QUIET, "menu", "Choose with the arrow keys and Enter, or tap.", (CLOSE,)),
    Mode.CONNECTION: Strip(
        Tone.QUIET, "wifi", "Sales go on the same with and without a line.", (CLOSE,)
    ),
    Mode.HELP: Strip(
        Tone.QUIET, "keyboard", "Every key of this till. Esc brings the sale back.", (CLOSE,)
    ),
    Mode.REWARD_PART: Strip(
        Tone.INFO, "gift", "Type how many points to use, then press Enter.", (CANCEL,)
    ),
    Mode.ATTENTION: Strip(
        Tone.QUIET,
        "list",
        "Nothing here stops a sale. Choose an item to see what happened.",
        (CLOSE,),
    ),
    Mode.ATTENTION_ITEM: Strip(
        Tone.QUIET, "list", "The first choice counts, at whichever till it is made.", (_BACK,)
    ),
    Mode.WHY: Strip(
        Tone.QUIET, "circle-help", "Here is why. Enter completes the sale, Esc goes back.", (_BACK,)
    ),
    Mode.CAMERA: Strip(Tone.INFO, "camera", "Hold the card to the camera.", (CANCEL,)),
}
"""What the strip says while a panel lies over the sale."""

_CHANGES: Final[dict[Mode, Callable[[CounterState], Strip]]] = {
    Mode.SALE_PAGE: change_strips.sale_page,
    Mode.ACTIVITIES: change_strips.activities,
    Mode.SECOND_NAME: change_strips.second_name,
}
"""What it says where that depends on more than the panel."""

_MANNERS: Final = {
    Code.CARD_NOT_OURS: (Tone.BAD, (FIND, NEW_MEMBER)),
    Code.CARD_CHECK: (Tone.BAD, (FIND,)),
    Code.CARD_VERSION: (Tone.BAD, (FIND,)),
    Code.CARD_FOREIGN: (Tone.BAD, (FIND,)),
    Code.CARD_REPLACED: (Tone.BAD, (FIND,)),
    Code.CARD_BLOCKED: (Tone.BAD, ()),
    Code.SCAN_UNREADABLE: (Tone.WARN, (FIND,)),
    Code.NUMBER_CHECK: (Tone.WARN, (FIND,)),
    Code.NUMBER_UNKNOWN: (Tone.WARN, (FIND,)),
    Code.MEMBER_UNKNOWN: (Tone.WARN, (FIND,)),
    Code.CARD_USED: (Tone.WARN, (CANCEL,)),
    Code.PHONE_SHAPE: (Tone.WARN, ()),
}
"""Tone and buttons of the refusals that offer a way on."""


def _readable(fact: Fact) -> Fact:
    if isinstance(fact, int):
        return points(fact)
    return shortened(fact, _NAME_CHARACTERS_MAX)


def _name(member: MemberView | None) -> str:
    return first_name(member.name) if member else "The new card"


def _sign_up(sign_up: SignUpDraft) -> Strip:
    if sign_up.invited_by:
        return change_strips.invited(sign_up)
    if sign_up.card_key is None:
        text = "Scan a new card, or type the phone number and start without one."
        return Strip(Tone.INFO, "user-plus", text, (CANCEL,))
    return Strip(Tone.INFO, "user-plus", _RESERVED, (CANCEL,))


def _find(state: CounterState) -> Strip:
    find = state.find
    if find.is_for_page:
        name = find.found[find.selected].name if find.found else ""
        return change_strips.find_for_page(state, found_name=name)
    text = "Type 3 characters or more of a name, a phone or a card number."
    if find.found:
        name = find.found[find.selected].name
        text = f"Press Enter for {name_within(name)}, or choose with the arrow keys."
    elif find.answered:
        text = "Nobody found. Type it differently, or start a new member."
    return Strip(Tone.QUIET, "search", text, (CLOSE,))


def _saved_text(done: SaleDone, state: CounterState) -> str:
    holder = state.draft.holder
    if holder is None:
        return "Saved. This sale is without a card."
    if holder.member is None:
        return f"Saved. {_NEW_CARD}"
    earned = done.earned_points + done.voucher_points
    points_text = change(earned_points=earned, redeemed_points=done.redeemed_points)
    return f"Saved. {points_text} points for {name_within(holder.member.name)}."


def _sale(state: CounterState) -> Strip:
    if state.done is not None:
        return saved(state.done, state)
    if state.is_asking_amount:
        amount = money(state.draft.total, state.currency)
        text = f"Is {amount} right? Press Enter again, or correct it."
        return Strip(Tone.WARN, "circle-help", text, (CANCEL,))
    if state.is_choosing_reward:
        return choose_reward()
    if state.draft.rewards:
        return _reward(state)
    return _draft(state.draft) if state.draft.voucher is None else _voucher(state)


def _draft(draft: SaleDraft) -> Strip:
    """Return the strip of a sale that is being rung up, without rewards."""
    if draft.holder is not None:
        return _holder(draft)
    if draft.without_card:
        step = "Press Enter to complete." if draft.total else "Type the amount."
        return Strip(Tone.INFO, "corner-down-left", f"Sale without a card. {step}", (_REMOVE,))
    if draft.entry.is_empty and not draft.lines:
        return ready()
    text = "Scan a card, or press F6 for a sale without card."
    return Strip(Tone.INFO, "scan-line", text)


def _voucher(state: CounterState) -> Strip:
    """Return the strip while a voucher is on the sale and no reward."""
    draft = state.draft
    assert draft.voucher is not None
    shown = draft.voucher.shown
    worth = (
        f"{points(shown.points)} points"
        if shown.points
        else f"{money(shown.amount, state.currency)} off"
    )
    if not draft.total:
        step = "Type the amount."
    elif draft.can_complete:
        step = "Press Enter to complete."
    else:
        step = "Scan a card, or press F6."
    take_off = Button(Action.CANCEL, "Take off", "Esc")
    has_why = draft.quote is not None and draft.member is not None
    buttons = (take_off, _WHY) if has_why else (take_off,)
    return Strip(Tone.INFO, "gift", f"Voucher: {worth}. {step}", buttons)


def _holder(draft: SaleDraft) -> Strip:
    step = "Press Enter to complete." if draft.total else "Type the amount."
    holder = draft.holder
    if holder is None or holder.member is None:
        return new_card_counted()
    text = f"{_name(holder.member)} is on this sale. {step}"
    buttons = (_REMOVE,) if draft.quote is None else (_REMOVE, _WHY)
    return Strip(Tone.INFO, "corner-down-left", text, buttons)


def _reward(state: CounterState) -> Strip:
    """Return the strip while at least one reward is chosen."""
    draft = state.draft
    offers = draft.member.rewards if draft.member else ()
    names = [name_on_sale(draft, offer) for offer in offers if offer.id in draft.rewards]
    if len(names) == 1:
        is_are, it_them, subject = "is", "it", shortened(names[0], _NAME_CHARACTERS_MAX)
    else:
        is_are, it_them, subject = "are", "them", f"{len(names)} rewards"
    worth = _part_worth(state) if len(names) == 1 else ""
    if worth:
        is_are, subject = "", worth
    step = f"Press Enter to give {it_them}." if draft.total else "Type the amount."
    take_off = Button(Action.CANCEL, "Take off", "Esc")
    buttons: tuple[Button, ...] = (take_off,)
    if any(offer.id in draft.rewards and offer.kind == "points_for_money" for offer in offers):
        buttons = (take_off, Button(Action.REWARDS, "Other points", "F4"))
    elif draft.quote is not None:
        buttons = (take_off, _WHY)
    said = " ".join(word for word in (subject, is_are, "on this sale.", step) if word)
    return Strip(Tone.INFO, "gift", said, buttons)


def _part_worth(state: CounterState) -> str:
    """Return what the chosen part of a points-for-money reward takes, and what it is worth."""
    draft, program = state.draft, state.program
    chosen = (program.reward(reward_id) for reward_id in draft.rewards) if program else ()
    reward = next((one for one in chosen if isinstance(one, PointsForMoney)), None)
    taken = points_taken(draft, program, reward.id) if reward is not None else 0
    if reward is None or not taken:
        return ""
    cost = cost_now(draft.member, reward)
    worth = whole_steps(taken, cost) * reward.amount_per_step
    return f"{points(taken)} points = {money(worth, state.currency)}"


def complete_label(state: CounterState) -> str:
    """Return the words of the primary button during a sale."""
    draft = state.draft
    if state.is_asking_amount:
        return f"Yes, complete {money(draft.total, state.currency)}"
    quote = draft.quote
    if quote is None or draft.member is None or not draft.can_complete:
        return "Complete sale"
    points_text = change(earned_points=quote.earned_points, redeemed_points=quote.redeemed_points)
    return f"Complete \u00b7 {points_text} points"


def start_label(welcome_points: int) -> str:
    """Return the words of the primary button during a sign-up."""
    if not welcome_points:
        return "Start collecting"
    return f"Start collecting \u00b7 {signed_points(welcome_points)} points"
