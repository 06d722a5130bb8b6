"""The sample cards beside the counter, in its own window: they never lie over it."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from PySide6.QtCore import QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QDockWidget,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from pos_loyalty.demo.folder import DemoFolder, SampleCard
from pos_loyalty.demo.sample_shop import PICTURE_NAMES
from pos_loyalty.ui.look import WIDTH_MIN
from pos_loyalty.ui.main_window import MainWindow

COLUMN_WIDTH: Final = 264
_COLUMN_PICTURE: Final = QSize(170, 107)
_ROW_PICTURE: Final = QSize(87, 55)
_COLUMN_HEIGHT: Final = 680
"""Where the window is lower, the column would be cut: then the cards are a row."""
_COLUMN_TEXT: Final = 14
_ROW_TEXT: Final = 13
_ROW_HEIGHT: Final = 80
_MARGIN: Final = 8
_FRAME: Final = 8
_SIDE_WIDTH: Final = 160
_UNBOUNDED: Final = 16_777_215
"""Qt's own QWIDGETSIZE_MAX: no limit."""
_COLUMN, _ROW = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight


class Breakable(Protocol):
    """The line between till and server."""

    def cut(self) -> None:
        """Let nothing through any more."""
        ...

    def mend(self) -> None:
        """Let everything through again."""
        ...


def is_column(width_px: int, height_px: int) -> bool:
    """Return whether the cards stand beside the counter; else they lie above it.

    Beside, if the counter keeps the width that it was designed for.
    """
    return width_px - COLUMN_WIDTH >= WIDTH_MIN and height_px >= _COLUMN_HEIGHT


class SampleCards(QDockWidget):
    """Three cards to click, the sheet to print, and the line to cut.

    Nothing in it takes the keyboard from the counter.
    """

    def __init__(
        self,
        folder: DemoFolder,
        three: Sequence[SampleCard],
        *,
        scan: Callable[[SampleCard], None],
        line: Breakable,
    ) -> None:
        """Show three cards: with a reward, a usual one, a new one.

        Args:
            folder: where their pictures lie.
            three: which cards they are.
            scan: called with a card that was clicked.
            line: what the box at the end cuts and mends.
        """
        super().__init__("Sample cards")
        self._line = line
        self._window: MainWindow | None = None
        self.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        # Without a title bar, as it cannot be moved or closed.
        self.setTitleBarWidget(QWidget(self))
        content = QWidget(self)
        self._all = QBoxLayout(_COLUMN, content)
        self._all.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self._intro = _text("Click a card: as if you held it to the scanner.")
        self._all.addWidget(self._intro)
        self._cells: list[QBoxLayout] = []
        rewarded, usual, blank = three
        pictures = (PICTURE_NAMES[1], PICTURE_NAMES[0], PICTURE_NAMES[2])
        shown = list(zip((usual, rewarded, blank), pictures, strict=True))
        self.cards = tuple(
            _card_button(card, QPixmap(str(folder.cards / f"{picture}.png")), scan)
            for card, picture in shown
        )
        self.captions = tuple(_text("") for _ in self.cards)
        for button, caption in zip(self.cards, self.captions, strict=True):
            cell = QBoxLayout(_COLUMN)
            cell.setSpacing(4)
            cell.addWidget(caption)
            cell.addWidget(button)
            self._cells.append(cell)
            self._all.addLayout(cell)
        self._all.addStretch()
        self._all.addLayout(self._make_side(folder))
        self.setWidget(content)

    def show_captions(self, captions: Sequence[str]) -> None:
        """Say what each card is good for now: the usual one, the one with a reward, the new one."""
        for label, text in zip(self.captions, captions, strict=True):
            label.setText(text)

    def join(self, window: MainWindow) -> None:
        """Become a part of the till's window, and stay beside its counter at every size."""
        self._window = window
        window.setDockNestingEnabled(False)
        window.setAnimated(False)
        window.resized.connect(self._place, Qt.ConnectionType.QueuedConnection)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the rest to the counter."""
        super().resizeEvent(event)
        if self._window is not None:
            QTimer.singleShot(0, self._window, self._window.fit_scale)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the line whole: the box that mends it is gone."""
        self.cut.setChecked(False)
        super().closeEvent(event)

    def _make_side(self, folder: DemoFolder) -> QBoxLayout:
        side = QBoxLayout(_COLUMN)
        self.sheet = QPushButton("Open the sheet (PDF)")
        self.sheet.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.sheet.setToolTip(str(folder.sheet))
        self.sheet.clicked.connect(lambda: _open(folder))
        side.addWidget(self.sheet)
        self.cut = QCheckBox("Cut the line")
        self.cut.setToolTip("Cut the line to the server; sales go on.")
        self.cut.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.cut.toggled.connect(self._switch_line)
        side.addWidget(self.cut)
        return side

    def _place(self) -> None:
        window = self._window
        if window is None:
            return
        column = is_column(window.width(), window.height())
        area = Qt.DockWidgetArea.RightDockWidgetArea
        if not column:
            area = Qt.DockWidgetArea.TopDockWidgetArea
        if window.dockWidgetArea(self) is area:
            return
        self._lay_out(column=column)
        window.addDockWidget(area, self)
        QTimer.singleShot(0, window, window.fit_scale)

    def _lay_out(self, *, column: bool) -> None:
        """Put captions above the pictures in a column, and beside them in a row."""
        content = self.widget()
        assert content is not None
        font = content.font()
        font.setPixelSize(_COLUMN_TEXT if column else _ROW_TEXT)
        content.setFont(font)
        self._all.setDirection(_COLUMN if column else _ROW)
        self._all.setSpacing(3 * _MARGIN // 2 if column else _MARGIN)
        self._intro.setVisible(column)
        picture = _COLUMN_PICTURE if column else _ROW_PICTURE
        beside = QBoxLayout.Direction.RightToLeft
        for cell, button in zip(self._cells, self.cards, strict=True):
            cell.setDirection(_COLUMN if column else beside)
            self._all.setStretchFactor(cell, 0 if column else 1)
            button.setIconSize(picture)
            button.setFixedHeight(picture.height() + _FRAME)
            width = picture.width() + _FRAME
            button.setMinimumWidth(width)
            button.setMaximumWidth(_UNBOUNDED if column else width)
        self.sheet.setMaximumWidth(COLUMN_WIDTH if column else _SIDE_WIDTH)
        if column:
            self.setFixedWidth(COLUMN_WIDTH)
            self.setMaximumHeight(_UNBOUNDED)
            self.setMinimumHeight(0)
        else:
            self.setMaximumWidth(_UNBOUNDED)
            self.setMinimumWidth(0)
            self.setFixedHeight(_ROW_HEIGHT)

    def _switch_line(self, is_cut: bool) -> None:  # noqa: FBT001 - Qt calls with the state
        if is_cut:
            self._line.cut()
        else:
            self._line.mend()


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _card_button(
    card: SampleCard, picture: QPixmap, scan: Callable[[SampleCard], None]
) -> QPushButton:
    button = QPushButton()
    button.setIcon(QIcon(picture))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setAccessibleName(card.name or "A new card")
    button.setToolTip(f"{card.name or 'A new card'}, number {card.number}")
    button.clicked.connect(lambda: scan(card))
    return button


def _open(folder: DemoFolder) -> None:
    """Open the sheet with the program that the desktop has for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder.sheet.absolute())))
