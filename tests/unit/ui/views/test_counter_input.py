"""What is pressed is reported once, by finger and by key, and the focus stays where it was."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QColor, QImage, QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    Button,
    ListPanel,
    MemberPanel,
    TierBadge,
)
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.counter_view import CounterView
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.widgets.letter_board import BACKSPACE, LETTERS_MAX
from pos_loyalty.ui.widgets.painted import Pressable
from tests.unit.ui.views.counter_robot import STATES, box_in, open_counter, pressables
from tools.sample_change_screens import ALL
from tools.sample_screens import (
    BAD_CARD,
    CAMERA,
    DONE,
    FIND,
    IDLE,
    LETTERS,
    MANY_ROWS,
    MEMBER,
    MEMBER_OFFLINE,
    REDEEM,
    SIGN_UP,
)


def _heard(view: CounterView) -> list[object]:
    """Return a list that fills with everything that the view reports."""
    heard: list[object] = []
    for signal in (
        view.action_pressed,
        view.digit_pressed,
        view.reward_pressed,
        view.row_pressed,
        view.search_edited,
        view.name_edited,
        view.letter_pressed,
    ):
        signal.connect(heard.append)
    return heard


def _named(view: CounterView, name: str) -> QWidget:
    return next(w for w in pressables(view) if w.accessibleName().startswith(name))


def _tap(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_every_key_of_the_keypad_reports_its_figure(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, replace(IDLE, decimal_key=","))
    heard = _heard(view)

    for key in view.keypad.keys:
        _tap(key)

    figures = ["7", "8", "9", "backspace", "4", "5", "6", "clear"]
    assert heard == [*figures, "1", "2", "3", "add_line", "00", "0", "."]


@pytest.mark.parametrize("size", [(1024, 768), (1366, 768)])
def test_every_button_reports_its_action(qtbot: QtBot, theme: Theme, size: tuple[int, int]) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE, size=size)
    heard = _heard(view)

    names = ["Complete", "New member", "Find", "Rewards", "No card", "Receipt", "Undo", "Remove"]
    for name in [*names, "Menu", "Offline", "Letters"]:
        _tap(_named(view, name))

    expected = ["complete", "new_member", "find", "rewards", "no_card", "receipt", "undo"]
    assert heard == [*expected, "cancel", "menu", "connection", "letters"]


def test_a_disabled_button_reports_nothing(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, IDLE)
    heard = _heard(view)

    _tap(view.primary)

    assert heard == []


def test_a_reward_reports_its_position_and_shows_a_tick_only_when_told(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, MEMBER)
    heard = _heard(view)
    second = _named(view, "€3 off")
    assert isinstance(second, Pressable)

    _tap(second)

    assert heard == [2]
    assert not second.isChecked()
    view.show_screen(REDEEM)
    assert [w.isChecked() for w in view.left.focus_chain() if isinstance(w, Pressable)] == [
        True,
        False,
        False,
    ]


def test_rows_report_their_keys_and_pages_turn(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MANY_ROWS)
    heard = _heard(view)

    _tap(_named(view, "Jonas K. · € 10.50"))
    _tap(_named(view, "Next page"))
    first_of_second_page = next(w for w in pressables(view) if "€ 15.50" in w.accessibleName())
    _tap(first_of_second_page)
    _tap(_named(view, "Previous page"))
    _tap(_named(view, "Jonas K. · € 11.50"))

    assert heard == ["10", "15", "11"]


def test_a_selected_row_is_always_on_the_page(qtbot: QtBot, theme: Theme) -> None:
    panel = MANY_ROWS.left
    assert isinstance(panel, ListPanel)
    last = replace(panel.rows[-1], selected=True)
    view = open_counter(qtbot, theme, MANY_ROWS)

    view.show_screen(replace(MANY_ROWS, left=replace(panel, rows=(*panel.rows[:-1], last))))

    assert _named(view, last.title).isVisible()


def test_typing_into_search_and_name_is_reported(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, SIGN_UP)
    heard = _heard(view)

    view.focus_search()
    QTest.keyClicks(view.search.edit, "le")
    view.focus_name()
    name = view.left.name_field
    assert name is not None
    QTest.keyClicks(name.edit, "A")

    assert heard == ["l", "le", "A"]


def test_a_screen_does_not_move_the_caret_of_who_types(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, FIND)
    view.focus_search()
    view.search.edit.setCursorPosition(1)

    view.show_screen(replace(FIND, chip=MEMBER_OFFLINE.chip))

    assert view.search.edit.cursorPosition() == 1
    assert view.search.edit.hasFocus()


def test_letters_are_reported_one_by_one(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, LETTERS)
    heard = _heard(view)

    for name in ("A", "Space", "Z", "Delete the last letter", "Close"):
        area = view.zone_boxes().keypad.toRect()
        keys = [w for w in pressables(view) if area.contains(box_in(view, w))]
        _tap(next(key for key in keys if key.accessibleName() == name))

    assert heard == ["A", " ", "Z", BACKSPACE, "letters"]


def test_the_board_has_room_for_the_longest_alphabet(qtbot: QtBot, theme: Theme) -> None:
    view = CounterView(theme, words=CounterWords(alphabet="ابتثجحخدذرزسشصضطظعغفقكلمنهويءأةىؤ"))
    qtbot.addWidget(view)

    assert len(CounterWords().alphabet) <= LETTERS_MAX
    view.show_screen(LETTERS)


def test_consent_and_letters_are_beside_the_name(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, SIGN_UP)
    heard = _heard(view)

    _tap(_named(view, "Offers by text"))

    assert heard == ["consent"]


def test_a_press_acts_when_the_finger_lets_go_and_not_beside_the_key(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)
    heard = _heard(view)
    middle = view.primary.rect().center()

    QTest.mousePress(view.primary, Qt.MouseButton.LeftButton, pos=middle)
    assert view.primary.isDown()
    assert heard == []
    outside = QPointF(-200, -200)
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        outside,
        view.primary.mapToGlobal(outside),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view.primary, move)
    QTest.mouseRelease(view.primary, Qt.MouseButton.LeftButton, pos=QPoint(-200, -200))
    assert heard == []

    QTest.mouseClick(view.primary, Qt.MouseButton.LeftButton)
    assert heard == ["complete"]


def test_a_pressed_key_looks_pressed_at_once(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, IDLE)
    key = view.keypad.keys[0]
    before = key.grab().toImage()

    QTest.mousePress(key, Qt.MouseButton.LeftButton)

    assert key.grab().toImage() != before
    QTest.mouseRelease(key, Qt.MouseButton.LeftButton)
    assert key.grab().toImage() == before


def test_a_tap_leaves_the_focus_where_it_was(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, IDLE)
    view.focus_search()

    _tap(view.keypad.keys[0])

    assert view.search.edit.hasFocus()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_the_focused_button_is_pressed_by_key(qtbot: QtBot, theme: Theme, key: Qt.Key) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)
    heard = _heard(view)
    view.primary.setFocus()

    QTest.keyClick(view.primary, key)

    assert heard == ["complete"]


def test_a_key_held_down_presses_nothing(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)
    heard = _heard(view)
    view.primary.setFocus()
    none = Qt.KeyboardModifier.NoModifier
    repeated = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, none, "\r", autorep=True)

    QApplication.sendEvent(view.primary, repeated)

    assert heard == []


def test_focus_goes_through_the_zones_in_order(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE, size=(1366, 768))
    view.focus_search()

    seen: list[str] = []
    for _ in range(40):
        focused = QApplication.focusWidget()
        assert focused is not None
        if focused.accessibleName() in seen:
            break
        seen.append(focused.accessibleName())
        QTest.keyClick(focused, Qt.Key.Key_Tab)

    first = ["Scan card, or type phone or name", "Letters", "Remove", "Why?"]
    assert seen[:7] == [
        *first,
        "Free pastry, 800 points · leaves 440",
        "€3 off, 600 points · leaves 640",
        "Sale amount: € 21.00",
    ]
    assert seen[7:10] == ["7", "8", "9"]
    order = [seen.index(name) for name in ("Complete · +42 points", "New member", "Undo")]
    assert order == sorted(order)
    assert seen[-2:] == ["Offline · saving here", "Menu"]


def test_focus_is_visible_around_what_has_it(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)
    ring = theme.color("focus")

    def pixel_left_of(widget: QWidget) -> QColor:
        box = box_in(view, widget)
        return view.grab().toImage().pixelColor(box.left() - 4, box.center().y())

    for widget in (view.primary, view.keypad.keys[4], view.amount, view.bottom.buttons[1]):
        assert pixel_left_of(widget) != ring
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert pixel_left_of(widget) == ring


def test_a_counter_that_has_the_focus_can_be_closed(qtbot: QtBot, theme: Theme) -> None:
    view = CounterView(theme)
    view.show_screen(MEMBER_OFFLINE)
    with qtbot.waitExposed(view):
        view.show()
    view.activateWindow()
    view.primary.setFocus()

    with qtbot.waitSignal(view.destroyed):
        view.deleteLater()


def test_focus_does_not_jump_to_the_next_button_when_its_own_goes_away(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)
    view.primary.setFocus()

    view.show_screen(DONE)

    assert QApplication.focusWidget() is view
    strip_button = view.strip.buttons[0]
    strip_button.setFocus()
    view.show_screen(IDLE)
    assert QApplication.focusWidget() is view


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", [(1024, 768), (1366, 768)])
def test_a_screen_reader_finds_a_name_on_everything(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], state: str
) -> None:
    view = open_counter(qtbot, theme, ALL[state], size=size)

    nameless = [widget for widget in pressables(view) if not widget.accessibleName()]

    assert not nameless
    assert view.strip.accessibleName() == ALL[state].strip.text
    current = view.left.current
    assert current is not None
    assert current.accessibleName()


def test_the_key_that_does_the_same_is_the_description(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)

    assert view.primary.accessibleDescription() == "Enter"
    assert _named(view, "Free pastry").accessibleDescription() == "Alt 1"
    assert view.menu.accessibleDescription() == "F10"


def test_a_new_message_is_read_out_once(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, object]] = []

    def update(event: object) -> None:
        politeness = getattr(event, "politeness", None)
        if politeness is not None:
            told.append((getattr(event, "message")(), politeness()))  # noqa: B009 - any event

    view = open_counter(qtbot, theme, IDLE)
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", update)

    view.show_screen(BAD_CARD)
    view.show_screen(replace(BAD_CARD, search_text="1"))
    view.show_screen(MEMBER)

    level = QAccessible.AnnouncementPoliteness
    assert told == [
        (BAD_CARD.strip.text, level.Assertive),
        (MEMBER.strip.text, level.Polite),
    ]


class _Paints(QWidget):
    """Counts the paintings of what it is installed on."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            self.painted.append(watched)
        return False


def test_only_what_differs_is_painted_again(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MEMBER_OFFLINE)
    qtbot.wait(20)
    paints = _Paints()
    for widget in (view.amount, view.primary, view.left, view.strip, *view.keypad.keys):
        widget.installEventFilter(paints)

    view.show_screen(replace(MEMBER_OFFLINE))
    qtbot.wait(20)
    assert paints.painted == []

    amount = replace(MEMBER_OFFLINE.amount, text="€ 210.00")
    view.show_screen(replace(MEMBER_OFFLINE, amount=amount))
    qtbot.waitUntil(lambda: view.amount in paints.painted)
    assert set(paints.painted) == {view.amount}
    paints.deleteLater()


def test_the_camera_picture_is_shown_only_while_the_camera_is_open(
    qtbot: QtBot, theme: Theme
) -> None:
    frame = QImage(64, 48, QImage.Format.Format_RGB32)
    frame.fill(QColor("#00ff00"))
    view = open_counter(qtbot, theme, IDLE)
    before = view.grab().toImage()

    view.set_frame(frame)
    assert view.grab().toImage() == before

    view.show_screen(CAMERA)
    view.set_frame(frame)
    middle = box_in(view, view.left).center()
    assert view.grab().toImage().pixelColor(middle) == QColor("#00ff00")


def test_an_ampersand_is_a_letter_and_no_shortcut(qtbot: QtBot, theme: Theme) -> None:
    button = Button(Action.FIND, "Fish & Chips", "F3", "search")
    view = open_counter(qtbot, theme, replace(IDLE, bottom=(button,)))

    assert view.bottom.buttons[0].text() == "Fish & Chips"
    assert view.bottom.buttons[0].shortcut().isEmpty()


def test_more_buttons_than_places_on_the_strip_are_left_out(qtbot: QtBot, theme: Theme) -> None:
    three = (*BAD_CARD.strip.buttons, Button(Action.HELP, "Help", "F1"))
    view = open_counter(
        qtbot, theme, replace(BAD_CARD, strip=replace(BAD_CARD.strip, buttons=three))
    )

    assert [button.isVisible() for button in view.strip.buttons] == [True, True]


def test_a_member_without_points_level_and_initials_can_be_shown(
    qtbot: QtBot, theme: Theme
) -> None:
    panel = MEMBER.left
    assert isinstance(panel, MemberPanel)
    bare = replace(panel, initials="", tier=TierBadge("", ""), points="", progress=None, rewards=())
    view = open_counter(qtbot, theme, replace(MEMBER, left=bare))

    assert view.left.current is not None
    assert not view.left.current.grab().isNull()
