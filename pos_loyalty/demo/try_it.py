"""The demo by hand: the till's real window, with cards to click beside the counter."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QTimer

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.demo.folder import DemoFolder, SampleCard
from pos_loyalty.demo.line import Line
from pos_loyalty.demo.sample_cards import COLUMN_WIDTH, SampleCards
from pos_loyalty.demo.sample_shop import (
    Say,
    cards_to_try,
    make_shop,
    open_sample_till,
    take_line,
)
from pos_loyalty.demo.server_process import ServerProcess
from pos_loyalty.demo.stop import Stop
from pos_loyalty.devices.camera_sources import FrameSource
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.services.look_up_card import CardKind, CardLookedUp, LookUpCard
from pos_loyalty.till import Till

_EDGE: Final = 8
"""What Qt draws between the counter and the cards, at most."""
_WAKE_MS: Final = 200
_LOOK_MS: Final = 1_000
_COLLECT: Final = "{name} collects points: click it, type 2100, press Enter."
_REDEEM: Final = "{name} uses a reward: click it, type 2100, press Alt+1, then Enter."
_SIGN_UP: Final = "A new card: click it, press Enter. Somebody new starts to collect."


def try_it(folder: DemoFolder, say: Say, *, is_fresh: bool) -> int:
    """Show the till's window on the sample shop until it is closed.

    Args:
        folder: where the sample shop lies; made where it is not there.
        say: told what is going on.
        is_fresh: make the sample shop anew.

    Raises:
        DemoFailed: the folder holds other things, the demo is open already, or the server does
            not start.
        KeyboardInterrupt: somebody asked for the end; nothing that was started runs any more.
    """
    with folder.only_one(), Stop() as stop:
        state = None if is_fresh else folder.read()
        if state is None:
            state = make_shop(folder, say)
        else:
            say("The sample shop of last time; --fresh makes a new one")
        say(f"Sample cards to print: {folder.sheet}")
        say(f"Or type a card's number into the search (F3): {state.shown[0].number}")
        server = ServerProcess(folder.books, log=folder.server_log)
        with server, take_line(folder, state) as line:
            line.lead_to(server.port)
            three = cards_to_try(folder, state)
            with stop.in_window():
                _show(folder, three, line, stop)
    return 0


def captions(till: Till, three: Sequence[SampleCard]) -> tuple[str, str, str]:
    """Return what to do with the usual card, the one with a reward and the new one, as of now."""
    rewarded, usual, new = (_look_up(till, card) for card in three)
    return _collect(usual), _redeem(rewarded), _sign_up(new)


def _look_up(till: Till, card: SampleCard) -> CardLookedUp | None:
    """Return what the till says of a card; None where it takes it no more."""
    try:
        return till.look_up_card(LookUpCard(card.payload))
    except LoyaltyError:
        return None


def _collect(card: CardLookedUp | None) -> str:
    name = card.member.name if card is not None and card.member is not None else ""
    return _COLLECT.format(name=name or "The new member")


def _redeem(card: CardLookedUp | None) -> str:
    member = card.member if card is not None else None
    if member is None or not any(offer.available for offer in member.rewards):
        return _collect(card)
    return _REDEEM.format(name=member.name or "The new member")


def _sign_up(card: CardLookedUp | None) -> str:
    return _SIGN_UP if card is not None and card.kind is CardKind.BLANK else _collect(card)


def _show(folder: DemoFolder, three: Sequence[SampleCard], line: Line, stop: Stop) -> None:
    qt = application()
    till_window = TillWindow(lambda: open_sample_till(folder), WindowSettings(_webcam))
    window = till_window.window

    def scan(card: SampleCard) -> None:
        if till_window.presenter is not None:
            till_window.presenter.card_scanned((card.payload,))

    cards = SampleCards(folder, three, scan=scan, line=line)
    screen = window.screen().availableGeometry()
    window.resize(min(window.width() + COLUMN_WIDTH + _EDGE, screen.width()), window.height())
    cards.join(window)
    window.closed.connect(qt.quit)

    def look() -> None:
        till, runner = till_window.till, till_window.runner
        if till is not None and runner is not None and till_window.presenter is not None:
            runner.run(
                lambda: captions(till, three), on_success=cards.show_captions, on_failure=_keep
            )

    till_window.opened.connect(look)
    looking = QTimer(cards)
    looking.timeout.connect(look)
    looking.start(_LOOK_MS)
    # Python hears of signals only when Qt's loop lets it run.
    wake = QTimer(cards)
    wake.timeout.connect(lambda: qt.quit() if stop.is_asked else None)
    wake.start(_WAKE_MS)
    till_window.start()
    qt.exec()
    cards.close()
    till_window.close()


def _keep(error: Exception) -> None:
    """Leave the captions as they are: the counter itself says what is wrong with the till."""
    del error


def _webcam() -> FrameSource:
    from pos_loyalty.devices.camera_sources import source_for

    return source_for("0")
