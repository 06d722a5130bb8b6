"""What cashiers do at random: sell, reward, undo, enroll, refund; with cards of all kinds."""

import random
from collections.abc import Callable, Mapping

from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, SaleId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.adjust_points import AdjustPoints
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.last_sales import LastSale, ReadLastSales
from pos_loyalty.services.look_up_card import CardLookedUp, LookUpCard
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.simulator.oracle import Violation
from pos_loyalty.simulator.till_side import SimulatedTill

_AMOUNT_MAX = 30_000
_SMALL_AMOUNT_MAX = 4_000
_NO_CARD_ODDS = 0.1
_FORGED_ODDS = 0.05
_SECOND_CLICK_ODDS = 0.1
_HOT_CARDS = 2
_SCANS_MAX = 4
_ADJUSTED_MAX = 60


class Cashier:
    """Stands at every till in turn. ``holds`` tells whether a till's disk has an event."""

    def __init__(
        self,
        payloads: tuple[str, ...],
        forged: tuple[str, ...],
        *,
        hot: float,
        holds: Callable[[SimulatedTill, str], bool],
    ) -> None:
        self._payloads = payloads
        self._forged = forged
        self._hot = hot
        self._holds = holds
        self.actions: Mapping[str, Callable[[SimulatedTill, random.Random], str]] = {
            "sell": self._sell,
            "redeem": self._redeem,
            "undo": self._undo,
            "enroll": self._enroll,
            "ask": self._ask,
            "basket": self._basket,
            "refund": self._refund,
            "move": self._move,
            "adjust": self._adjust,
        }

    def _scan(self, till: SimulatedTill, seed: random.Random) -> CardLookedUp | None:
        """Scan a card: often one of a few, rarely one that nobody issued; None for no card."""
        if seed.random() < _NO_CARD_ODDS:
            return None
        if seed.random() < _FORGED_ODDS:
            payload = seed.choice(self._forged)
        elif seed.random() < self._hot:
            payload = seed.choice(self._payloads[:_HOT_CARDS])
        else:
            payload = seed.choice(self._payloads)
        return till.till.look_up_card(LookUpCard(payload))

    def _scan_member(self, till: SimulatedTill, seed: random.Random) -> MemberView | None:
        """Scan cards until one is a member's here."""
        for _ in range(_SCANS_MAX):
            card = self._scan(till, seed)
            if card is not None and card.member is not None:
                return card.member
        return None

    def _sell(self, till: SimulatedTill, seed: random.Random) -> str:
        card = self._scan(till, seed)
        member = card.member.id if card is not None and card.member is not None else None
        key = None if card is None or member is not None else card.card_key
        return self._record(till, seed, _sale(seed.randrange(_AMOUNT_MAX), member, key))

    def _redeem(self, till: SimulatedTill, seed: random.Random) -> str:
        member = self._scan_member(till, seed)
        if member is None:
            return "nobody"
        offers = [offer for offer in member.rewards if offer.cost_points <= member.balance_points]
        if not offers:
            return "no reward"
        choice = RewardChoice(seed.choice(offers).id)
        amount = seed.randrange(_SMALL_AMOUNT_MAX)
        return self._record(till, seed, _sale(amount, member.id, None, choice))

    def _record(self, till: SimulatedTill, seed: random.Random, sale: RecordSale) -> str:
        """Record a sale, sometimes with a double click, and hold the till to its word."""
        sale_id = SaleId(till.till.context.ids.next_id())
        command = RecordSale(
            total=sale.total,
            member_id=sale.member_id,
            card_key=sale.card_key,
            rewards=sale.rewards,
            found_by=sale.found_by,
            sale_id=sale_id,
        )
        try:
            done = till.till.record_sale(command)
        except LoyaltyError as error:
            if self._holds(till, sale_id) != error.saved:
                raise Violation(f"I13 sale {sale_id}: the till said saved={error.saved}") from error
            raise
        if not self._holds(till, sale_id):
            raise Violation(f"I13 sale {sale_id}: the till said it was saved")
        if seed.random() < _SECOND_CLICK_ODDS and not till.till.record_sale(command).already:
            raise Violation(f"I2 sale {sale_id}: the second click sold again")
        return f"{done.earned_points} {done.redeemed_points} {done.balance_points}"

    def _undo(self, till: SimulatedTill, seed: random.Random) -> str:
        recent = till.till.last_sales(ReadLastSales())
        sale_id = seed.choice(recent).sale_id if recent and seed.random() < 0.5 else None  # noqa: PLR2004 - one of two ways
        undone = till.till.undo_sale(UndoSale(sale_id))
        return f"{undone.balance_points} {undone.already}"

    def _refund(self, till: SimulatedTill, seed: random.Random) -> str:
        """Let goods come back of a sale of this till: some of them, or all that are left."""
        sale = self._any_sale(till, seed)
        if sale is None:
            return "no sale"
        amount = seed.choice((None, seed.randrange(1, sale.total + 1)))
        refund_id = EventId(till.till.context.ids.next_id())
        command = RefundSale(sale.sale_id, amount=amount, refund_id=refund_id)
        done = till.till.refund_sale(command)
        if not self._holds(till, refund_id):
            raise Violation(f"I13 refund {refund_id}: the till said it was saved")
        if seed.random() < _SECOND_CLICK_ODDS and not till.till.refund_sale(command).already:
            raise Violation(f"I2 refund {refund_id}: the second click refunded again")
        return f"{done.amount} {done.earned_points_taken} {done.balance_points}"

    def _move(self, till: SimulatedTill, seed: random.Random) -> str:
        """Give a sale to another member, or to one whose card was forgotten."""
        sale, member = self._any_sale(till, seed), self._scan_member(till, seed)
        if sale is None or member is None:
            return "nobody"
        done = till.till.move_sale(MoveSale(sale.sale_id, member.id))
        return f"{done.earned_points_taken} {done.earned_points_given}"

    def _adjust(self, till: SimulatedTill, seed: random.Random) -> str:
        """Give points by hand. What is taken away may end at zero, which is told and not kept."""
        member = self._scan_member(till, seed)
        if member is None:
            return "nobody"
        points = seed.randrange(1, _ADJUSTED_MAX)
        done = till.till.adjust_points(AdjustPoints(member.id, points, "at random", "Mo"))
        return f"{done.points} {done.balance_points}"

    def _any_sale(self, till: SimulatedTill, seed: random.Random) -> LastSale | None:
        recent = till.till.last_sales(ReadLastSales())
        return seed.choice(recent) if recent else None

    def _enroll(self, till: SimulatedTill, seed: random.Random) -> str:
        card = self._scan(till, seed)
        command = EnrollMember(
            card_key=None if card is None else card.card_key,
            name=seed.choice(("", "Ana", "Bo")),
            phone=seed.choice(("", f"+49151{seed.randrange(10**7):07}")),
            offers_consent=seed.choice((True, False)),
        )
        return str(till.till.enroll_member(command).welcome_points)

    def open_shop(self, till: SimulatedTill, seed: random.Random) -> None:
        """Make the first members, with the cards that come back most often."""
        for payload in self._payloads[:_HOT_CARDS]:
            card = till.till.look_up_card(LookUpCard(payload))
            welcomed = till.till.enroll_member(EnrollMember(card_key=card.card_key))
            self._record(
                till, seed, _sale(seed.randrange(1, _AMOUNT_MAX), welcomed.member.id, None)
            )

    def _ask(self, till: SimulatedTill, seed: random.Random) -> str:
        """Ask for spend rights while a member's sale is on screen."""
        member = self._scan_member(till, seed)
        if member is None:
            return "nobody"
        points = seed.randrange(1, max(2, member.balance_points + 100))
        till.wants[member.id] = points
        return str(points)

    def _basket(self, till: SimulatedTill, seed: random.Random) -> str:
        """Open or close a basket that counts on spend rights."""
        if till.reserved:
            till.reserved.clear()
            return "closed"
        member = self._scan_member(till, seed)
        if member is None:
            return "nobody"
        till.reserved[member.id] = seed.randrange(200)
        return "open"


def _sale(
    total: int, member: MemberId | None, key: CardKey | None, *rewards: RewardChoice
) -> RecordSale:
    return RecordSale(
        total=total,
        member_id=member,
        card_key=key,
        rewards=rewards,
        found_by="" if member is None else "card",
    )
