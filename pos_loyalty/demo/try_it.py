"""The demo by hand: the till's real window, and beside it a small one with cards to click."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QIcon, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.demo.folder import DemoFolder, SampleCard
from pos_loyalty.demo.line import Line
from pos_loyalty.demo.sample_shop import (
    PICTURE_NAMES,
    Say,
    cards_to_try,
    make_shop,
    open_sample_till,
    take_line,
)
from pos_loyalty.demo.server_process import ServerProcess
from pos_loyalty.devices.camera_sources import FrameSource

_CARD_WIDTH: Final = 190
_CARD_HEIGHT: Final = 120
_MARGIN: Final = 12
_WIDTH: Final = 264
_TEXT_PIXELS: Final = 15
_WAKE_MS: Final = 200
_COUNTER_WIDTH_MIN: Final = 1_000
"""Narrower, the counter would be hard to read: then it keeps its size."""
_LESSONS: Final = (
    "Scan it, type 1234, press Enter: {name} collects points.",
    "A reward for {name}: scan it, press Alt+1, type 2100, press Enter.",
    "A new card: scan it, press Enter. Somebody new starts to collect.",
)


def try_it(folder: DemoFolder, say: Say, *, is_fresh: bool) -> int:
    """Show the till's window on the sample shop until it is closed.

    Args:
        folder: where the sample shop lies; made where it is not there.
        say: told what is going on.
        is_fresh: make the sample shop anew.

    Raises:
        DemoFailed: the folder holds other things, or the server does not start.
    """
    state = None if is_fresh else folder.read()
    if state is None:
        state = make_shop(folder, say)
    say(f"Sample cards to print: {folder.sheet}")
    say(f"Or type a card's number into the search (F3): {state.shown[0].number}")
    server = ServerProcess(folder.books, log=folder.server_log)
    with server, take_line(folder, state) as line:
        line.lead_to(server.port)
        return _show(folder, cards_to_try(folder, state), line)


def _show(folder: DemoFolder, three: Sequence[SampleCard], line: Line) -> int:
    qt = application()
    till_window = TillWindow(lambda: open_sample_till(folder), WindowSettings(_webcam))

    def scan(card: SampleCard) -> None:
        if till_window.presenter is not None:
            till_window.window.activateWindow()
            till_window.presenter.card_scanned((card.payload,))

    cards = SampleCards(folder, three, scan=scan, line=line)
    till_window.window.closed.connect(qt.quit)
    till_window.opened.connect(lambda: _place_beside(cards, till_window.window))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: qt.quit())
    # Python sees its signals only when Qt's loop lets it run.
    wake = QTimer(cards)
    wake.timeout.connect(lambda: None)
    wake.start(_WAKE_MS)
    till_window.start()
    qt.exec()
    cards.close()
    till_window.close()
    return 0


def _webcam() -> FrameSource:
    from pos_loyalty.devices.camera_sources import source_for

    return source_for("0")


def _place_beside(cards: QWidget, window: QWidget) -> None:
    """Put both windows side by side; where the screen is too narrow, the small one overlaps."""
    screen = window.screen().availableGeometry()
    frame_width = window.frameGeometry().width() - window.width()
    room = screen.width() - cards.width() - 2 * frame_width
    if room >= _COUNTER_WIDTH_MIN:
        window.resize(min(window.width(), room), window.height())
        window.move(screen.topLeft())
    right = window.frameGeometry().right() + 1
    cards.move(min(right, screen.right() - cards.width()), window.frameGeometry().top())
    cards.show()
    window.activateWindow()


class SampleCards(QWidget):
    """Three cards to click, the sheet to print, and the line to cut."""

    def __init__(
        self,
        folder: DemoFolder,
        three: Sequence[SampleCard],
        *,
        scan: Callable[[SampleCard], None],
        line: Line,
    ) -> None:
        """Show three cards: with a reward, a usual one, a new one.

        Args:
            folder: where their pictures lie.
            three: which cards they are.
            scan: called with a card that was clicked.
            line: what the box at the bottom cuts and mends.
        """
        super().__init__(None, Qt.WindowType.Tool)
        self._line = line
        self.setWindowTitle("Sample cards")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self.setFixedWidth(_WIDTH)
        font = self.font()
        font.setPixelSize(_TEXT_PIXELS)
        self.setFont(font)
        column.addWidget(_wrapped("Click a card as if you held it to the scanner."))
        rewarded, usual, blank = three
        pictures = (PICTURE_NAMES[1], PICTURE_NAMES[0], PICTURE_NAMES[2])
        self.cards = tuple(
            _card_button(card, folder.cards / f"{picture}.png", scan)
            for card, picture in zip((usual, rewarded, blank), pictures, strict=True)
        )
        for button, card, lesson in zip(
            self.cards, (usual, rewarded, blank), _LESSONS, strict=True
        ):
            column.addWidget(button)
            column.addWidget(_wrapped(lesson.format(name=card.name)))
        sheet = QPushButton("Open the sheet (PDF)")
        sheet.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        sheet.clicked.connect(lambda: _open(folder.sheet))
        column.addWidget(sheet)
        self.cut = QCheckBox("Cut the line to the server")
        self.cut.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.cut.toggled.connect(self._switch_line)
        column.addWidget(self.cut)
        self.resize(_WIDTH, column.totalHeightForWidth(_WIDTH))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the line whole: the box that mends it is gone."""
        self.cut.setChecked(False)
        super().closeEvent(event)

    def _switch_line(self, is_cut: bool) -> None:  # noqa: FBT001 - Qt calls with the state
        if is_cut:
            self._line.cut()
        else:
            self._line.mend()


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def _card_button(
    card: SampleCard, picture: Path, scan: Callable[[SampleCard], None]
) -> QPushButton:
    button = QPushButton()
    button.setIcon(QIcon(QPixmap(str(picture))))
    button.setIconSize(QSize(_CARD_WIDTH, _CARD_HEIGHT))
    button.setFixedHeight(_CARD_HEIGHT + _MARGIN)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setAccessibleName(card.name or "A new card")
    button.setToolTip(f"{card.name or 'A new card'}, number {card.number}")
    button.clicked.connect(lambda: scan(card))
    return button


def _open(path: Path) -> None:
    """Open a file with the program that the desktop has for it."""
    assert QApplication.instance() is not None
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.absolute())))
