"""Take the README's picture: the real window on a real till, with a member and an amount.

python tools/take_readme_picture.py docs/pictures/counter.png
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEventLoop, QTimer

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.cards.batch import issue_batch
from pos_loyalty.demo.screen import Screen
from pos_loyalty.devices.camera_sources import source_for
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId, RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till
from pos_loyalty.ui.theme import Mode

WIDTH, HEIGHT = 1640, 922
_SALES = (
    ("Jonas Keller", 1820),
    ("", 450),
    ("Leyla Aydin", 3200),
    ("Omar Haddad", 990),
    ("Eva Novak", 760),
)
_SECONDS_MAX = 30


def fill(till: Till) -> str:
    """Enroll some members, sell to them, and return the text of one member's card."""
    batch = issue_batch(
        merchant=till.shop.merchant,
        count=1,
        batch=BatchId("1" * 32),
        random_bytes=till.context.ids.random_bytes,
    )
    (card,) = batch.cards
    new = (NewCard(key=card.card_key, number=card.number),)
    till.issue_cards(IssueCards(batch=batch.batch, cards=new))
    enroll = EnrollMember(card_key=card.card_key, name="Ay\u015fe Y\u0131lmaz")
    member = till.enroll_member(enroll).member.id
    for total in (90_000, 60_000):
        till.record_sale(RecordSale(total=total, member_id=member, found_by="card"))
    reward = (RewardChoice(RewardId("ten-percent")),)
    till.record_sale(RecordSale(total=2400, member_id=member, rewards=reward, found_by="card"))
    for name, total in _SALES:
        buyer = till.enroll_member(EnrollMember(name=name)).member.id if name else None
        till.record_sale(RecordSale(total=total, member_id=buyer, found_by="name"))
    return card.payload


def wait_until(holds: Callable[[], bool]) -> None:
    """Let the window work until something holds."""
    loop = QEventLoop()
    look = QTimer()
    look.timeout.connect(lambda: loop.quit() if holds() else None)
    look.start(20)
    QTimer.singleShot(_SECONDS_MAX * 1000, loop.quit)
    loop.exec()
    if not holds():
        sys.exit("The window did not come so far.")


def take(target: Path, folder: Path) -> None:
    """Drive the window to a sale in hand and save what it shows."""
    keys = FileKeys(folder / "keys")
    with open_till(folder / "till", keys=keys, shop_name="Corner Caf\u00e9") as till:
        payload = fill(till)
    application()
    window = TillWindow(
        lambda: open_till(folder / "till", keys=keys),
        WindowSettings(make_source=lambda: source_for("0"), theme=Mode.LIGHT),
    )
    window.start()
    wait_until(lambda: window.presenter is not None)
    window.window.resize(WIDTH, HEIGHT)
    presenter = window.presenter
    assert presenter is not None
    screen = Screen(window.window)
    presenter.card_scanned([payload])
    wait_until(lambda: "Type the amount" in screen.strip)
    for digit in "2100":
        presenter.digit_pressed(digit)
    wait_until(lambda: "Press Enter to complete" in screen.strip)
    window.window.grab().save(str(target))
    window.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        take(Path(sys.argv[1]), Path(scratch))
