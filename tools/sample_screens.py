"""Sample screens of the counter in every state, for pictures and for tests of the views."""

from dataclasses import replace

from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    AmountBox,
    AmountLook,
    Button,
    CameraPanel,
    Chip,
    Connection,
    CounterScreen,
    IdlePanel,
    LastSaleRow,
    ListPanel,
    ListRow,
    MemberPanel,
    Progress,
    RewardButton,
    SignUpFields,
    SignUpPanel,
    Strip,
    TierBadge,
    Tone,
)

ONLINE = Chip(Connection.ONLINE, "Online", "wifi")
SENDING = Chip(Connection.SENDING, "Sending 3", "refresh-cw")
OFFLINE = Chip(Connection.OFFLINE, "Offline · saving here", "cloud-off")
LOOK = Chip(Connection.LOOK, "Needs a look", "triangle-alert")

IDLE_PANEL = IdlePanel(
    steps=(
        ("Scan the card", "or find by phone — F3"),
        ("Type the amount", "card and amount in any order"),
        ("Press Enter", "points are added, receipt prints"),
    ),
    today="Today: 38 sales · 6 new members · 4 rewards",
)

EMPTY_AMOUNT = AmountBox("Sale amount", "€ 0.00", AmountLook.EMPTY)
TYPED_AMOUNT = AmountBox("Sale amount", "€ 21.00", AmountLook.TYPED, "2× Tuesday applied")

PASTRY = RewardButton(1, "Free pastry", "800 points · leaves 440", "Alt 1", "gift")
COUPON = RewardButton(2, "€3 off", "600 points · leaves 640", "Alt 2", "tag")
COFFEE = RewardButton(3, "Free coffee", "300 points · leaves 940", "Alt 3", "coffee")
NEAR = "Say: “Double points today, Ayşe — 218 to go: Free brunch.”"
WHY_KEY = Button(Action.WHY, "Why?", "?")

MEMBER_PANEL = MemberPanel(
    initials="AY",
    name="Ayşe Yılmaz",  # noqa: RUF001 - this is how she writes her name
    tier=TierBadge("gold", "Gold"),
    card_hint="•• 4417",
    points="1,240",
    points_word="points",
    gain="",
    as_of="",
    progress=Progress(826),
    next_label="Next: Free brunch",
    next_missing="260 to go",
    rewards_title="Ready to use",
    rewards=(PASTRY, COUPON),
    rewards_empty="",
    coaching="",
)

LAST_SALES = (
    LastSaleRow("10:58", "Jonas K.", "€ 18.20", "+18", key="jonas"),
    LastSaleRow("10:55", "No card", "€ 4.50", "—", key="none"),
    LastSaleRow("10:51", "Leyla A.", "€ 32.00", "+64", unsent=True),
    LastSaleRow("10:47", "Omar H.", "€ 9.90", "+9", undone=True),
    LastSaleRow("10:44", "Eva · Free pastry", "€ 0.00", "−800"),
)

BOTTOM = (
    Button(Action.NEW_MEMBER, "New member", "F2", "user-plus"),
    Button(Action.FIND, "Find", "F3", "search"),
    Button(Action.REWARDS, "Rewards", "F4", "gift", enabled=False),
    Button(Action.NO_CARD, "No card", "F6", "user"),
    Button(Action.RECEIPT, "Receipt", "F7", "printer"),
)
BOTTOM_WITH_REWARDS = tuple(replace(button, enabled=True) for button in BOTTOM)

CANNOT_COMPLETE = Button(Action.COMPLETE, "Complete sale", "Enter", "check", enabled=False)


def attention_row(
    key: str,
    title: str,
    detail: str,
    *,
    cost: str = "",
    is_settled: bool = False,
    selected: bool = False,
) -> ListRow:
    """Return a line of the owner's list."""
    icon = "check" if is_settled else "triangle-alert"
    return ListRow(key, title, detail, cost, icon, selected)


IDLE = CounterScreen(
    shop_name="Corner Café",
    till_name="Till 2",
    search_text="",
    search_placeholder="Scan card, or type phone or name",
    chip=ONLINE,
    cashier="Mia",
    strip=Strip(Tone.QUIET, "scan-line", "Ready. Scan a member card, or type an amount."),
    left=IDLE_PANEL,
    amount=EMPTY_AMOUNT,
    decimal_key=".",
    plus_label="+ line",
    primary=CANNOT_COMPLETE,
    bottom=BOTTOM,
    last_sales_title="Last sales",
    last_sales=LAST_SALES,
    last_sales_empty="No sales yet today.",
    undo=Button(Action.UNDO, "Undo", "F8", "undo-2"),
)

AMOUNT_ONLY = replace(
    IDLE,
    strip=Strip(Tone.INFO, "scan-line", "Scan a card, or press F6 for a sale without card."),
    amount=replace(TYPED_AMOUNT, hint=""),
)

MEMBER = replace(
    IDLE,
    strip=Strip(
        Tone.INFO,
        "corner-down-left",
        "Ayşe is on this sale. Type the amount.",
        (Button(Action.CANCEL, "Remove", "Esc"),),
    ),
    left=MEMBER_PANEL,
    bottom=BOTTOM_WITH_REWARDS,
)

MEMBER_OFFLINE = replace(
    MEMBER,
    chip=OFFLINE,
    strip=replace(
        MEMBER.strip,
        text="Ayşe is on this sale. Press Enter to complete.",
        buttons=(*MEMBER.strip.buttons, WHY_KEY),
    ),
    left=replace(
        MEMBER_PANEL,
        gain="+42",
        as_of="Points as of 10:42 — last time online",
        progress=Progress(826, 28),
        next_missing="218 to go",
        coaching=NEAR,
    ),
    amount=TYPED_AMOUNT,
    primary=Button(Action.COMPLETE, "Complete · +42 points", "Enter", "check"),
)

LINES = replace(
    MEMBER_OFFLINE,
    chip=ONLINE,
    amount=replace(
        TYPED_AMOUNT, lines=("2 × Flat white  € 7.00", "Carrot cake  € 4.50", "Beans 250 g  € 9.50")
    ),
)

REDEEM = replace(
    MEMBER_OFFLINE,
    strip=Strip(
        Tone.INFO,
        "gift",
        "Free pastry is on this sale. Press Enter to give it.",
        (Button(Action.CANCEL, "Take off", "Esc"), WHY_KEY),
    ),
    left=replace(
        MEMBER_PANEL,
        gain="+42",
        as_of="Points as of 10:42 — last time online",
        spendable_note=(
            "1,000 safe to use here now. The others need the server's yes first."
            " When online, this till asks for it."
        ),
        progress=Progress(826, 28),
        next_missing="218 to go",
        rewards=(
            replace(PASTRY, chosen=True),
            COUPON,
            replace(COFFEE, detail="Not at this time.", enabled=False),
        ),
        coaching=NEAR,
    ),
    amount=replace(TYPED_AMOUNT, hint=""),
    primary=Button(Action.COMPLETE, "Complete · +42 −800 points", "Enter", "check"),
)

DONE = replace(
    MEMBER,
    chip=SENDING,
    strip=Strip(
        Tone.OK,
        "check",
        "Saved. +42 points for Ayşe.",
        (Button(Action.UNDO, "Undo", "F8", "undo-2"), WHY_KEY),
    ),
    left=replace(
        MEMBER_PANEL,
        points="1,282",
        progress=Progress(854),
        next_missing="218 to go",
        rewards=(
            replace(PASTRY, detail="800 points · leaves 482"),
            replace(COUPON, detail="600 points · leaves 682"),
        ),
    ),
    amount=AmountBox("Last sale · saved", "€ 21.00", AmountLook.SAVED),
)

UNUSUAL = replace(
    MEMBER_OFFLINE,
    strip=Strip(
        Tone.WARN,
        "triangle-alert",
        "Is € 2,100.00 right? Press Enter again, or correct it.",
        (Button(Action.CLEAR, "Correct", "Esc"),),
    ),
    amount=replace(TYPED_AMOUNT, text="€ 2,100.00"),
    primary=Button(Action.COMPLETE, "Yes, complete € 2,100.00", "Enter", "check"),
)

SIGN_UP = replace(
    IDLE,
    chip=OFFLINE,
    strip=Strip(
        Tone.INFO,
        "user-plus",
        "New card read. Type the phone number, or start without it.",
        (Button(Action.CANCEL, "Cancel", "Esc"),),
    ),
    left=SignUpPanel(
        shop_name="Corner Café",
        card_hint="Card •• 5521",
        card_note="New",
        benefits=(
            ("gift", "+50 welcome points", "added the moment you start"),
            ("cloud-off", "Works offline", "this card is reserved for this shop"),
            ("user", "Name can wait", "the member adds it by scanning the card"),
        ),
    ),
    amount=AmountBox("Phone number", "+49 151 23456", AmountLook.TYPED, "optional"),
    primary=Button(Action.COMPLETE, "Start collecting · +50 points", "Enter", "check"),
    sign_up=SignUpFields("", "First name (optional)", "Offers by text", consent=False),
)

LETTERS = replace(
    SIGN_UP,
    letters_open=True,
    sign_up=SignUpFields("Ayş", "First name (optional)", "Offers by text", consent=True),
)

FIND = replace(
    IDLE,
    search_text="ley",
    strip=Strip(
        Tone.INFO,
        "search",
        "3 members fit. Choose with the arrows and Enter.",
        (Button(Action.CLOSE_PANEL, "Close", "Esc"),),
    ),
    left=ListPanel(
        title="Find",
        rows=(
            ListRow(
                "1", "Leyla Arslan", "•• 4410 · 0151 •••• 789", "320 points", "user", selected=True
            ),
            ListRow("2", "Leyla Anders", "•• 0921", "1,020 points", "user"),
            ListRow("3", "Ley Barlow", "•• 7733", "40 points", "user"),
        ),
        buttons=(
            Button(Action.NEW_MEMBER, "New member", "F2", "user-plus"),
            Button(Action.CAMERA, "Camera", "", "camera"),
        ),
    ),
)

CONNECTION = replace(
    FIND,
    chip=OFFLINE,
    search_text="",
    strip=replace(
        FIND.strip,
        tone=Tone.QUIET,
        icon="wifi-off",
        text="Sales go on the same with and without a line.",
    ),
    left=ListPanel(
        title="Offline · saving here",
        rows=(
            ListRow("since", "Offline since 09:12. The line to the internet is down."),
            ListRow(
                "safe", "14 sales are safe on this PC and send by themselves when the line is back."
            ),
            ListRow("limit", "Rewards: up to 1,000 points per member until then.", icon="gift"),
        ),
        buttons=(Button(Action.CLOSE_PANEL, "Close", "Esc"),),
    ),
)

FIND_NOBODY = replace(
    FIND,
    search_text="0151 2",
    strip=replace(FIND.strip, text="Nobody fits. Type less, or start a new member."),
    left=ListPanel(
        title="Find",
        rows=(),
        empty="Nobody with 0151 2.",
        buttons=(
            Button(Action.NEW_MEMBER, "New member with this number", "F2", "user-plus"),
            Button(Action.CAMERA, "Camera", "", "camera"),
        ),
    ),
)

MANY_ROWS = replace(
    FIND,
    search_text="",
    strip=Strip(
        Tone.QUIET,
        "receipt",
        "Choose a sale to see why it earned, or to change it.",
        FIND.strip.buttons,
    ),
    left=ListPanel(
        title="Last sales",
        rows=tuple(
            ListRow(str(place), f"Jonas K. · € {place}.50", f"10:{place:02}", f"+{place}", "check")
            for place in range(10, 32)
        ),
        buttons=(
            Button(Action.UNDO, "Undo this sale", "F8", "undo-2", enabled=False),
            *FIND.strip.buttons,
        ),
    ),
    primary=Button(Action.COMPLETE, "Look at this sale", "Enter", "receipt"),
    bottom=tuple(
        replace(button, enabled=button.enabled and button.action is not Action.NO_CARD)
        for button in BOTTOM
    ),
    undo=replace(IDLE.undo, enabled=False),
)

_CARD_TAKEN = attention_row(
    "card_taken", "Two members, one card", "21 Nov 10:47 · Till 2", selected=True
)
ATTENTION = replace(
    IDLE,
    menu_badge="3",
    strip=Strip(
        Tone.QUIET,
        "list",
        "Nothing here stops a sale. Choose an item to see what happened.",
        (Button(Action.CLOSE_PANEL, "Close", "Esc"),),
    ),
    left=ListPanel(
        title="Owner's list · 3 open",
        rows=(
            _CARD_TAKEN,
            attention_row(
                "allowance_used",
                "Points were used twice",
                "21 Nov 09:12 · Till 1",
                cost="200 pts",
            ),
            attention_row("same_phone", "One phone, two members", "20 Nov 18:03"),
            attention_row(
                "fork", "A till existed twice", "19 Nov 12:30 · Seen · Till 3", is_settled=True
            ),
        ),
    ),
    primary=Button(Action.COMPLETE, "Look at it", "Enter", "list"),
)

ATTENTION_ITEM = replace(
    ATTENTION,
    strip=replace(
        ATTENTION.strip,
        text="The first choice counts, at whichever till it is made.",
        buttons=(Button(Action.CLOSE_PANEL, "Back", "Esc"),),
    ),
    left=ListPanel(
        title="Points were used twice",
        note=(
            "21 Nov 09:12: While Till 1 in Main street was offline, Jonas Krüger used points there,"
            " within the allowance, that had been used elsewhere. 200 points are not covered."
            " At most EUR 1.00 by the program. At the server only: Accept the loss."
        ),
        rows=(
            ListRow(
                "ask",
                "Ask the member",
                "Next points cover it; till then it is risk.",
                icon="chevron-right",
                selected=True,
            ),
        ),
    ),
    primary=Button(Action.COMPLETE, "Ask the member", "Enter", "check"),
)

CAMERA = replace(
    IDLE,
    strip=Strip(
        Tone.INFO,
        "camera",
        "Hold the card in front of the camera.",
        (Button(Action.CLOSE_PANEL, "Close", "Esc"),),
    ),
    left=CameraPanel("Camera", "Hold the card flat, 10 to 20 cm away."),
)

BAD_CARD = replace(
    IDLE,
    strip=Strip(
        Tone.BAD,
        "triangle-alert",
        "This card is not one of ours. Ask for another card or the phone number.",
        (Button(Action.FIND, "Find", "F3"), Button(Action.NEW_MEMBER, "New member", "F2")),
    ),
)

STOP = replace(
    MEMBER_OFFLINE,
    chip=LOOK,
    strip=Strip(
        Tone.STOP,
        "octagon-alert",
        "This sale is NOT saved. Write it down and call Sam.",
        (Button(Action.HELP, "Details", "F1"),),
    ),
    primary=replace(CANNOT_COMPLETE, label="Complete sale"),
)

NEW_MEMBER_EMPTY = replace(
    MEMBER,
    left=replace(
        MEMBER_PANEL,
        initials="JK",
        name="Jonas Krüger",
        tier=TierBadge("member", "Member"),
        points="40",
        progress=Progress(133),
        next_label="Next: Free coffee",
        next_missing="260 to go",
        rewards=(),
        rewards_empty="Nothing to redeem yet: 260 to go.",
    ),
    last_sales=(),
)

SALE_STATES = {
    "idle": IDLE,
    "amount": AMOUNT_ONLY,
    "member": MEMBER,
    "member_offline": MEMBER_OFFLINE,
    "member_empty": NEW_MEMBER_EMPTY,
    "lines": LINES,
    "redeem": REDEEM,
    "done": DONE,
    "unusual": UNUSUAL,
    "signup": SIGN_UP,
    "letters": LETTERS,
    "find": FIND,
    "find_nobody": FIND_NOBODY,
    "connection": CONNECTION,
    "many_rows": MANY_ROWS,
    "attention": ATTENTION,
    "attention_item": ATTENTION_ITEM,
    "camera": CAMERA,
    "bad_card": BAD_CARD,
    "stop": STOP,
}
