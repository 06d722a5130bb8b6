"""Nothing moves, nothing is cut, and every target can be hit."""

import itertools
from dataclasses import replace

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.theme import Mode, Theme
from pos_loyalty.ui.views.counter_view import CounterView
from pos_loyalty.ui.views.zones import zones
from pos_loyalty.ui.widgets import text_painting
from tests.unit.ui.presenters.counter_fakes import Counter
from tests.unit.ui.views.counter_robot import (
    SIZES,
    STATES,
    box_in,
    each_text,
    open_counter,
    pressables,
)
from tools.sample_change_screens import ALL
from tools.sample_screens import IDLE, MEMBER, MEMBER_OFFLINE

LONG = "Wolfeschlegelsteinhausenbergerdorff " * 9


def _fixed_zones(view: CounterView) -> dict[str, QRect]:
    """Return the place of everything that must stay, whether it can be used or not."""
    widgets: dict[str, QWidget] = {
        "brand": view.brand,
        "search": view.search,
        "search letters": view.search_letters,
        "chip": view.chip,
        "cashier": view.cashier,
        "menu": view.menu,
        "strip": view.strip,
        "left": view.left,
        "amount": view.amount,
        "keypad": view.keypad,
        "primary": view.primary,
        "bottom": view.bottom,
    }
    widgets |= {f"key {place}": key for place, key in enumerate(view.keypad.keys)}
    widgets |= {
        f"bottom {place}": key for place, key in enumerate(view.bottom.buttons) if key.isVisible()
    }
    return {name: box_in(view, widget) for name, widget in widgets.items()}


@pytest.mark.parametrize("right_to_left", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_moves_between_states(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], *, right_to_left: bool
) -> None:
    view = open_counter(qtbot, theme, size=size, right_to_left=right_to_left)
    before = _fixed_zones(view)

    for state in STATES:
        view.show_screen(ALL[state])
        assert _fixed_zones(view) == before, state


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5])
@pytest.mark.parametrize("size", SIZES)
def test_zones_fill_the_window_and_touch_nowhere(size: tuple[int, int], scale: float) -> None:
    width, height = round(size[0] * scale), round(size[1] * scale)

    found = zones(width, height, scale)

    boxes = [found.strip, found.left, found.amount, found.keypad, found.primary, found.bottom]
    boxes += [found.brand, found.search, found.chip, found.cashier, found.menu]
    boxes += [found.last_sales] if found.last_sales is not None else []
    assert all(box.right() <= width and box.bottom() <= height for box in boxes)
    assert all(box.width() > 0 and box.height() > 0 for box in boxes)
    apart = round(8 * scale) - 1
    for first, second in itertools.combinations(boxes, 2):
        grown = first.adjusted(-apart, -apart, apart, apart)
        assert not grown.intersects(second)


def test_the_third_column_comes_at_1360() -> None:
    assert zones(1359, 768, 1.0).last_sales is None
    assert zones(1360, 768, 1.0).last_sales is not None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", SIZES)
def test_every_target_is_large_enough_and_inside_the_window(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], state: str
) -> None:
    view = open_counter(qtbot, theme, ALL[state], size=size)
    window = view.rect()

    for widget in pressables(view):
        box = box_in(view, widget)
        # The line of a field takes the whole height of the field around it.
        assert min(box.width(), box.height() + 6) >= 48, widget.accessibleName()
        assert window.contains(box), widget.accessibleName()


@pytest.mark.parametrize("size", SIZES)
def test_keys_and_primary_button_are_as_large_as_promised(
    qtbot: QtBot, theme: Theme, size: tuple[int, int]
) -> None:
    view = open_counter(qtbot, theme, size=size)

    assert all(min(key.width(), key.height()) >= 64 for key in view.keypad.keys)
    assert view.primary.height() == 80


@pytest.mark.parametrize("size", SIZES)
def test_letters_are_as_large_as_promised_and_lie_where_the_keypad_was(
    qtbot: QtBot, theme: Theme, size: tuple[int, int]
) -> None:
    view = open_counter(qtbot, theme, ALL["letters"], size=size)
    area = view.zone_boxes().keypad.toRect()

    letters = [w for w in pressables(view) if area.contains(box_in(view, w))]

    assert len(letters) > 26
    assert all(min(key.width(), key.height()) >= 56 for key in letters)
    assert not view.keypad.isVisible()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", SIZES)
def test_targets_do_not_overlap(
    qtbot: QtBot, theme: Theme, size: tuple[int, int], state: str
) -> None:
    view = open_counter(qtbot, theme, ALL[state], size=size)
    # A key for letters lies inside the field that it serves, where the line leaves room.
    boxes = {id(widget): box_in(view, widget) for widget in pressables(view)}

    for first, second in itertools.combinations(boxes.values(), 2):
        assert not first.intersects(second)


def _cut_texts(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return a set that fills with every text that is painted with an ellipsis."""
    cut: set[str] = set()
    original = text_painting.elided

    def watched(text: str, font: object, width: float) -> str:
        shown = original(text, font, width)  # pyright: ignore[reportArgumentType] - same type
        if shown != text:
            cut.add(text)
        return shown

    monkeypatch.setattr(text_painting, "elided", watched)
    return cut


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_cut_in_any_state(
    qtbot: QtBot,
    theme: Theme,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    mode: Mode,
) -> None:
    cut = _cut_texts(monkeypatch)
    theme.set_mode(mode)
    view = open_counter(qtbot, theme, size=size)

    for state in STATES:
        view.show_screen(ALL[state])
        view.grab()

    assert not cut


@pytest.mark.parametrize("size", SIZES)
def test_every_key_of_the_help_is_read_whole(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    cut = _cut_texts(monkeypatch)
    counter = Counter()
    counter.press("F1")
    view = open_counter(qtbot, theme, counter.screen, size=size)

    view.grab()

    assert not cut


def _longer_by_40_percent(text: str) -> str:
    """Return a text as long as a translation may be; figures stay as they are."""
    if not any(letter.isalpha() for letter in text):
        return text
    more = round(len(text) * 0.4)
    return text + ("ung wenig mehr als sonst und auch noch etwas")[:more].rstrip()


@pytest.mark.parametrize("size", SIZES)
def test_texts_longer_by_40_percent_are_not_cut(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    cut = _cut_texts(monkeypatch)
    view = open_counter(qtbot, theme, size=size)

    for state in STATES:
        view.show_screen(each_text(ALL[state], _longer_by_40_percent))
        view.grab()

    # Only the name of a member ends in an ellipsis, where the column is narrow.
    assert {text for text in cut if not text.startswith("Eva · Free pastry")} == set()


@pytest.mark.parametrize("right_to_left", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_texts_of_300_letters_move_nothing(
    qtbot: QtBot, theme: Theme, state: str, *, right_to_left: bool
) -> None:
    size = (1024, 720)
    view = open_counter(qtbot, theme, size=size, right_to_left=right_to_left)
    keep = {"left", "amount", "keypad", "primary", "strip", "search", "bottom"}
    before = {name: box for name, box in _fixed_zones(view).items() if name in keep}

    view.show_screen(each_text(ALL[state], lambda text: (text + " " + LONG)[:300]))
    view.grab()

    assert {name: box for name, box in _fixed_zones(view).items() if name in keep} == before
    assert all(view.rect().contains(box_in(view, widget)) for widget in pressables(view))


def test_a_short_window_drops_the_coaching_line_before_the_third_reward(
    qtbot: QtBot, theme: Theme
) -> None:
    short = open_counter(qtbot, theme, ALL["redeem"], size=(1024, 720))
    tall = open_counter(qtbot, theme, ALL["redeem"], size=(1920, 1080))

    shown = [key for key in short.left.focus_chain() if key.isVisible()]
    assert len(shown) == len([key for key in tall.left.focus_chain() if key.isVisible()]) == 3


def test_right_to_left_mirrors_the_zones_and_leaves_the_keypad_alone(
    qtbot: QtBot, theme: Theme
) -> None:
    straight = open_counter(qtbot, theme, MEMBER)
    mirrored = open_counter(qtbot, theme, MEMBER, right_to_left=True)

    for name in ("left", "amount", "search", "menu", "chip"):
        box = box_in(straight, getattr(straight, name))
        other = box_in(mirrored, getattr(mirrored, name))
        assert other.x() == straight.width() - box.x() - box.width(), name
    keys = [key.geometry() for key in straight.keypad.keys]
    assert [key.geometry() for key in mirrored.keypad.keys] == keys


def test_the_direction_can_change_while_the_counter_is_open(qtbot: QtBot, theme: Theme) -> None:
    from PySide6.QtCore import Qt

    fresh = open_counter(qtbot, theme, MEMBER_OFFLINE, right_to_left=True)
    changed = open_counter(qtbot, theme, MEMBER_OFFLINE)

    changed.setLayoutDirection(Qt.LayoutDirection.RightToLeft)

    assert changed.grab().toImage() == fresh.grab().toImage()


def test_scale_and_theme_can_change_while_the_counter_is_open(qtbot: QtBot, theme: Theme) -> None:
    changed = open_counter(qtbot, theme, MEMBER_OFFLINE, size=(1536, 1152))

    theme.set_scale(1.5)
    theme.set_mode(Mode.DARK)
    fresh = open_counter(qtbot, theme, MEMBER_OFFLINE, size=(1536, 1152))

    assert changed.grab().toImage() == fresh.grab().toImage()


def test_undo_is_in_the_bottom_row_or_in_the_third_column(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, replace(IDLE, undo=replace(IDLE.undo, label="Take back")))

    def shown() -> list[str]:
        return [w.accessibleName() for w in pressables(view)]

    assert shown().count("Take back") == 1
    view.resize(1366, 768)
    assert shown().count("Take back") == 1
    view.resize(1024, 768)
    assert shown().count("Take back") == 1
