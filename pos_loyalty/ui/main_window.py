"""The till's window: shows the counter, and connects keys, scanner, camera and time to it."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QMoveEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from pos_loyalty.ui.look import Mode, scale_for
from pos_loyalty.ui.views.first_picture import FirstPicture

if TYPE_CHECKING:
    from pos_loyalty.domain.clock import Clock
    from pos_loyalty.domain.error_catalog import Code
    from pos_loyalty.ui.camera_scanner import CameraScanner
    from pos_loyalty.ui.presenters.counter_screen import CounterScreen
    from pos_loyalty.ui.scanner_wedge import ScannerWedge
    from pos_loyalty.ui.theme import Theme
    from pos_loyalty.ui.views.counter_view import CounterView
    from pos_loyalty.ui.widgets.sounds import Sounds

_TICK_MS: Final = 1_000
_SMALLEST: Final = (640, 450)
_WISHED: Final = (1366, 768)
_FRAME: Final = 48
"""What a desktop may put around a window, in pixels: its title bar and its edges."""
_THEMES: Final = {
    Mode.SYSTEM: (Mode.LIGHT, "Light"),
    Mode.LIGHT: (Mode.DARK, "Dark"),
    Mode.DARK: (Mode.SYSTEM, "As the system"),
}
"""Each theme's successor, and how that is called."""


class Presenter(Protocol):
    """The counter's presenter, as the window and its keyboard call it."""

    @property
    def is_sign_up_open(self) -> bool:
        """Return whether digits are a phone number now."""
        ...

    @property
    def is_text_wanted(self) -> bool:
        """Return whether letters and spaces are text now."""
        ...

    @property
    def is_space_wanted(self) -> bool:
        """Return whether a space means something by itself now."""
        ...

    def key_pressed(self, key: str) -> bool:
        """Take a key that types nothing."""
        ...

    def text_typed(self, text: str) -> bool:
        """Take what a key types."""
        ...

    def action_pressed(self, name: str) -> None:
        """Take a button."""
        ...

    def digit_pressed(self, key: str) -> None:
        """Take a key of the keypad."""
        ...

    def reward_pressed(self, position: int) -> None:
        """Take a reward button."""
        ...

    def row_pressed(self, key: str) -> None:
        """Take a row of a list."""
        ...

    def sale_pressed(self, sale_id: str) -> None:
        """Take a row of the last sales."""
        ...

    def search_edited(self, text: str) -> None:
        """Take the search field's text."""
        ...

    def name_edited(self, text: str) -> None:
        """Take the name field's text."""
        ...

    def board_letter_pressed(self, letter: str) -> None:
        """Take a key of the letter board."""
        ...

    def card_scanned(self, texts: tuple[str, ...]) -> None:
        """Take a scan."""
        ...

    def camera_failed(self, code: "Code") -> None:
        """Take note that the camera cannot be used."""
        ...

    def tick(self) -> None:
        """Let time pass."""
        ...


class MainWindow(QMainWindow):
    """Shows screens, and tells the presenter what happens once there is one.

    Until `furnish` there is the first picture alone.
    """

    painted = Signal()
    """The window is on screen for the first time."""
    closed = Signal()
    resized = Signal()
    """For what lies beside the counter: a filter of events in Python is no way to learn of it."""

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self._theme: Theme | None = None
        self._view: CounterView | None = None
        self._presenter: Presenter | None = None
        self._camera: CameraScanner | None = None
        self._is_painted = False
        self._wanted_text = False
        self._wedge: ScannerWedge | None = None
        self._sounds: Sounds | None = None
        self.setWindowTitle("Loyalty till")
        self.setMinimumSize(*_SMALLEST)
        self.setCentralWidget(FirstPicture(mode))
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)

    @property
    def view(self) -> "CounterView":
        """The counter; there is none before `furnish`."""
        assert self._view is not None
        return self._view

    @property
    def theme(self) -> "Theme":
        """What the counter is painted in; there is none before `furnish`."""
        assert self._theme is not None
        return self._theme

    def furnish(self, theme: "Theme") -> None:
        """Put the counter in the place of the first picture."""
        from pos_loyalty.ui.views.counter_view import CounterView

        self._theme = theme
        self.fit_scale()
        self._view = CounterView(theme, parent=self)
        self.setCentralWidget(self._view)
        self._view.setFocus()
        theme.changed.connect(self.update)
        self.installEventFilter(self)

    def connect_presenter(
        self, presenter: Presenter, camera: "CameraScanner", clock: "Clock"
    ) -> None:
        """Begin to tell this presenter everything."""
        # Not needed for the first picture, hence not imported before it.
        from pos_loyalty.ui.keyboard import Keyboard
        from pos_loyalty.ui.scanner_wedge import ScannerWedge
        from pos_loyalty.ui.widgets.sounds import Sounds

        self._presenter = presenter
        self._camera = camera
        self._sounds = Sounds()
        keyboard = Keyboard(lambda: self._presenter, self.view)
        self._wedge = ScannerWedge(self, keyboard.take, clock)
        self._wedge.scanned.connect(self._scanned)
        view = self.view
        view.action_pressed.connect(presenter.action_pressed)
        view.digit_pressed.connect(presenter.digit_pressed)
        view.reward_pressed.connect(presenter.reward_pressed)
        view.row_pressed.connect(presenter.row_pressed)
        view.sale_pressed.connect(presenter.sale_pressed)
        view.search_edited.connect(presenter.search_edited)
        view.name_edited.connect(presenter.name_edited)
        view.letter_pressed.connect(presenter.board_letter_pressed)
        camera.card_read.connect(self._card_seen)
        camera.failed.connect(presenter.camera_failed)
        camera.pictured.connect(view.set_frame)
        self._ticker.start()

    def appear(self) -> None:
        """Show the window; where it and its frame are more than the screen holds, fill that."""
        room = self.screen().availableSize()
        if self.width() >= room.width() or self.height() + _FRAME > room.height():
            self.showMaximized()
        else:
            self.show()

    def fit_scale(self) -> None:
        """Fit the scale to what the counter has of the window."""
        if self._theme is None:
            return
        # Not the window's own size: a demo keeps its sample cards beside the counter.
        counter = self.centralWidget() or self
        self._theme.set_scale(
            scale_for(
                physical_dpi=self.screen().physicalDotsPerInch(),
                width_px=counter.width(),
                height_px=counter.height(),
            )
        )

    def stop(self) -> None:
        """Tell nobody anything any more."""
        self._ticker.stop()
        if self._wedge is not None:
            self._wedge.stop()
        self._presenter = None

    # --- what the presenter asks of its view, its window and its sounds

    def show_screen(self, screen: "CounterScreen") -> None:
        """Show a screen; after a search or a sign-up the focus comes back from its field."""
        self.view.show_screen(screen)
        wants_text = self._presenter is not None and self._presenter.is_text_wanted
        if self._wanted_text and not wants_text and self._is_in_field():
            self.view.setFocus()
        self._wanted_text = wants_text

    def next_theme(self) -> str:
        """Change between light, dark and what the system says; return the new one's name."""
        mode, name = _THEMES[self.theme.mode]
        self.theme.set_mode(mode)
        return name

    def toggle_full_screen(self) -> None:
        """Fill the screen, or leave it; a window that was as large as the desktop stays so."""
        from PySide6.QtCore import Qt

        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def close_till(self) -> None:
        """Close the window as its own button does; not within the input that asks for it."""
        QTimer.singleShot(0, self, self.close)

    def start_camera(self) -> None:
        """Let the camera look for a card."""
        if self._camera is not None:
            self._camera.start()

    def stop_camera(self) -> None:
        """Let the camera go."""
        if self._camera is not None:
            self._camera.stop()

    def call_in(self, milliseconds: int, call: Callable[[], None]) -> None:
        """Call back after this time, unless the window is gone by then."""
        QTimer.singleShot(milliseconds, self, call)

    def play(self, sound: StrEnum) -> None:
        """Start a sound."""
        from pos_loyalty.ui.widgets.sounds import Sound

        if self._sounds is not None:
            self._sounds.play(Sound(sound.value))

    # --- Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Note the first time."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the scale to the window."""
        super().resizeEvent(event)
        self.fit_scale()
        self.resized.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        """Fit the scale to the screen that the window is on now."""
        super().moveEvent(event)
        self.fit_scale()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Put the focus where keys are expected when the window comes to the front.

        Not in `changeEvent`, which would be called before the first picture: PySide makes
        all kinds of events to hand on the first one.
        """
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            from PySide6.QtCore import Qt

            if QApplication.focusWidget() in {None, self}:
                self.view.setFocus(Qt.FocusReason.ActiveWindowFocusReason)
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take what no widget wanted; Qt's own window has nothing to do with keys."""
        event.accept()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Say that the window is closed."""
        super().closeEvent(event)
        if event.isAccepted():
            self.closed.emit()

    def _scanned(self, texts: tuple[str, ...]) -> None:
        if self._presenter is not None:
            self._presenter.card_scanned(texts)

    def _card_seen(self, text: str) -> None:
        self._scanned((text,))

    def _tick(self) -> None:
        if self._presenter is not None:
            self._presenter.tick()

    def _is_in_field(self) -> bool:
        from PySide6.QtWidgets import QLineEdit

        focused = QApplication.focusWidget()
        return isinstance(focused, QLineEdit) and self.isAncestorOf(focused)


def first_size() -> tuple[int, int]:
    """Return the size of a new window: room for the last sales, but no more than the screen."""
    screen = QApplication.primaryScreen().availableGeometry()
    return min(_WISHED[0], screen.width()), min(_WISHED[1], screen.height())
