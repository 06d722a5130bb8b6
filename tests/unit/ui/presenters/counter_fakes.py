"""A small till, a recording view and a runner that the test drives: a counter without Qt."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.ids import CardKey, MemberId, MerchantId, SaleId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import take_rewards
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.domain.voucher import Voucher, VoucherGives, format_voucher
from pos_loyalty.services.attention import AttentionItem, AttentionList, ItemSettled
from pos_loyalty.services.claim_voucher import VoucherShown
from pos_loyalty.services.enroll_member import MemberWelcomed
from pos_loyalty.services.keep_draft import DraftTaken, SaleInHand
from pos_loyalty.services.last_sales import DayCounts, LastSale
from pos_loyalty.services.look_up_card import CardKind, CardLookedUp
from pos_loyalty.services.look_up_member import MemberFound
from pos_loyalty.services.member_view import MemberView, RewardOffer, limit_for
from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.services.record_sale import SaleDone
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.services.spending import SpendLimits
from pos_loyalty.services.undo_sale import SaleUndone
from pos_loyalty.ui.presenters.counter_presenter import CounterPresenter
from pos_loyalty.ui.presenters.counter_screen import CounterScreen, MemberPanel
from pos_loyalty.ui.presenters.counter_services import (
    Lane,
    ReceiptShown,
    Result,
    SaleFromBefore,
    SaleOrder,
    ShopNames,
    SignUpOrder,
    Sound,
)
from tests.unit.ui.presenters.change_fakes import FakeChanges, Person, traced

AYSE, JONAS, NAMELESS = "AYSE", "JONAS", "NAMELESS"
BLANK, NEW, FOREIGN = "BLANK", "NEW", "FOREIGN"
NUMBER = "123456789015"


def _letters(digit: str, gives: VoucherGives) -> str:
    day = dt.date(2026, 12, 31)
    voucher = Voucher(id=digit * 32, signer="0" * 8, gives=gives, much=200, until=day)
    return format_voucher(MerchantId("5" * 32), voucher, bytes(64))


TWO_OFF = _letters("a", VoucherGives.AMOUNT)
"""A voucher of two euros."""
POINTS_VOUCHER = _letters("b", VoucherGives.POINTS)
"""A voucher of two hundred points."""


class FakeClock:
    """Time that the test moves. 21 November 2026, 10:58 UTC."""

    def __init__(self) -> None:
        self.at_ms = 1_795_258_680_000

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_ms(self) -> int:
        return self.at_ms - 1_795_000_000_000

    def offset_minutes(self, at_ms: int) -> int:
        del at_ms
        return 0


class FakeServices(FakeChanges):
    """A till in memory: one point a euro, the default program's rewards."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.rules = default_program("EUR")
        self.people = {
            AYSE: Person("Ay\u015fe Y\u0131lmaz", 1240, "4417", "015123456789"),
            JONAS: Person("Jonas Keller", 60, "5521"),
            NAMELESS: Person("", 0, "7788"),
        }
        self.orders: list[SaleOrder] = []
        self.sales: list[LastSale] = []
        self.sign_ups: list[SignUpOrder] = []
        self.refusals: list[Exception] = []
        """What the next writes raise, first one first."""
        self.status = ConnectionStatus(
            joined=True, online=True, pending=0, last_contact_ms=clock.now_ms()
        )
        self.limit = 0
        self.asked_rights: list[tuple[MemberId, int]] = []
        self.reserved: list[tuple[MemberId, int]] = []
        self.receipts: list[SaleId] = []
        self.receipt_shown: ReceiptShown | None = ReceiptShown(("101", "010"))
        self.spendable: dict[str, int] = {}
        self.draft: DraftTaken | None = None
        """What a crash would leave behind."""
        self.items: list[AttentionItem] = []
        """The owner's list."""
        self.draft_writes: list[SaleInHand | None] = []
        self.used_vouchers: set[str] = set()

    @property
    def shop(self) -> ShopNames:
        return ShopNames("Corner Café", "Till 2", "EUR", owner="Mia", tags=("JKP",))

    def program(self) -> LoyaltyProgram:
        return self.rules

    def unusual_amount(self) -> int:
        return self.limit

    def connection(self) -> ConnectionStatus:
        return self.status

    def prefetch_rights(self, member_id: MemberId, points: int) -> None:
        self.asked_rights.append((member_id, points))

    def reserve_rights(self, member_id: MemberId, points: int) -> None:
        self.reserved.append((member_id, points))

    def receipt(self, sale_id: SaleId) -> ReceiptShown | None:
        self.receipts.append(sale_id)
        return self.receipt_shown

    def look_up_card(self, text: str) -> CardLookedUp:
        if text == BLANK:
            return CardLookedUp(CardKind.BLANK, None, CardKey("b" * 32), "9901")
        if text == NEW:
            return CardLookedUp(CardKind.NEW, None, CardKey("c" * 32), "KJHG")
        if text == NUMBER:
            return CardLookedUp(
                CardKind.MEMBER, self.member(MemberId(AYSE), "number"), CardKey(AYSE), "4417"
            )
        if text not in self.people:
            raise CardError(Code.CARD_FOREIGN if text == FOREIGN else Code.CARD_NOT_OURS)
        member = self.member(MemberId(text), "card")
        return CardLookedUp(CardKind.MEMBER, member, CardKey(text), member.card_hint)

    def read_voucher(self, code: str) -> VoucherShown:
        if code in self.used_vouchers:
            raise RuleViolation(Code.VOUCHER_USED, day="2026-09-21")
        day = dt.date(2026, 12, 31)
        if code == POINTS_VOUCHER:
            return VoucherShown("b" * 32, 0, 200, day, "Till 1", "Corner Café")
        return VoucherShown("a" * 32, 200, 0, day, "Till 1", "Corner Café")

    def member(self, member_id: MemberId, found_by: str) -> MemberView:
        person = self.people[member_id]
        spendable = self.spendable.get(member_id, person.points)
        return MemberView(
            id=member_id,
            name=person.name,
            tier=self.rules.tiers[0],
            next_tier=None,
            balance_points=person.points,
            spendable_points=spendable,
            limit=None if spendable >= person.points else limit_for(SpendLimits()),
            earned_window_points=person.points,
            as_of_ms=self.clock.now_ms() - 16 * 60_000,
            rewards=tuple(self._offers(person.points, spendable, found_by)),
            phone=person.phone,
            card_hint=person.hint,
            found_by=found_by,
        )

    def _offers(self, balance: int, spendable: int, found_by: str) -> list[RewardOffer]:
        offers: list[RewardOffer] = []
        for reward in self.rules.rewards:
            why_not: Code | None = None
            if reward.cost_points > max(0, balance):
                why_not = Code.POINTS_SHORT
            elif found_by == "number":
                why_not = Code.NUMBER_EARNS_ONLY
            elif reward.cost_points > max(0, spendable):
                why_not = Code.RIGHTS_SHORT
            text = "" if why_not is None else RuleViolation(why_not).message
            kind = str(reward.__struct_config__.tag)
            offers.append(
                RewardOffer(
                    reward.id,
                    reward.name,
                    kind,
                    reward.cost_points,
                    not why_not,
                    why_not,
                    text,
                    cost_stamps=10 if reward.stamp_card else 0,
                    choices=reward.choices if isinstance(reward, FreeItem) else (),
                )
            )
        return offers

    def find_members(self, text: str) -> tuple[MemberFound, ...]:
        return tuple(
            MemberFound(MemberId(key), one.name, one.phone[-4:], "Bronze", "name")
            for key, one in self.people.items()
            if text.lower() in one.name.lower() or (one.phone and text in one.phone)
        )

    def quote(self, order: SaleOrder) -> SaleQuote:
        taken = take_rewards(self.rules, total=order.total, choices=order.rewards)
        if order.voucher == POINTS_VOUCHER and order.member_id is None:
            raise RuleViolation(Code.VOUCHER_NO_MEMBER)
        discount = sum(reward.discount for reward in taken) + 200 * (order.voucher == TWO_OFF)
        redeemed = sum(reward.points for reward in taken)
        earned = 2 * whole_steps(order.total - discount, 100)
        return SaleQuote(
            earned_points=earned,
            redeemed_points=redeemed,
            discount=discount,
            to_pay=order.total - discount,
            multiplier_name="Tuesday",
            multiplier_percent=200,
            balance_after_points=0,
            next_reward_name="Free brunch",
            next_reward_missing_points=218,
            trace=traced(earned // 2, earned // 2),
        )

    def record(self, order: SaleOrder) -> SaleDone:
        self.orders.append(order)
        if self.refusals:
            raise self.refusals.pop(0)
        assert order.sale_id is not None
        assert order.total > 0
        is_known = order.member_id is not None
        self.used_vouchers.add(order.voucher)
        quote = self.quote(order) if is_known or order.voucher else None
        earned, redeemed = (quote.earned_points, quote.redeemed_points) if quote else (0, 0)
        balance = 0
        if order.member_id is not None:
            self.people[order.member_id].points += earned - redeemed
            balance = self.people[order.member_id].points
        name = self.people[order.member_id].name if order.member_id else ""
        if order.lines:
            self.sale_lines[order.sale_id] = tuple(SaleLine(amount=each) for each in order.lines)
        self.sales.insert(
            0,
            LastSale(
                order.sale_id,
                self.clock.now_ms(),
                name,
                order.total,
                earned,
                redeemed,
                "",
                unsent=not self.status.online,
                undone=False,
            ),
        )
        return SaleDone(
            sale_id=order.sale_id,
            earned_points=earned,
            redeemed_points=redeemed,
            discount=quote.discount if quote else 0,
            to_pay=quote.to_pay if quote else order.total,
            balance_points=balance,
            spendable_points=balance,
            trace=(),
            already=False,
            voucher_points=200 * (order.voucher == POINTS_VOUCHER),
        )

    def undo(self, sale_id: SaleId) -> SaleUndone:
        if self.refusals:
            raise self.refusals.pop(0)
        place = next(n for n, sale in enumerate(self.sales) if sale.sale_id == sale_id)
        sale = self.sales[place]
        if self.clock.now_ms() - sale.at_ms > 300_000:
            raise RuleViolation(Code.UNDO_LATE, saved=True)
        self.sales[place] = replace(sale, undone=True)
        key = next((key for key, one in self.people.items() if one.name == sale.member_name), None)
        is_member = bool(sale.member_name) and key is not None
        if is_member and key is not None and not sale.undone:
            self.people[key].points -= sale.earned_points - sale.redeemed_points
        return SaleUndone(
            sale_id=sale_id,
            member_id=MemberId(key) if is_member and key else None,
            earned_points_taken=sale.earned_points,
            redeemed_points_returned=sale.redeemed_points,
            balance_points=self.people[key].points if is_member and key else 0,
            already=sale.undone,
        )

    def enroll(self, order: SignUpOrder) -> MemberWelcomed:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sign_ups.append(order)
        known = next((key for key, one in self.people.items() if one.phone == order.phone), None)
        if order.phone and known and not order.different_person:
            raise RuleViolation(Code.PHONE_KNOWN, member_id=known)
        key = f"PERSON{len(self.people)}"
        self.people[key] = Person(order.name, 50, "9901", order.phone)
        return MemberWelcomed(self.member(MemberId(key), "card"), 50)

    def last_sales(self) -> tuple[LastSale, ...]:
        return tuple(self.sales[:20])

    def attention_count(self) -> int:
        return sum(item.chosen is None for item in self.items)

    def attention(self) -> AttentionList:
        return AttentionList(items=tuple(self.items), open_count=self.attention_count())

    def settle_item(self, item: str, choice: str) -> ItemSettled:
        if self.refusals:
            raise self.refusals.pop(0)
        place = next(n for n, each in enumerate(self.items) if each.item == item)
        is_first = self.items[place].chosen is None
        if is_first:
            chosen = next(each for each in self.items[place].choices if each.id == choice)
            self.items[place] = replace(self.items[place], chosen=chosen, is_on_its_way=True)
        return ItemSettled(item=self.items[place], is_first=is_first)

    def keep_draft(self, sale: SaleInHand | None, changed_ms: int) -> None:
        self.draft_writes.append(sale)
        self.draft = DraftTaken(changed_ms=changed_ms, sale=sale) if sale else None

    def take_draft(self) -> SaleFromBefore | None:
        draft, self.draft = self.draft, None
        if draft is None:
            return None
        person = draft.sale.member_id if draft.sale.member_id in self.people else None
        return SaleFromBefore(draft, self.member(person, draft.sale.found_by) if person else None)

    def day_counts(self) -> DayCounts:
        return DayCounts(sales=len(self.sales), new_members=len(self.sign_ups), rewards=0)


class FakeRunner:
    """Keeps work until the test lets it happen; failures go the way they go in the window."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def run(
        self,
        work: Callable[[], Result],
        *,
        on_success: Callable[[Result], None],
        on_failure: Callable[[Exception], None],
        lane: Lane = Lane.STORE,
    ) -> None:
        del lane

        def step() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - as the real runner does
                on_failure(error)
            else:
                on_success(result)

        self._waiting.append(step)

    def settle(self) -> None:
        """Do everything that waits, and what that asks for."""
        while self._waiting:
            self._waiting.pop(0)()


class RecordingView:
    """Keeps every screen."""

    def __init__(self) -> None:
        self.screens: list[CounterScreen] = []

    def show_screen(self, screen: CounterScreen) -> None:
        self.screens.append(screen)


class FakeWindow:
    """Notes what the window was asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self.asked: list[str] = []
        self._clock = clock
        self._calls: list[tuple[int, Callable[[], None]]] = []

    def call_in(self, milliseconds: int, call: Callable[[], None]) -> None:
        self._calls.append((self._clock.monotonic_ms() + milliseconds, call))

    def call_due(self) -> None:
        """Do what was to be done by now; what that asks for later comes later."""
        now_ms = self._clock.monotonic_ms()
        due = [call for at_ms, call in self._calls if at_ms <= now_ms]
        self._calls = [(at_ms, call) for at_ms, call in self._calls if at_ms > now_ms]
        for call in due:
            call()

    def next_theme(self) -> str:
        self.asked.append("theme")
        return "Dark"

    def toggle_full_screen(self) -> None:
        self.asked.append("full screen")

    def close_till(self) -> None:
        self.asked.append("close")

    def start_camera(self) -> None:
        self.asked.append("camera on")

    def stop_camera(self) -> None:
        self.asked.append("camera off")


@dataclass
class FakeSounds:
    """Notes what was played."""

    played: list[Sound] = field(default_factory=list[Sound])

    def play(self, sound: Sound) -> None:
        self.played.append(sound)


class Counter:
    """A counter at which the test is the cashier."""

    def __init__(self, services: FakeServices | None = None) -> None:
        self.clock = services.clock if services else FakeClock()
        self.services = services or FakeServices(self.clock)
        self.runner = FakeRunner()
        self.view = RecordingView()
        self.window = FakeWindow(self.clock)
        self.sounds = FakeSounds()
        self._ids = 0
        self.presenter = CounterPresenter(
            services=self.services,
            view=self.view,
            window=self.window,
            runner=self.runner,
            sounds=self.sounds,
            clock=self.clock,
            new_sale_id=self._new_sale_id,
        )
        self.presenter.start()
        self.settle()

    def _new_sale_id(self) -> SaleId:
        self._ids += 1
        return SaleId(f"{self._ids:032x}")

    @property
    def screen(self) -> CounterScreen:
        return self.view.screens[-1]

    @property
    def strip(self) -> str:
        return self.screen.strip.text

    @property
    def member(self) -> MemberPanel:
        assert isinstance(self.screen.left, MemberPanel)
        return self.screen.left

    def settle(self) -> None:
        self.runner.settle()

    def wait(self, ms: int) -> None:
        self._pass(ms)
        self.presenter.tick()
        self.settle()

    def press(self, *keys: str) -> None:
        """Press keys by name; a person is never faster than the guard after a commit."""
        for key in keys:
            self._pass(700)
            if not self.presenter.key_pressed(key):
                self.presenter.text_typed(key)
            self.settle()

    def _pass(self, ms: int) -> None:
        self.clock.at_ms += ms
        self.window.call_due()
        self.settle()

    def type(self, text: str) -> None:
        self.press(*text)

    def scan(self, *texts: str) -> None:
        self._pass(2_100)
        self.presenter.card_scanned(texts)
        self.settle()
