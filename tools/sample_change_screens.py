"""Sample screens of what lies beside a sale: past sales, why, activities, the receipt's codes."""

from dataclasses import replace

from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    AmountBox,
    AmountLook,
    Button,
    ListPanel,
    ListRow,
    Progress,
    ReceiptPanel,
    StampLine,
    Strip,
    Tone,
)
from tools.sample_screens import (
    BOTTOM,
    DONE,
    IDLE,
    MEMBER,
    MEMBER_OFFLINE,
    MEMBER_PANEL,
    ONLINE,
    SALE_STATES,
)


def sample_code(modules: int) -> tuple[str, ...]:
    """Return what a code looks like from afar; no reader finds anything in it."""
    side = range(modules)
    return tuple(
        "".join("01"[(row * column + row * row // 3 + column // 2) % 3 == 0] for column in side)
        for row in side
    )


ON_PAGE = tuple(
    replace(button, enabled=button.action in {Action.NEW_MEMBER, Action.RECEIPT})
    for button in BOTTOM
)
OUTSIDE_SALE = tuple(
    replace(button, enabled=button.enabled and button.action is not Action.NO_CARD)
    for button in BOTTOM
)
FIND_BUTTONS = (
    Button(Action.LETTERS, "Letters", icon="keyboard"),
    Button(Action.CAMERA, "Camera", icon="camera"),
    Button(Action.CLOSE_PANEL, "Close", "Esc"),
)
NO_UNDO = replace(IDLE.undo, enabled=False)
BACK = (Button(Action.CLOSE_PANEL, "Back", "Esc"),)

NEW_RULES = replace(
    IDLE, strip=Strip(Tone.INFO, "info", "New rules since 08:00: earning, rewards, stamp cards.")
)

STAMPS = replace(
    MEMBER_OFFLINE,
    chip=ONLINE,
    strip=replace(
        MEMBER_OFFLINE.strip,
    ),
    left=replace(
        MEMBER_PANEL,
        gain="+42",
        dates="1,198 now, 42 more from 3 Dec \u00b7 120 end on 31 May",
        progress=Progress(826, 28),
        next_missing="218 to go",
        stamps=(
            StampLine("7 of 10 +1 \u00b7 coffees", Progress(700, 100)),
            StampLine("3 of 5 \u00b7 breakfasts", Progress(600)),
        ),
        coaching="Say: “Two weeks of double points for everybody who comes before nine.”",
    ),
)

WHY = replace(
    STAMPS,
    bottom=OUTSIDE_SALE,
    strip=Strip(
        Tone.QUIET, "circle-help", "Here is why. Enter completes the sale, Esc goes back.", BACK
    ),
    left=ListPanel(
        title="Why +42 points",
        note="Ayşe Yılmaz, \u20ac 21.00:",  # noqa: RUF001 - this is how she writes her name
        rows=(
            ListRow("0", "Cigarettes: \u20ac 3.00 earns nothing"),
            ListRow(
                "1", "\u20ac 18.00 at 1 point for each \u20ac 1.00, rounded down", trailing="+18"
            ),
            ListRow("2", "2\u00d7 Tuesday", trailing="+18"),
            ListRow("3", "Coffee days: 3 points for each of 2 items", trailing="+6"),
            ListRow("4", "Together", trailing="= 42", is_sum=True),
            ListRow("5", "Coffee card: 2 stamps"),
        ),
        is_steps=True,
    ),
)

_PAGE = ListPanel(
    title="Jonas K. \u00b7 \u20ac 18.20",
    note="21 Nov 10:58. Sale of \u20ac 18.20: 18 points earned.",
    rows=(
        ListRow("0", "\u20ac 18.20 at 1 point for each \u20ac 1.00, rounded down", trailing="+18"),
        ListRow("1", "18 points can be used from 5 Dec 10:58"),
        ListRow(
            "2",
            "Refund of \u20ac 5.00 of the sale of 21 Nov 10:58: 5 points taken back.",
        ),
    ),
    buttons=(
        Button(Action.GOODS_BACK, "Goods back", "\u2212", "package"),
        Button(Action.FIND, "Other member", "F3", "users"),
        Button(Action.UNDO, "Undo this sale", "F8", "undo-2", enabled=False),
    ),
    is_steps=True,
)
SALE_PAGE = replace(
    IDLE,
    strip=Strip(
        Tone.QUIET,
        "receipt",
        "Here is why it earned what it did. Press a key below to change it.",
        BACK,
    ),
    left=_PAGE,
    bottom=ON_PAGE,
    undo=NO_UNDO,
    amount=AmountBox("Goods back", "\u20ac 13.20", AmountLook.EMPTY, hint="all that is left"),
    primary=Button(Action.COMPLETE, "Take back \u20ac 13.20", "Enter", "package", enabled=False),
)

GOODS_BACK = replace(
    SALE_PAGE,
    strip=Strip(
        Tone.WARN,
        "circle-help",
        "Take back \u20ac 4.50 of \u20ac 13.20? Press Enter, or type what comes back.",
        (Button(Action.CANCEL, "Cancel", "Esc"),),
    ),
    left=replace(_PAGE, buttons=(replace(_PAGE.buttons[0], enabled=False), *_PAGE.buttons[1:])),
    amount=AmountBox("Goods back", "\u20ac 4.50", AmountLook.TYPED, hint="of \u20ac 13.20"),
    primary=Button(Action.COMPLETE, "Take back \u20ac 4.50", "Enter", "package"),
)


def goods_line(number: int, title: str, left: str, *, detail: str = "") -> ListRow:
    """Return a line of a past sale that can be chosen; numbers count from 0."""
    shortcut = f"Alt {number + 1}" if number < 9 else ""  # noqa: PLR2004 - as many as digits
    return ListRow(str(number), title, detail, left, "square", shortcut=shortcut, ticked=False)


def _chosen(row: ListRow) -> ListRow:
    return replace(row, icon="square-check", ticked=True)


GOODS_LINES = replace(
    SALE_PAGE,
    strip=Strip(
        Tone.WARN,
        "circle-help",
        "2 lines chosen. Press Enter to take back \u20ac 7.40.",
        (Button(Action.CANCEL, "Cancel", "Esc"),),
    ),
    left=ListPanel(
        title="Jonas K. \u00b7 \u20ac 18.20",
        note="Choose what comes back, or type an amount.",
        rows=(
            _chosen(goods_line(0, "2 \u00d7 croissant", "\u20ac 4.40", detail="bakery")),
            replace(
                goods_line(1, "flat-white", "\u20ac 0.00", detail="drinks \u00b7 came back"),
                icon="package",
                shortcut="",
                enabled=False,
            ),
            replace(
                _chosen(goods_line(2, "drinks", "\u20ac 3.00")),
                detail="\u20ac 1.20 came back",
                selected=True,
            ),
            goods_line(3, "Line 4", "\u20ac 5.80"),
        ),
    ),
    amount=AmountBox(
        "Goods back", "\u20ac 7.40", AmountLook.TYPED, hint="2 lines, of \u20ac 13.20"
    ),
    primary=Button(Action.COMPLETE, "Take back \u20ac 7.40", "Enter", "package"),
)

GOODS_MANY_LINES = replace(
    GOODS_LINES,
    strip=replace(
        GOODS_LINES.strip, text="Take back all \u20ac 91.00? Press Enter, or choose lines."
    ),
    left=ListPanel(
        title="Jonas K. \u00b7 \u20ac 91.00",
        note="Choose what comes back, or type an amount.",
        rows=tuple(
            replace(
                goods_line(number, f"400638133393{number}", f"\u20ac {number + 1}.00"),
                detail="stationery",
                selected=number == 0,
            )
            for number in range(13)
        ),
    ),
    amount=AmountBox("Goods back", "\u20ac 91.00", AmountLook.EMPTY, hint="all that is left"),
    primary=Button(Action.COMPLETE, "Take back \u20ac 91.00", "Enter", "package"),
)

REFUNDED = replace(
    SALE_PAGE,
    strip=Strip(Tone.OK, "check", "Give back \u20ac 4.50. 5 points taken; Jonas has 1,032.", BACK),
    left=replace(
        _PAGE,
        rows=(
            *_PAGE.rows,
            ListRow(
                "3",
                "Refund of \u20ac 4.50 of the sale of 21 Nov 10:58: 5 points taken back.",
            ),
        ),
    ),
    amount=AmountBox("Goods back", "\u20ac 8.70", AmountLook.EMPTY, hint="all that is left"),
    primary=Button(Action.COMPLETE, "Take back \u20ac 8.70", "Enter", "package", enabled=False),
)

CARD_FORGOTTEN = replace(
    SALE_PAGE,
    strip=Strip(
        Tone.QUIET,
        "receipt",
        "This sale is without a card. Press F3 to add one, or \u2212 for goods back.",
        BACK,
    ),
    left=ListPanel(
        title="No card \u00b7 \u20ac 21.00",
        note="21 Nov 10:58. Sale without a card: nobody collects. \u20ac 21.00.",
        rows=(),
        empty="No points moved with this sale.",
        buttons=(
            _PAGE.buttons[0],
            Button(Action.FIND, "Add a card", "F3", "users"),
            replace(_PAGE.buttons[2], enabled=True),
        ),
        is_steps=True,
    ),
    amount=AmountBox("Goods back", "\u20ac 21.00", AmountLook.EMPTY, hint="all that is left"),
    primary=Button(Action.COMPLETE, "Take back \u20ac 21.00", "Enter", "package", enabled=False),
)

WHOSE_SALE = replace(
    IDLE,
    strip=Strip(
        Tone.INFO,
        "users",
        "Whose is the sale of \u20ac 21.00? Scan the card, or type name or phone.",
        (Button(Action.CANCEL, "Cancel", "Esc"),),
    ),
    left=ListPanel(
        title="Find a member",
        rows=(),
        empty="Type a name, a phone number or the number on the card.",
        buttons=FIND_BUTTONS,
    ),
    bottom=OUTSIDE_SALE,
    primary=Button(Action.COMPLETE, "Give the sale", "Enter", "user-check", enabled=False),
)

CARD_ADDED = replace(
    CARD_FORGOTTEN,
    strip=Strip(Tone.OK, "check", "Card added. +21 points for Ayşe, who has 1,261 now.", BACK),
    left=ListPanel(
        title="Ayşe Y. \u00b7 \u20ac 21.00",
        note="21 Nov 10:58. Sale without a card, which was added later. \u20ac 21.00.",
        rows=(
            ListRow(
                "0",
                "Sale of \u20ac 21.00 of 21 Nov 10:58 moved to the right member: 21 points given.",
            ),
        ),
        buttons=_PAGE.buttons,
        is_steps=True,
    ),
)

WRONG_CARD = replace(
    WHOSE_SALE,
    search_text="Ayş",
    strip=replace(WHOSE_SALE.strip, text="Press Enter to give the sale to Ayşe."),
    left=ListPanel(
        title="Find a member",
        rows=(
            ListRow(
                "AYSE",
                "Ayşe Yılmaz",  # noqa: RUF001 - this is how she writes her name
                "phone \u2022\u2022 6789",
                "Bronze",
                "user",
                selected=True,
            ),
        ),
        empty="Type a name, a phone number or the number on the card.",
        buttons=FIND_BUTTONS,
    ),
    primary=replace(WHOSE_SALE.primary, enabled=True),
)

SALE_MOVED = replace(
    CARD_ADDED,
    strip=Strip(Tone.OK, "check", "Moved. +42 points for Ayşe; 42 taken from Jonas.", BACK),
    left=ListPanel(
        title="Ayşe Y. \u00b7 \u20ac 21.00",
        note="21 Nov 10:58. Sale of \u20ac 21.00: 42 points earned.",
        rows=(
            ListRow(
                "0",
                "\u20ac 21.00 at 1 point for each \u20ac 1.00, rounded down",
                trailing="+21",
            ),
            ListRow("1", "2\u00d7 Tuesday", trailing="+21"),
            ListRow("2", "Together", trailing="= 42", is_sum=True),
            ListRow(
                "3",
                "Sale of \u20ac 21.00 of 21 Nov 10:58 moved to the right member: 42 points given.",
            ),
        ),
        buttons=_PAGE.buttons,
        is_steps=True,
    ),
)

ACTIVITIES = replace(
    MEMBER,
    bottom=OUTSIDE_SALE,
    strip=Strip(Tone.INFO, "star", "Choose what Ayşe gets points for, then press Enter.", BACK),
    left=ListPanel(
        title="Points for something else",
        note="For Ayşe Yılmaz.",  # noqa: RUF001 - this is how she writes her name
        rows=(
            ListRow("review", "Review", trailing="+20", icon="star", selected=True),
            ListRow("survey", "Survey at the table", trailing="+10", icon="star"),
            ListRow(
                "event",
                "Helped at the street party",
                detail="needs a second name",
                trailing="+200",
                icon="star",
            ),
        ),
    ),
    primary=Button(Action.COMPLETE, "Give +20 points", "Enter", "star"),
)

SECOND_NAME = replace(
    ACTIVITIES,
    letters_open=True,
    strip=Strip(
        Tone.INFO,
        "users",
        "Helped at the street party needs a second person. Type the name, then press Enter.",
        BACK,
    ),
    left=ListPanel(
        title="Points for something else",
        note=(
            "Ayşe Yılmaz gets these points if a second person agrees."  # noqa: RUF001 - her name
            " Both names are kept."
        ),
        rows=(ListRow("", "Helped at the street party", trailing="+200"),),
        is_steps=True,
    ),
    amount=AmountBox("Who approves?", "Sam Okafor", AmountLook.TYPED),
    primary=Button(Action.COMPLETE, "Give +200 points", "Enter", "star"),
)

RECEIPT = replace(
    DONE,
    strip=Strip(Tone.QUIET, "receipt", "The customer may take a picture of these codes.", BACK),
    left=ReceiptPanel(
        "Receipt and invitation",
        "A friend who joins here shows the invitation at the till.",
        sample_code(49),
        invitation=sample_code(29),
        names=("Receipt", "Invite a friend"),
    ),
)

ALL = SALE_STATES | {
    "new_rules": NEW_RULES,
    "stamps": STAMPS,
    "why": WHY,
    "sale_page": SALE_PAGE,
    "goods_back": GOODS_BACK,
    "goods_lines": GOODS_LINES,
    "goods_many_lines": GOODS_MANY_LINES,
    "refunded": REFUNDED,
    "card_forgotten": CARD_FORGOTTEN,
    "whose_sale": WHOSE_SALE,
    "card_added": CARD_ADDED,
    "wrong_card": WRONG_CARD,
    "sale_moved": SALE_MOVED,
    "activities": ACTIVITIES,
    "second_name": SECOND_NAME,
    "receipt": RECEIPT,
}
