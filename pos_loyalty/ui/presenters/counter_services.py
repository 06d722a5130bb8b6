"""What the counter asks of the world, as protocols: the till, a runner, a window, sounds.

The composition root passes the real ones in; tests pass small fakes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from pos_loyalty.domain.event import RefundLine
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, SaleId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.attention import AttentionList, ItemSettled
from pos_loyalty.services.claim_voucher import VoucherShown
from pos_loyalty.services.enroll_member import MemberWelcomed
from pos_loyalty.services.keep_draft import DraftTaken, SaleInHand
from pos_loyalty.services.last_sales import DayCounts, LastSale
from pos_loyalty.services.look_at_sale import SaleLookedAt
from pos_loyalty.services.look_up_card import CardLookedUp
from pos_loyalty.services.look_up_member import MemberFound
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.move_sale import SaleMovedHere
from pos_loyalty.services.program_news import ProgramNews
from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.services.record_activity import ActivityDone
from pos_loyalty.services.record_sale import SaleDone
from pos_loyalty.services.refund_sale import RefundDone
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.services.undo_sale import SaleUndone
from pos_loyalty.ui.presenters.counter_screen import CounterScreen

Result = TypeVar("Result")


class Lane(StrEnum):
    """Work of one lane is done one after the other; lanes do not wait for each other."""

    STORE = "store"
    FIND = "find"
    DRAFT = "draft"


class Sound(StrEnum):
    """The four sounds; each says what the strip says."""

    FOUND = "found"
    SAVED = "saved"
    REWARD = "reward"
    LOOK = "look"


@dataclass(frozen=True, kw_only=True)
class SaleOrder:
    """A sale to quote or to record; amounts in minor units.

    ``sale_id`` is made before the first try and stays the same for each further one.
    ``voucher`` is the letters of one, or empty.
    """

    sale_id: SaleId | None
    member_id: MemberId | None
    card_key: CardKey | None
    total: int
    rewards: tuple[RewardChoice, ...]
    found_by: str
    lines: tuple[int, ...] = ()
    voucher: str = ""


@dataclass(frozen=True, kw_only=True)
class SignUpOrder:
    """A person to enroll; ``invited_by`` is the letters of an invitation, or empty."""

    card_key: CardKey | None
    phone: str
    name: str
    offers_consent: bool
    different_person: bool
    invited_by: str = ""


@dataclass(frozen=True, kw_only=True)
class RefundOrder:
    """What comes back of a sale, in minor units; the same ``change_id`` again is the same.

    ``lines`` are what ``amount`` is the sum of; without lines it is spread over the sale's.
    """

    sale_id: SaleId
    amount: int
    change_id: EventId
    lines: tuple[RefundLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MoveOrder:
    """Whose a sale is to be; the same ``change_id`` again is the same."""

    sale_id: SaleId
    to_member: MemberId
    change_id: EventId


@dataclass(frozen=True, kw_only=True)
class ActivityOrder:
    """An activity of a member; ``approved_by`` is the second name where one is asked for."""

    member_id: MemberId
    activity: str
    approved_by: str
    change_id: EventId


@dataclass(frozen=True)
class ShopNames:
    """What the title row says."""

    shop_name: str
    till_name: str
    currency: str
    owner: str = "the owner"
    tags: tuple[str, ...] = ()
    """The merchant tags whose command sheets work here."""


@dataclass(frozen=True)
class SaleFromBefore:
    """The sale that was in hand when the till ended, with its member as of this moment.

    ``member`` is None where nobody was on it, or where that member is not to be read any more.
    """

    draft: DraftTaken
    member: MemberView | None


@dataclass(frozen=True)
class ReceiptShown:
    """A receipt's code as rows of modules, ``1`` is dark; the member's invitation likewise.

    ``invitation`` is empty where the program pays none.
    """

    modules: tuple[str, ...]
    invitation: tuple[str, ...] = ()


class CounterServices(Protocol):
    """The till as the counter uses it; every method blocks and may raise a ``LoyaltyError``."""

    @property
    def shop(self) -> ShopNames:
        """Whose counter this is."""
        ...

    def program(self) -> LoyaltyProgram:
        """Return the rules in force now."""
        ...

    def receipt(self, sale_id: SaleId) -> ReceiptShown | None:
        """Return the code of a sale's receipt; None where the sale has no member."""
        ...

    def look_up_card(self, text: str) -> CardLookedUp:
        """Return whose card this is."""
        ...

    def read_voucher(self, code: str) -> VoucherShown:
        """Return what a voucher is worth; it is claimed with a sale."""
        ...

    def check_invitation(self, text: str) -> str:
        """Return the letters of an invitation as an enrollment takes them."""
        ...

    def look_at_sale(self, sale_id: SaleId) -> SaleLookedAt:
        """Return a past sale: why it earned what it did, and what became of it."""
        ...

    def refund(self, order: RefundOrder) -> RefundDone:
        """Take goods of a sale back."""
        ...

    def move(self, order: MoveOrder) -> SaleMovedHere:
        """Give a sale to another member, or add a forgotten card to it."""
        ...

    def record_activity(self, order: ActivityOrder) -> ActivityDone:
        """Give points for something else than a purchase."""
        ...

    def program_news(self) -> ProgramNews | None:
        """Return rules in force that nobody here was told of yet."""
        ...

    def program_seen(self, version: str) -> None:
        """Note that somebody was told of a version."""
        ...

    def member(self, member_id: MemberId, found_by: str) -> MemberView:
        """Return a member with the points of this moment; ``found_by`` stays what it was."""
        ...

    def find_members(self, text: str) -> tuple[MemberFound, ...]:
        """Return members whose name, phone or card number fits."""
        ...

    def quote(self, order: SaleOrder) -> SaleQuote:
        """Return what the sale would earn, and write nothing."""
        ...

    def record(self, order: SaleOrder) -> SaleDone:
        """Write the sale; the same ``sale_id`` again is the same sale."""
        ...

    def undo(self, sale_id: SaleId) -> SaleUndone:
        """Take a sale of the last minutes back."""
        ...

    def enroll(self, order: SignUpOrder) -> MemberWelcomed:
        """Make someone a member."""
        ...

    def last_sales(self) -> tuple[LastSale, ...]:
        """Return the newest sales of this till, newest first."""
        ...

    def day_counts(self) -> DayCounts:
        """Return what happened today."""
        ...

    def unusual_amount(self) -> int:
        """Return from which amount (minor units) to ask again; 0 leaves it to the built-in rule."""
        ...

    def connection(self) -> ConnectionStatus:
        """Return how it stands with the server."""
        ...

    def prefetch_rights(self, member_id: MemberId, points: int) -> None:
        """Ask the server ahead of time for the right to spend points here; returns at once."""
        ...

    def reserve_rights(self, member_id: MemberId, points: int) -> None:
        """Keep the points here that the sale on screen counts on; 0 lets go. Returns at once."""
        ...

    def attention_count(self) -> int:
        """Return for how many items of the owner's list nobody chose yet."""
        ...

    def attention(self) -> AttentionList:
        """Return the owner's list, newest first."""
        ...

    def settle_item(self, item: str, choice: str) -> ItemSettled:
        """Choose for an item of the owner's list."""
        ...

    def keep_draft(self, sale: SaleInHand | None, changed_ms: int) -> None:
        """Keep the sale in hand across a crash; None takes away what was kept."""
        ...

    def take_draft(self) -> SaleFromBefore | None:
        """Return the sale from before, once."""
        ...


class Runner(Protocol):
    """Does work away from the window and calls back on the window's own thread."""

    def run(
        self,
        work: Callable[[], Result],
        *,
        on_success: Callable[[Result], None],
        on_failure: Callable[[Exception], None],
        lane: Lane = Lane.STORE,
    ) -> None:
        """Do ``work``, then call exactly one of the two."""
        ...


class CounterView(Protocol):
    """Paints a screen."""

    def show_screen(self, screen: CounterScreen) -> None:
        """Show this and nothing else."""
        ...


class CounterWindow(Protocol):
    """What only the window itself can do."""

    def next_theme(self) -> str:
        """Change to the next theme and return its name."""
        ...

    def toggle_full_screen(self) -> None:
        """Fill the screen, or leave it."""
        ...

    def close_till(self) -> None:
        """Close the window and with it the till; nothing is asked, as everything is saved."""
        ...

    def start_camera(self) -> None:
        """Let the camera look for a card; what it reads comes as a scan."""
        ...

    def stop_camera(self) -> None:
        """Let the camera go."""
        ...

    def call_in(self, milliseconds: int, call: Callable[[], None]) -> None:
        """Call back on the window's thread after this time, unless the window is gone by then."""
        ...


class Sounds(Protocol):
    """Plays the till's own sounds."""

    def play(self, sound: Sound) -> None:
        """Start a sound; never waits, never fails."""
        ...
