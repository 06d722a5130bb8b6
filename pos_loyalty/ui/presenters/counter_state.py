"""What the counter remembers between two inputs. Plain data; the flows change it."""

from dataclasses import dataclass, field
from enum import StrEnum

from pos_loyalty.domain.event import RefundLine
from pos_loyalty.domain.ids import CardKey, EventId, RewardId, SaleId
from pos_loyalty.domain.money import Currency, currency_of
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.attention import AttentionItem
from pos_loyalty.services.claim_voucher import VoucherShown
from pos_loyalty.services.last_sales import DayCounts, LastSale
from pos_loyalty.services.look_at_sale import SaleLookedAt
from pos_loyalty.services.look_up_member import MemberFound
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.program_news import ProgramNews
from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.services.record_sale import SaleDone
from pos_loyalty.ui.presenters.amount_entry import AmountEntry
from pos_loyalty.ui.presenters.connection_chip import ConnectionChip
from pos_loyalty.ui.presenters.counter_screen import Strip
from pos_loyalty.ui.presenters.counter_services import ReceiptShown, ShopNames


class Mode(StrEnum):
    """What the left zone and the keypad are for at this moment."""

    SALE = "sale"
    SIGN_UP = "sign_up"
    FIND = "find"
    LAST_SALES = "last_sales"
    MENU = "menu"
    CONNECTION = "connection"
    HELP = "help"
    REWARD_PART = "reward_part"
    CAMERA = "camera"
    ATTENTION = "attention"
    ATTENTION_ITEM = "attention_item"
    RECEIPT = "receipt"
    SALE_PAGE = "sale_page"
    WHY = "why"
    ACTIVITIES = "activities"
    SECOND_NAME = "second_name"


@dataclass(frozen=True)
class Holder:
    """Whose card is on the sale: a member, or a genuine card that this till does not know yet."""

    member: MemberView | None
    card_key: CardKey | None
    card_hint: str
    found_by: str


@dataclass(frozen=True)
class VoucherOnSale:
    """A voucher that is on the sale: its letters, and what it is worth."""

    code: str
    shown: VoucherShown


@dataclass
class SaleDraft:
    """The sale in hand. ``rewards`` maps each chosen reward to the part typed for it, if any."""

    entry: AmountEntry
    lines: list[int] = field(default_factory=list[int])
    holder: Holder | None = None
    without_card: bool = False
    rewards: dict[RewardId, int | None] = field(default_factory=dict[RewardId, int | None])
    items: dict[RewardId, str] = field(default_factory=dict[RewardId, str])
    """Which of several things was chosen for a reward; not named is the first of them."""
    sale_id: SaleId | None = None
    quote: SaleQuote | None = None
    voucher: VoucherOnSale | None = None
    confirmed_total: int | None = None
    """The unusual amount that a second Enter has confirmed, or is asked to."""

    @property
    def total(self) -> int:
        """The sum of the lines and of what is being typed, in minor units."""
        return sum(self.lines) + self.entry.minor_units

    @property
    def is_empty(self) -> bool:
        """Return whether this sale has not begun."""
        nothing_typed = self.entry.is_empty and not self.lines
        nothing_scanned = self.holder is None and self.voucher is None
        return nothing_typed and nothing_scanned and not self.without_card

    @property
    def member(self) -> MemberView | None:
        """The member on the sale, if there is one."""
        return self.holder.member if self.holder else None

    @property
    def can_complete(self) -> bool:
        """Return whether Enter would save this sale."""
        return self.total > 0 and (self.holder is not None or self.without_card)


@dataclass(frozen=True)
class Switched:
    """Who was taken off when another card was scanned, to bring back with one key."""

    holder: Holder
    rewards: dict[RewardId, int | None]


@dataclass
class SignUpDraft:
    """A sign-up in hand."""

    card_key: CardKey | None = None
    card_hint: str = ""
    phone: str = ""
    name: str = ""
    has_consent: bool = False
    is_name_last: bool = False
    """Whether the name was typed last, so that Backspace belongs to it."""
    invited_by: str = ""
    """The letters of the invitation that was shown, if there was one."""
    known: MemberView | None = None
    """Who already has this phone number, while the cashier is asked about it."""

    @property
    def can_start(self) -> bool:
        """Return whether there is anything to know the new member by."""
        return self.card_key is not None or bool(self.phone)


@dataclass
class OwnersList:
    """The owner's list as it was read last; ``item`` is the one that is looked at."""

    items: tuple[AttentionItem, ...] = ()
    open_count: int = 0
    item: str = ""

    @property
    def shown(self) -> AttentionItem | None:
        """The item on screen; None where it is gone from the list."""
        return next((each for each in self.items if each.item == self.item), None)


@dataclass
class SalePage:
    """The page of a past sale; ``looked`` is None until the store has answered.

    ``entry`` is what was typed of the goods that come back, ``change_id`` the id of the change
    that was tried last and has not been answered: a further try is the same change.
    ``is_choosing`` says that its lines are open, ``chosen`` are their numbers in the order in
    which they were chosen, ``cursor`` is the line that the arrow keys are on.
    """

    sale_id: SaleId
    entry: AmountEntry
    looked: SaleLookedAt | None = None
    is_asking: bool = False
    change_id: EventId | None = None
    is_choosing: bool = False
    chosen: list[int] = field(default_factory=list[int])
    cursor: int = 0

    @property
    def has_lines_open(self) -> bool:
        """Whether the lines are on screen to be chosen."""
        return self.is_choosing and self.looked is not None and self.looked.has_choice

    @property
    def lines(self) -> tuple[RefundLine, ...]:
        """What comes back line by line; nothing where an amount is typed, or no line is chosen."""
        if self.looked is None or not self.entry.is_empty:
            return ()
        return self.looked.coming_back(self.chosen)

    @property
    def amount(self) -> int:
        """What is to come back, in minor units: as typed, as chosen, or all that is left."""
        if not self.entry.is_empty:
            return self.entry.minor_units
        if self.chosen:
            return sum(line.amount for line in self.lines)
        return 0 if self.looked is None else self.looked.left_amount


@dataclass
class ActivityDraft:
    """An activity that waits for the second name; ``change_id`` as on a sale's page."""

    activity: str = ""
    approved_by: str = ""
    change_id: EventId | None = None


@dataclass
class FindDraft:
    """A search in hand; ``answered`` is the text that ``found`` belongs to.

    ``is_for_page`` says that who is found takes over the sale of the page.
    """

    text: str = ""
    answered: str = ""
    found: tuple[MemberFound, ...] = ()
    selected: int = 0
    is_for_page: bool = False


@dataclass
class News:
    """Rules that nobody here was told of yet; ``changed`` names what is new, where that is known.

    ``is_said`` once they are on the strip: the next input is the sign that somebody read it.
    """

    program: ProgramNews
    changed: str = ""
    is_said: bool = False


@dataclass
class CounterState:
    """Everything behind the screen."""

    shop: ShopNames
    draft: SaleDraft
    chip: ConnectionChip
    program: LoyaltyProgram | None = None
    mode: Mode = Mode.SALE
    message: Strip | None = None
    """Said until the next input; without one the strip says the next step."""
    done: SaleDone | None = None
    switched: Switched | None = None
    sign_up: SignUpDraft = field(default_factory=SignUpDraft)
    find: FindDraft = field(default_factory=FindDraft)
    selected: int = 0
    """The chosen row of the list that is open."""
    part_reward: RewardId | None = None
    part_text: str = ""
    is_choosing_reward: bool = False
    """F4 was pressed: the next digit is a reward."""
    attention: OwnersList = field(default_factory=OwnersList)
    receipt: ReceiptShown | None = None
    page: SalePage | None = None
    activity: ActivityDraft = field(default_factory=ActivityDraft)
    news: News | None = None
    letters_open: bool = False
    is_saving: bool = False
    is_blocked: bool = False
    """The sale in hand could not be saved; nothing else goes on until a try succeeds."""
    is_asking_amount: bool = False
    look_ups: int = 0
    """Scans whose card is being looked up."""
    is_enter_waiting: bool = False
    deaf_until_ms: int = 0
    """Until then Enter and taps on the primary button do nothing (monotonic)."""
    is_deaf_until_typed: bool = False
    """Whether a digit or a scan ends that early."""
    camera_until_ms: int | None = None
    last_sales: tuple[LastSale, ...] = ()
    counts: DayCounts | None = None
    unusual_amount: int = 0
    """The owner's limit in minor units from which the till asks again; 0 = none."""
    is_undo_spent: bool = False
    """The last thing was an undo: a second F8 must not take the sale before it back."""
    theme: str = ""

    @property
    def currency(self) -> Currency:
        """The till's currency."""
        return self.draft.entry.currency


def new_state(shop: ShopNames) -> CounterState:
    """Return the state of a counter that was just opened."""
    draft = SaleDraft(entry=AmountEntry(currency_of(shop.currency)))
    return CounterState(shop=shop, draft=draft, chip=ConnectionChip())
