"""Everything that the counter shows at one moment, as one immutable value.

The presenter makes a new screen after each input; the view paints it and decides
nothing. Texts are final (translated, formatted); no zone ever moves or vanishes:
what cannot be used now is shown disabled in its place.
"""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """The color and weight of a message; each tone has its own icon and sound too."""

    QUIET = "quiet"
    INFO = "info"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    STOP = "stop"
    """Nothing can be saved: full-width red strip that blocks the next sale."""


class Action(StrEnum):
    """Everything that a button can ask for; the presenter handles each by this name."""

    COMPLETE = "complete"
    CANCEL = "cancel"
    NEW_MEMBER = "new_member"
    FIND = "find"
    REWARDS = "rewards"
    NO_CARD = "no_card"
    RECEIPT = "receipt"
    UNDO = "undo"
    MENU = "menu"
    CONNECTION = "connection"
    LAST_SALES = "last_sales"
    LETTERS = "letters"
    CONSENT = "consent"
    ADD_LINE = "add_line"
    BACKSPACE = "backspace"
    CLEAR = "clear"
    USE_KNOWN = "use_known"
    DIFFERENT_PERSON = "different_person"
    CAMERA = "camera"
    THEME = "theme"
    HELP = "help"
    CLOSE_PANEL = "close_panel"
    SWITCH_BACK = "switch_back"
    WHY = "why"
    GOODS_BACK = "goods_back"


@dataclass(frozen=True)
class Button:
    """A button: what it asks for, its words, the key that does the same, its icon."""

    action: Action
    label: str
    key: str = ""
    icon: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class Strip:
    """The message strip: what is true, what to do, at most two buttons."""

    tone: Tone
    icon: str
    text: str
    buttons: tuple[Button, ...] = ()


class Connection(StrEnum):
    """The four states of the connection chip, and a till that works alone."""

    ONLINE = "online"
    SENDING = "sending"
    OFFLINE = "offline"
    LOOK = "look"
    ALONE = "alone"


@dataclass(frozen=True)
class Chip:
    """The connection chip in the title row."""

    connection: Connection
    text: str
    icon: str


@dataclass(frozen=True)
class Progress:
    """The bar toward the next reward, in thousandths: what the member has, what this sale adds."""

    has_permille: int
    gain_permille: int = 0


@dataclass(frozen=True)
class StampLine:
    """A stamp card: "7 of 10 coffees", and its bar with what this sale adds."""

    text: str
    progress: Progress


@dataclass(frozen=True)
class RewardButton:
    """One reward under "Ready to use"; ``position`` counts from 1 and is its key."""

    position: int
    name: str
    detail: str
    key: str
    icon: str
    chosen: bool = False
    enabled: bool = True


@dataclass(frozen=True)
class TierBadge:
    """A member tier: its id chooses the colors, icon and pips."""

    id: str
    name: str


@dataclass(frozen=True)
class MemberPanel:
    """Left zone while a member is on the sale."""

    initials: str
    name: str
    tier: TierBadge
    card_hint: str
    points: str
    points_word: str
    gain: str
    as_of: str
    progress: Progress | None
    next_label: str
    next_missing: str
    rewards_title: str
    rewards: tuple[RewardButton, ...]
    rewards_empty: str
    coaching: str
    spendable_note: str = ""
    """Only where fewer points may be used here now than the member has."""
    dates: str = ""
    """Which points can be used later, and which end soon."""
    stamps: tuple[StampLine, ...] = ()


@dataclass(frozen=True)
class IdlePanel:
    """Left zone while nobody is on the sale: the three steps and today's counts."""

    steps: tuple[tuple[str, str], ...]
    today: str


@dataclass(frozen=True)
class SignUpPanel:
    """Left zone during a sign-up: a picture of the card and what the member gets."""

    shop_name: str
    card_hint: str
    card_note: str
    benefits: tuple[tuple[str, str, str], ...]
    """Icon, title, line below."""


@dataclass(frozen=True)
class ListRow:
    """A row of a list panel; ``key`` identifies it to the presenter.

    ``shortcut`` is the key of the keyboard that presses it. ``ticked`` is None where the row is
    not there to be ticked; then ``selected`` is all that can be said of it.
    """

    key: str
    title: str
    detail: str = ""
    trailing: str = ""
    icon: str = ""
    selected: bool = False
    shortcut: str = ""
    ticked: bool | None = None
    enabled: bool = True
    is_sum: bool = False
    """What the figures above it come to, in bold."""


@dataclass(frozen=True)
class ListPanel:
    """Left zone for find, last sales, a sale's page, menu, connection details, choices."""

    title: str
    rows: tuple[ListRow, ...]
    empty: str = ""
    note: str = ""
    buttons: tuple[Button, ...] = ()
    is_table: bool = False
    """The rows are there to be read, all at once, and not to be pressed."""
    is_steps: bool = False
    """The rows are sentences to be read, each with a figure, and not to be pressed."""


@dataclass(frozen=True)
class CameraPanel:
    """Left zone while the camera looks for a card; frames come by their own way."""

    title: str
    note: str


@dataclass(frozen=True)
class ReceiptPanel:
    """Left zone with a receipt's code; ``modules`` are its rows, ``1`` is dark.

    ``invitation`` is the code beside it, where the program pays for invitations; ``names``
    are what stands below the two.
    """

    title: str
    note: str
    modules: tuple[str, ...]
    invitation: tuple[str, ...] = ()
    names: tuple[str, str] = ("", "")


LeftPanel = IdlePanel | MemberPanel | SignUpPanel | ListPanel | CameraPanel | ReceiptPanel


class AmountLook(StrEnum):
    """How the amount box looks."""

    EMPTY = "empty"
    TYPED = "typed"
    SAVED = "saved"


@dataclass(frozen=True)
class AmountBox:
    """The big figure above the keypad; also the phone number during a sign-up."""

    title: str
    text: str
    look: AmountLook
    hint: str = ""
    lines: tuple[str, ...] = ()
    """Lines of the sale added with the plus key, newest last."""


@dataclass(frozen=True)
class SignUpFields:
    """The row below the keypad during a sign-up."""

    name_text: str
    name_placeholder: str
    consent_label: str
    consent: bool


@dataclass(frozen=True)
class LastSaleRow:
    """A row of "Last sales"; ``unsent`` carries the cloud-off icon, ``undone`` is struck out.

    ``key`` identifies the sale to the presenter.
    """

    time: str
    name: str
    amount: str
    points: str
    unsent: bool = False
    undone: bool = False
    key: str = ""


@dataclass(frozen=True)
class CounterScreen:
    """The whole counter at one moment."""

    shop_name: str
    till_name: str
    search_text: str
    search_placeholder: str
    chip: Chip
    cashier: str
    strip: Strip
    left: LeftPanel
    amount: AmountBox
    decimal_key: str
    plus_label: str
    primary: Button
    bottom: tuple[Button, ...]
    last_sales_title: str
    last_sales: tuple[LastSaleRow, ...]
    last_sales_empty: str
    undo: Button
    sign_up: SignUpFields | None = None
    letters_open: bool = False
    """Our own letter board lies over the keypad, for touch without a keyboard."""
    menu_badge: str = ""
    """How many items of the owner's list are open, on the menu's key; quiet, never in the way."""
