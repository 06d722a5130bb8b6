"""The counter: paints one `CounterScreen` after the other, and says what was pressed.

It decides nothing. Its zones depend on the size of the window alone (`zones.py`), so
nothing moves between the states of a sale. Keys of the keyboard that work from
everywhere belong to the window; this view only knows the focus and what is under it.
"""

from itertools import pairwise

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from pos_loyalty.ui.presenters.counter_screen import Action, CameraPanel, CounterScreen
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.bottom_row import BottomRow
from pos_loyalty.ui.views.keypad import Keypad
from pos_loyalty.ui.views.last_sales_column import LastSalesColumn
from pos_loyalty.ui.views.left_zone import LeftZone
from pos_loyalty.ui.views.title_row import BrandLine, CashierPill
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.views.zones import Zones, zones
from pos_loyalty.ui.widgets.amount_box import AmountDisplay
from pos_loyalty.ui.widgets.canvas import placed
from pos_loyalty.ui.widgets.connection_chip import ConnectionChip
from pos_loyalty.ui.widgets.focus_ring import FocusRing
from pos_loyalty.ui.widgets.keypad_key import KeypadKey
from pos_loyalty.ui.widgets.letter_board import LetterBoard
from pos_loyalty.ui.widgets.message_strip import MessageStrip
from pos_loyalty.ui.widgets.push_button import Kind, PushButton
from pos_loyalty.ui.widgets.text_field import TextField

_KEYBOARD_KEY_WIDTH = 48


class CounterView(QWidget):
    """The whole counter as a widget."""

    action_pressed = Signal(str)
    """An `Action` value."""
    digit_pressed = Signal(str)
    """One of 0 to 9, 00 and the point (whatever the decimal sign of the language is)."""
    reward_pressed = Signal(int)
    """The position of a reward, from 1."""
    row_pressed = Signal(str)
    """The key of a `ListRow`."""
    sale_pressed = Signal(str)
    """The key of a `LastSaleRow`."""
    search_edited = Signal(str)
    name_edited = Signal(str)
    letter_pressed = Signal(str)
    """A letter of the letter board, a space, or `letter_board.BACKSPACE`."""

    def __init__(
        self, theme: Theme, *, words: CounterWords | None = None, parent: QWidget | None = None
    ) -> None:
        """Make the zones; what only some states need is made when they come."""
        super().__init__(parent)
        self._theme = theme
        self._words = words or CounterWords()
        self._screen: CounterScreen | None = None
        self._make_title_row()
        self._make_zones()
        self._letter_board: LetterBoard | None = None
        self._last_sales: LastSalesColumn | None = None
        self._ring = FocusRing(theme, self)
        theme.changed.connect(self._dress)
        self._chain_focus()

    def show_screen(self, screen: CounterScreen) -> None:
        """Show a screen; only what differs from the one before is painted again."""
        before, self._screen = self._screen, screen
        if screen == before:
            return
        focused = QApplication.focusWidget()
        self._show_title_row(screen)
        self.strip.show_strip(screen.strip)
        has_new = self.left.show_panel(screen.left, screen.sign_up)
        self.amount.show_amount(screen.amount, has_caret=screen.sign_up is not None)
        self.keypad.show_labels(decimal=screen.decimal_key, plus=screen.plus_label)
        primary = screen.primary
        self.primary.show_words(
            primary.label, key=primary.key, icon=primary.icon or "check", enabled=primary.enabled
        )
        has_new |= self._show_rest(screen)
        has_new |= self._show_letters(is_open=screen.letters_open)
        if has_new or before is None:
            self._chain_focus()
        self._keep_focus(focused)

    def set_frame(self, frame: QImage) -> None:
        """Show a picture of the camera while the camera panel is open."""
        if self._screen is not None and isinstance(self._screen.left, CameraPanel):
            self.left.set_frame(frame)

    def focus_search(self) -> None:
        """Put the caret into the search."""
        self.search.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focus_name(self) -> None:
        """Put the caret into the field for the first name, if it is there."""
        name = self.left.name_field
        if name is not None and name.isVisible():
            name.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def zone_boxes(self) -> Zones:
        """Return where the zones lie now, as for left to right."""
        return zones(self.width(), self.height(), self._theme.scale)

    def showEvent(self, event: QShowEvent) -> None:
        """Start without a caret anywhere: Qt would put one into the search."""
        super().showEvent(event)
        focused = QApplication.focusWidget()
        if focused is None or not self.isAncestorOf(focused):
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the zones."""
        super().resizeEvent(event)
        self._arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the caret out of a field when the tap is beside everything.

        The focus policy stays as it is: with click focus, Qt would do the same after
        every tap on a key, and the tap must leave the caret where it was.
        """
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        """Mirror everything when the reading direction changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._arrange_all()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground and the title row's."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("bg"))
        title = self.zone_boxes().title.toRect()
        painter.fillRect(title, self._theme.color("surface"))
        painter.fillRect(title.x(), title.bottom(), title.width(), 1, self._theme.color("divider"))
        painter.end()

    def _make_title_row(self) -> None:
        theme, words = self._theme, self._words
        self.brand = BrandLine(theme, self)
        self.search = TextField(theme, icon="search", fill="bg", parent=self)
        self.search.keep_room_at_end(_KEYBOARD_KEY_WIDTH + 4)
        self.search.edited.connect(self.search_edited)
        self.search_letters = KeypadKey(theme, parent=self, is_flat=True)
        self.search_letters.show_face("", icon="keyboard", name=words.letters)
        self._connect(self.search_letters, Action.LETTERS)
        self.chip = ConnectionChip(theme, self)
        self._connect(self.chip, Action.CONNECTION)
        self.cashier = CashierPill(theme, self)
        self.menu = KeypadKey(theme, parent=self)
        self.menu.show_face("", icon="menu", name=words.menu, key="F10")
        self._connect(self.menu, Action.MENU)

    def _make_zones(self) -> None:
        theme = self._theme
        self.strip = MessageStrip(theme, self)
        self.strip.action_pressed.connect(self.action_pressed)
        self.left = LeftZone(theme, self._words, self)
        self.left.action_pressed.connect(self.action_pressed)
        self.left.reward_pressed.connect(self.reward_pressed)
        self.left.row_pressed.connect(self.row_pressed)
        self.left.name_edited.connect(self.name_edited)
        self.amount = AmountDisplay(theme, self)
        self.keypad = Keypad(theme, self._words, self)
        self.keypad.digit_pressed.connect(self.digit_pressed)
        self.keypad.action_pressed.connect(self.action_pressed)
        self.primary = PushButton(theme, Kind.PRIMARY, self)
        self.primary.clicked.connect(self._primary_pressed)
        self.bottom = BottomRow(theme, self)
        self.bottom.action_pressed.connect(self.action_pressed)

    def _connect(self, button: KeypadKey | ConnectionChip, action: Action) -> None:
        button.clicked.connect(lambda: self.action_pressed.emit(action.value))

    def _primary_pressed(self) -> None:
        if self._screen is not None:
            self.action_pressed.emit(self._screen.primary.action.value)

    def _show_title_row(self, screen: CounterScreen) -> None:
        self.brand.show_names(shop=screen.shop_name, till=screen.till_name)
        self.search.show_text(screen.search_text, placeholder=screen.search_placeholder)
        self.chip.show_chip(screen.chip)
        self.cashier.show_cashier(screen.cashier, title=self._words.cashier)
        badge = screen.menu_badge
        to_look_at = f", {badge} {self._words.to_look_at}" if badge else ""
        self.menu.show_face("", icon="menu", name=self._words.menu + to_look_at, key="F10")
        self.menu.show_badge(badge)

    def _show_rest(self, screen: CounterScreen) -> bool:
        """Show bottom row and last sales; the key for undo is in one of them, never in both."""
        is_wide = self.zone_boxes().last_sales is not None
        others = tuple(each for each in screen.bottom if each.action is not Action.UNDO)
        has_undo = len(others) < len(screen.bottom)
        narrow = screen.bottom if has_undo else (*others, screen.undo)
        has_new = self.bottom.show_buttons(others if is_wide else narrow)
        if is_wide and self._last_sales is None:
            self._last_sales = LastSalesColumn(self._theme, self)
            self._last_sales.action_pressed.connect(self.action_pressed)
            self._last_sales.sale_pressed.connect(self.sale_pressed)
            self._arrange()
            has_new = True
        if self._last_sales is not None:
            self._last_sales.setVisible(is_wide)
            has_new |= self._last_sales.show_sales(
                title=screen.last_sales_title,
                rows=screen.last_sales,
                empty=screen.last_sales_empty,
                undo=screen.undo,
            )
        return has_new

    def _show_letters(self, *, is_open: bool) -> bool:
        """Show the letter board in the keypad's place, or the keypad."""
        is_new = is_open and self._letter_board is None
        if is_new:
            words = self._words
            self._letter_board = LetterBoard(
                self._theme,
                space_name=words.space,
                backspace_name=words.delete_letter,
                close_name=words.close,
                parent=self,
            )
            self._letter_board.letter_pressed.connect(self.letter_pressed)
            self._letter_board.close_pressed.connect(
                lambda: self.action_pressed.emit(Action.LETTERS.value)
            )
            self._letter_board.show_alphabet(words.alphabet)
            self._arrange()
        if self._letter_board is not None:
            self._letter_board.setVisible(is_open)
        self.keypad.setVisible(not is_open)
        return is_new

    def _keep_focus(self, focused: QWidget | None) -> None:
        """Take the focus back to the view when what had it is gone.

        Qt would hand it to the next button, and Return would press that one.
        """
        if focused is None or not self.isAncestorOf(focused):
            return
        if not (focused.isVisibleTo(self) and focused.isEnabled()):
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _chain_focus(self) -> None:
        """Set the tab order: search, strip, member, rewards, amount, keypad, primary, bottom."""
        chain: list[QWidget] = [self.search.edit, self.search_letters, *self.strip.buttons]
        chain += self.left.focus_chain()
        chain += [self.amount, *self.keypad.keys]
        if self._letter_board is not None:
            chain += self._letter_board.keys
        chain += [self.primary, *self.bottom.buttons]
        if self._last_sales is not None:
            chain += [*self._last_sales.keys, self._last_sales.undo]
        chain += [self.chip, self.menu]
        for first, second in pairwise(chain):
            QWidget.setTabOrder(first, second)

    def _arrange(self) -> None:
        boxes = self.zone_boxes()
        places: list[tuple[QWidget | None, QRectF | None]] = [
            (self.brand, boxes.brand),
            (self.search, boxes.search),
            (self.chip, boxes.chip),
            (self.cashier, boxes.cashier),
            (self.menu, boxes.menu),
            (self.strip, boxes.strip),
            (self.left, boxes.left),
            (self.amount, boxes.amount),
            (self.keypad, boxes.keypad),
            (self._letter_board, boxes.keypad),
            (self.primary, boxes.primary),
            (self.bottom, boxes.bottom),
            (self._last_sales, boxes.last_sales),
        ]
        for widget, box in places:
            if widget is not None and box is not None:
                widget.setGeometry(placed(self, box))
        key_width = self._theme.px(_KEYBOARD_KEY_WIDTH)
        search = boxes.search
        key = QRectF(search.right() - key_width, search.y(), key_width, search.height())
        self.search_letters.setGeometry(placed(self, key))
        self.search_letters.raise_()
        self.keypad.set_gap(boxes.key_gap)
        if self._screen is not None and self._show_rest(self._screen):
            self._chain_focus()

    def _arrange_all(self) -> None:
        """Place everything anew though no size has changed: the scale or the direction has."""
        self._arrange()
        for widget in self.findChildren(QWidget):
            QApplication.sendEvent(widget, QResizeEvent(widget.size(), widget.size()))
            widget.update()
        self.update()

    def _dress(self) -> None:
        """Paint in the new colors and sizes."""
        self._arrange_all()
