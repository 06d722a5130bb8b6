"""Builds the whole screen from the counter's state. Pure: same state and time, same screen."""

from typing import Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    AmountBox,
    AmountLook,
    Button,
    CameraPanel,
    CounterScreen,
    IdlePanel,
    LeftPanel,
    ReceiptPanel,
    SignUpFields,
    SignUpPanel,
    Strip,
)
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode, SalePage
from pos_loyalty.ui.presenters.formatting import card_end, counted, money, points
from pos_loyalty.ui.presenters.list_panels import can_undo, last_sale_rows, list_panel
from pos_loyalty.ui.presenters.member_panel import member_panel, multiplier_hint
from pos_loyalty.ui.presenters.primary_button import primary_button, welcome_points
from pos_loyalty.ui.presenters.receipt_choice import receipt_sale
from pos_loyalty.ui.presenters.reward_choices import shown_offers
from pos_loyalty.ui.presenters.strips import state_strip

SEARCH_PLACEHOLDER: Final = "Scan card, or type phone or name"
_BADGE_MAX: Final = 9
RECEIPT_NOTE: Final = "Scanned at another till, it shows the points after this sale."
INVITATION_NOTE: Final = "A friend who joins here shows the invitation at the till."
STEPS: Final = (
    ("Scan the card", "or find by phone \u2014 F3"),
    ("Type the amount", "card and amount in any order"),
    ("Press Enter", "points are added and saved at once"),
)


def build_screen(state: CounterState, clock: Clock) -> CounterScreen:
    """Return what the counter shows now."""
    is_undo_open = _is_undo_open(state, clock)
    return CounterScreen(
        shop_name=state.shop.shop_name,
        till_name=state.shop.till_name,
        search_text=state.find.text if state.mode is Mode.FIND else "",
        search_placeholder=SEARCH_PLACEHOLDER,
        chip=state.chip.chip(),
        cashier="",
        strip=_strip(state),
        left=_left(state, clock),
        amount=_amount(state),
        decimal_key=".",
        plus_label="+" if state.mode is Mode.SIGN_UP else "+ line",
        primary=primary_button(state),
        bottom=_bottom(state, is_undo_open=is_undo_open),
        last_sales_title="Last sales",
        last_sales=last_sale_rows(state, clock),
        last_sales_empty="No sales yet today.",
        undo=Button(Action.UNDO, "Undo last sale", "F8", "undo-2", enabled=is_undo_open),
        sign_up=_sign_up_fields(state),
        letters_open=state.letters_open,
        menu_badge=_badge(state),
    )


def _badge(state: CounterState) -> str:
    """Write what waits on the owner's list; no figure grows without end."""
    count = state.attention.open_count
    if count > _BADGE_MAX:
        return f"{_BADGE_MAX}+"
    return str(count) if count else ""


def _strip(state: CounterState) -> Strip:
    return state.message or state_strip(state)


def _left(state: CounterState, clock: Clock) -> LeftPanel:
    match state.mode:
        case Mode.SIGN_UP:
            return _sign_up_panel(state)
        case Mode.CAMERA:
            return CameraPanel("Camera", "Hold the card 10 to 30 cm before the camera.")
        case Mode.RECEIPT:
            return _receipt(state)
        case Mode.SALE:
            holder = state.draft.holder
            return _idle(state) if holder is None else member_panel(state, holder, clock)
        case _:
            return list_panel(state, clock)


def _receipt(state: CounterState) -> ReceiptPanel:
    shown = state.receipt
    if shown is None or not shown.invitation:
        return ReceiptPanel("Receipt", RECEIPT_NOTE, () if shown is None else shown.modules)
    return ReceiptPanel(
        "Receipt and invitation",
        INVITATION_NOTE,
        shown.modules,
        invitation=shown.invitation,
        names=("Receipt", "Invite a friend"),
    )


def _idle(state: CounterState) -> IdlePanel:
    counts = state.counts
    if counts is None:
        return IdlePanel(STEPS, "")
    today = (
        counted(counts.sales, "sale", "sales"),
        counted(counts.new_members, "new member", "new members"),
        counted(counts.rewards, "reward", "rewards"),
    )
    return IdlePanel(STEPS, "Today: " + " \u00b7 ".join(today))


def _sign_up_panel(state: CounterState) -> SignUpPanel:
    welcome = welcome_points(state)
    head_start = (("gift", f"+{points(welcome)} welcome points", "added the moment you start"),)
    benefits = (
        ("cloud-off", "Works offline", "this card is reserved for this shop"),
        ("user", "Name can wait", "the card alone is enough to start"),
    )
    sign_up = state.sign_up
    has_card = sign_up.card_key is not None
    return SignUpPanel(
        shop_name=state.shop.shop_name,
        card_hint=f"Card {card_end(sign_up.card_hint)}".strip() if has_card else "No card yet",
        card_note="New" if has_card else "Scan a new card",
        benefits=(head_start if welcome else ()) + benefits,
    )


def _sign_up_fields(state: CounterState) -> SignUpFields | None:
    if state.mode is not Mode.SIGN_UP:
        return None
    return SignUpFields(
        name_text=state.sign_up.name,
        name_placeholder="First name (optional)",
        consent_label="Offers by text",
        consent=state.sign_up.has_consent,
    )


def _amount(state: CounterState) -> AmountBox:
    if state.mode is Mode.SIGN_UP:
        phone = state.sign_up.phone
        look = AmountLook.TYPED if phone else AmountLook.EMPTY
        return AmountBox("Phone number", phone, look, hint="optional")
    if state.mode is Mode.REWARD_PART:
        look = AmountLook.TYPED if state.part_text else AmountLook.EMPTY
        return AmountBox("Points to use", state.part_text or "0", look)
    if state.mode is Mode.SECOND_NAME:
        name = state.activity.approved_by
        look = AmountLook.TYPED if name else AmountLook.EMPTY
        return AmountBox("Who approves?", name or "Name", look)
    if state.mode is Mode.SALE_PAGE and state.page is not None:
        return _page_amount(state, state.page)
    return _sale_amount(state)


def _page_amount(state: CounterState, page: SalePage) -> AmountBox:
    """Return what of a past sale would come back: as typed, as chosen, or all that is left."""
    left = page.looked.left_amount if page.looked else 0
    if page.looked is not None and page.entry.is_empty and page.chosen:
        lines = counted(len(page.chosen), "line", "lines")
        hint = f"{lines}, of {money(left, state.currency)}"
        text = money(page.amount, state.currency)
        return AmountBox("Goods back", text, AmountLook.TYPED, hint=hint)
    if page.entry.is_empty:
        text = money(left, state.currency)
        return AmountBox("Goods back", text, AmountLook.EMPTY, hint="all that is left")
    hint = f"of {money(left, state.currency)}"
    return AmountBox("Goods back", page.entry.text, AmountLook.TYPED, hint=hint)


def _sale_amount(state: CounterState) -> AmountBox:
    draft = state.draft
    lines = tuple(money(line, state.currency) for line in draft.lines)
    total = money(draft.total, state.currency)
    if state.done is not None:
        hint = _to_pay(state.done.discount, state.done.to_pay, state)
        return AmountBox("Last sale \u00b7 saved", total, AmountLook.SAVED, hint=hint, lines=lines)
    is_typing = not draft.entry.is_empty
    hint = multiplier_hint(draft.quote)
    if draft.quote is not None and draft.quote.discount:
        hint = _to_pay(draft.quote.discount, draft.quote.to_pay, state)
    if lines and is_typing:
        hint = f"Total {total}"
    return AmountBox(
        title="Total" if lines and not is_typing else "Sale amount",
        text=draft.entry.text if is_typing else total,
        look=AmountLook.TYPED if is_typing or lines else AmountLook.EMPTY,
        hint=hint,
        lines=lines,
    )


def _to_pay(discount: int, to_pay: int, state: CounterState) -> str:
    """Say what the cashier takes where rewards pay a part; nothing where they do not."""
    return f"To pay {money(to_pay, state.currency)}" if discount else ""


def _bottom(state: CounterState, *, is_undo_open: bool) -> tuple[Button, ...]:
    is_free = not state.is_blocked
    draft = state.draft
    member = draft.member
    has_rewards = state.done is None and member is not None and bool(shown_offers(member))
    can_go_without = state.done is not None or draft.holder is None
    in_sale = state.mode is Mode.SALE
    # There F3 means the sale's member, and the page has a key of its own that says so.
    can_find = is_free and state.mode is not Mode.SALE_PAGE
    return (
        Button(Action.NEW_MEMBER, "New member", "F2", "user-plus", enabled=is_free),
        Button(Action.FIND, "Find", "F3", "search", enabled=can_find),
        Button(
            Action.REWARDS, "Rewards", "F4", "gift", enabled=is_free and has_rewards and in_sale
        ),
        Button(
            Action.NO_CARD,
            "No card",
            "F6",
            "user",
            enabled=is_free and can_go_without and in_sale,
        ),
        Button(
            Action.RECEIPT,
            "Receipt",
            "F7",
            "receipt",
            enabled=is_free and receipt_sale(state) is not None and not state.is_saving,
        ),
        Button(Action.UNDO, "Undo", "F8", "undo-2", enabled=is_free and is_undo_open),
    )


def _is_undo_open(state: CounterState, clock: Clock) -> bool:
    """Return whether the last sale can be taken back by the key below.

    A list of sales and the page of one have a key of their own for the sale that is meant there.
    """
    if state.mode in {Mode.LAST_SALES, Mode.SALE_PAGE}:
        return False
    if state.is_undo_spent or not state.last_sales or state.is_saving:
        return False
    return can_undo(state.last_sales[0], clock.now_ms())
