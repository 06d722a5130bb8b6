"""A real till in a real window, alone or joined to a real server, with members and blank cards."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytestqt.qtbot import QtBot

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.devices.camera_sources import FrameFeed
from pos_loyalty.domain.card_payload import (
    format_payload,
    make_card_number,
    merchant_tag,
    parse_payload,
    random_letters,
)
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId, MemberId
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.services.join_server import JoinServer
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till
from pos_loyalty.ui.theme import Mode
from tests.end_to_end.cashiers import Eyes
from tests.sync.shop import Shop, a_shop, sync_until_sent

MEMBER = "Eva"
POINTS = 1300
CARDS = 4


@dataclass
class WindowShop:
    """What a test needs to work at the counter."""

    eyes: Eyes
    till: Till
    feed: FrameFeed
    cards: list[str]
    """Payloads: the first is the member's, the others are blank."""
    member: MemberId
    tag: str
    server: Shop | None = None
    """The server with the line to it; None for a till that works alone."""

    def balance(self) -> int:
        with self.till.context.store.read() as read:
            record = read.members.record(self.member)
        return 0 if record is None else record.balance_points


@contextmanager
def window_shop(qtbot: QtBot, folder: Path, *, online: bool) -> Generator[WindowShop]:
    """Open the window on a till that has a member with points."""
    keys = FileKeys(folder / "keys")

    def open_it() -> Till:
        return open_till(folder / "till", keys=keys, shop_name="Corner Caf\u00e9")

    if online:
        with a_shop(folder) as shop:
            with open_it() as till:
                till.join_server(JoinServer(shop.proxy.url, shop.server.till_code()))
                cards, member, tag = fill_till(till)
                sync_until_sent(till)
            with a_window(qtbot, open_it) as (eyes, opened, feed):
                yield WindowShop(eyes, opened, feed, cards, member, tag, shop)
        return
    with open_it() as till:
        cards, member, tag = fill_till(till)
    with a_window(qtbot, open_it) as (eyes, opened, feed):
        yield WindowShop(eyes, opened, feed, cards, member, tag)


def fill_till(till: Till) -> tuple[list[str], MemberId, str]:
    """Issue cards and enroll a member with points; return payloads, member and merchant tag."""
    merchant = till.shop.merchant
    payloads = [
        format_payload(merchant, random_letters(till.context.ids.random_bytes(12)))
        for _ in range(CARDS)
    ]
    new = [
        NewCard(key=parse_payload(payload, (merchant,)).key, number=_number(place))
        for place, payload in enumerate(payloads)
    ]
    till.issue_cards(IssueCards(BatchId(till.context.ids.next_id()), new))
    welcomed = till.enroll_member(EnrollMember(card_key=new[0].key, name=f"{MEMBER} Ruiz"))
    missing = POINTS - welcomed.member.balance_points
    _earn(till, welcomed.member.id, missing)
    return payloads, welcomed.member.id, merchant_tag(merchant)


def _earn(till: Till, member: MemberId, points: int) -> None:
    """Let a member collect at least so many points."""
    earned = 0
    while earned < points:
        sale = RecordSale(total=(points - earned) * 100, member_id=member, found_by="card")
        earned += till.record_sale(sale).earned_points


def _number(place: int) -> str:
    return make_card_number(f"{place + 1:011}")


@contextmanager
def a_window(qtbot: QtBot, open_it: Callable[[], Till]) -> Generator[tuple[Eyes, Till, FrameFeed]]:
    """Open the window on a till, and close both at the end."""
    application()
    feed = FrameFeed()
    till_window = TillWindow(open_it, WindowSettings(lambda: feed, Mode.LIGHT))
    try:
        with qtbot.waitSignal(till_window.opened, timeout=20_000):
            till_window.start()
        till = till_window.till
        assert till is not None
        eyes = Eyes(qtbot, till_window)
        eyes.wait_until(lambda: bool(eyes.screen.last_sales))
        yield eyes, till, feed
    finally:
        till_window.close()
