import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.devices.physical_keys import KeyNumbering, us_character
from pos_loyalty.devices.wedge_parser import (
    ALLOWED,
    KeyKind,
    Keystroke,
    Outcome,
    Replay,
    Scan,
    WedgeParser,
    WedgeTiming,
)

CARD = "CKNCBCDFGHJKLNPRSTVXBCDFGHJPS"


def typed(text: str, *, gap_ms: int, start_ms: int = 1_000) -> list[Keystroke]:
    """Return the keystrokes of `text`; a line feed is Enter."""
    return [
        Keystroke(
            at_ms=start_ms + place * gap_ms,
            kind=KeyKind.END if character == "\n" else KeyKind.CHARACTER,
            text=character,
        )
        for place, character in enumerate(text)
    ]


class Till:
    """A caller of the parser: keeps scans, and what reaches the focused widget."""

    def __init__(self, numbering: KeyNumbering = KeyNumbering.X11) -> None:
        self.parser = WedgeParser(numbering)
        self.scans: list[Scan] = []
        self.widget: list[Keystroke] = []

    def press(self, keys: list[Keystroke]) -> None:
        for key in keys:
            deadline_ms = self.parser.deadline_ms
            if deadline_ms is not None and key.at_ms > deadline_ms:
                self.act(self.parser.silence(deadline_ms))
            outcome = self.parser.press(key)
            self.act(outcome)
            if outcome.is_passed_on:
                self.widget.append(key)

    def wait(self) -> None:
        if self.parser.deadline_ms is not None:
            self.act(self.parser.silence(self.parser.deadline_ms))

    def act(self, outcome: Outcome) -> None:
        for action in outcome.actions:
            if isinstance(action, Replay):
                self.widget.extend(action.keystrokes)
            else:
                self.scans.append(action)

    @property
    def text(self) -> str:
        return "".join(key.text for key in self.widget)


@pytest.mark.parametrize("gap_ms", [0, 2, 20, 60])
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_fast_burst_is_a_scan_with_enter_or_silence_at_its_end(gap_ms: int, end: str) -> None:
    till = Till()

    till.press(typed(CARD + end, gap_ms=gap_ms))
    till.wait()

    assert [scan.text for scan in till.scans] == [CARD]
    assert till.widget == []


@pytest.mark.parametrize("gap_ms", [61, 81, 200])
def test_a_persons_typing_reaches_the_widget_in_order(gap_ms: int) -> None:
    till = Till()

    till.press(typed("Yilmaz 0151\n", gap_ms=gap_ms))
    till.wait()

    assert till.scans == []
    assert till.text == "Yilmaz 0151\n"


def test_seven_fast_characters_are_typing() -> None:
    till = Till()

    till.press(typed("1234567\n", gap_ms=5))

    assert till.text == "1234567\n"
    assert till.scans == []


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from([*KeyKind]), st.characters(), st.booleans()),
        max_size=60,
    )
)
def test_no_key_is_lost_doubled_or_moved(
    steps: list[tuple[int, KeyKind, str, bool]],
) -> None:
    at_ms, keys = 0, list[Keystroke]()
    for number, (gap_ms, kind, text, is_command) in enumerate(steps):
        at_ms += gap_ms
        keys.append(
            Keystroke(at_ms=at_ms, kind=kind, text=text, is_command=is_command, key_number=number)
        )
    till = Till(KeyNumbering.MACOS)

    till.press(keys)
    till.wait()

    kept = [key for key in till.widget if key.kind is not KeyKind.MODIFIER]
    numbers = [key.key_number for key in kept]
    assert numbers == sorted(set(numbers))
    if not till.scans:
        plain = [key for key in keys if key.kind is KeyKind.CHARACTER and not key.is_command]
        assert [key for key in kept if key in plain] == plain


def test_keys_of_another_layout_are_read_by_their_place() -> None:
    """A Turkish Q and an Arabic layout: what the system makes of the keys is not what was meant."""
    for foreign in ("\u0131\u015f\u00e7", "\u0634\u0633\u064a"):
        till = Till()
        numbers = {us_character(KeyNumbering.X11, n, is_shifted=True): n for n in range(8, 100)}
        keys = [
            Keystroke(
                at_ms=place * 3,
                text=foreign[place % 3],
                key_number=numbers[letter],
                is_shifted=True,
            )
            for place, letter in enumerate(CARD)
        ]

        till.press(keys)
        till.wait()

        assert till.scans[0].texts == (CARD,)
        assert till.scans[0].dropped == 0


def test_a_scanner_set_to_the_tills_own_layout_is_read_by_the_layout() -> None:
    """A QWERTZ scanner on a QWERTZ till presses the key of Y for Z: both readings are offered."""
    till = Till()
    keys = [Keystroke(at_ms=place, text="Z", key_number=29, is_shifted=True) for place in range(8)]

    till.press(keys)
    till.wait()

    assert till.scans[0].texts == ("YYYYYYYY", "ZZZZZZZZ")
    assert till.scans[0].reading("ZZZZZZZZ".__eq__) == "ZZZZZZZZ"
    assert till.scans[0].reading("neither".__eq__) == "YYYYYYYY"


@pytest.mark.parametrize("numbering", list(KeyNumbering))
def test_every_card_letter_has_a_physical_key(numbering: KeyNumbering) -> None:
    upper = {us_character(numbering, number, is_shifted=True) for number in range(256)}
    lower = {us_character(numbering, number, is_shifted=False) for number in range(256)}

    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZ:") <= upper
    assert set("0123456789abcdefghijklmnopqrstuvwxyz./- ") <= lower


def test_the_tables_agree_with_known_keys() -> None:
    assert us_character(KeyNumbering.EVDEV, 16, is_shifted=False) == "q"
    assert us_character(KeyNumbering.X11, 24, is_shifted=True) == "Q"
    assert us_character(KeyNumbering.WINDOWS, 0x2C, is_shifted=False) == "z"
    assert us_character(KeyNumbering.MACOS, 0x10, is_shifted=False) == "y"
    assert us_character(KeyNumbering.MACOS, 0x2F, is_shifted=True) == ">"
    assert us_character(KeyNumbering.EVDEV, 82, is_shifted=False) == "0"
    assert us_character(KeyNumbering.EVDEV, 1, is_shifted=False) is None


def test_a_held_key_is_passed_on_and_no_scan() -> None:
    till = Till()
    repeats = [Keystroke(at_ms=500 + n * 30, text="0", is_auto_repeat=True) for n in range(20)]

    till.press([Keystroke(at_ms=0, text="0"), *repeats])
    till.wait()

    assert till.scans == []
    assert till.text == "0" * 21


def test_an_echo_inside_a_burst_is_ignored() -> None:
    till = Till()
    keys = typed(CARD, gap_ms=5)
    keys.insert(5, Keystroke(at_ms=keys[4].at_ms, text="G", is_auto_repeat=True))

    till.press(keys)
    till.wait()

    assert till.scans[0].text == CARD


def test_the_late_enter_of_a_scanner_does_not_reach_the_sale() -> None:
    till = Till()

    till.press(typed(CARD, gap_ms=2, start_ms=0))
    till.wait()
    till.press([Keystroke(at_ms=58 + 150, kind=KeyKind.END, text="\n")])
    assert till.widget == []

    till.press([Keystroke(at_ms=58 + 400, kind=KeyKind.END, text="\n")])
    assert till.text == "\n"


def test_the_line_feed_after_the_enter_of_a_scanner_does_nothing() -> None:
    till = Till()

    till.press(typed(CARD + "\n", gap_ms=2, start_ms=0))
    till.press([Keystroke(at_ms=60, text="\n", is_command=True)])
    till.wait()

    assert len(till.scans) == 1
    assert till.widget == []


def test_enter_alone_is_passed_on_at_once() -> None:
    till = Till()

    till.press(typed("\n\n\n\n\n", gap_ms=60))

    assert till.text == "\n\n\n\n\n"


def test_A04_no_control_character_of_a_bar_code_acts() -> None:
    """Every ASCII code, with and without Ctrl or Alt, and function keys, at the head, in the middle
    and at the tail of a code: nothing reaches a widget, only allowed letters are in the text."""
    hostile = [
        Keystroke(at_ms=0, kind=kind, text=chr(code), is_command=is_command)
        for code, kind, is_command in itertools.product(
            range(128), (KeyKind.CHARACTER, KeyKind.OTHER), (False, True)
        )
    ]
    for key, place in itertools.product(hostile, (0, 14, 29)):
        till = Till()
        body = typed(CARD, gap_ms=0, start_ms=0)

        till.press([*body[:place], key, *body[place:], Keystroke(at_ms=0, kind=KeyKind.END)])

        assert till.widget == []
        assert set(till.scans[0].text.upper()) <= ALLOWED
        is_let_in = key.kind is KeyKind.CHARACTER and not key.is_command
        expected = key.text if is_let_in and key.text.upper() in ALLOWED else ""
        assert till.scans[0].text == CARD[:place] + expected + CARD[place:]
        assert till.scans[0].dropped == 1 - len(expected)


def test_A04_a_short_bar_code_of_shortcuts_does_nothing() -> None:
    till = Till()

    till.press([Keystroke(at_ms=n, text="\x12", is_command=True) for n in range(5)])
    till.wait()

    assert till.widget == []
    assert till.scans == []


def test_a_persons_shortcut_works() -> None:
    till = Till()

    till.press([Keystroke(at_ms=0, kind=KeyKind.MODIFIER), Keystroke(at_ms=90, is_command=True)])
    till.wait()

    assert [key.at_ms for key in till.widget] == [0, 90]


def test_a_code_of_control_characters_alone_is_an_empty_scan() -> None:
    till = Till()

    till.press([Keystroke(at_ms=n, text="\x12", is_command=True) for n in range(9)])
    till.wait()

    assert till.scans == [Scan(texts=("",), dropped=9, slowest_gap_ms=1)]


def test_A03_an_endless_bar_code_takes_no_endless_memory() -> None:
    till = Till()

    till.press(typed("X" * 10_000, gap_ms=1))
    till.wait()

    assert len(till.scans[0].text) == 512
    assert till.scans[0].dropped == 10_000 - 512


def test_set_up_tightens_the_gap_to_the_measured_scanner() -> None:
    till = Till()
    till.press(typed(CARD + "\n", gap_ms=12))

    timing = WedgeTiming().tightened_to(till.scans)

    assert (timing.gap_ms_max, timing.mean_gap_ms_max) == (24, 24)
    assert WedgeTiming().tightened_to([]) == WedgeTiming()


def test_a_delayed_timer_changes_nothing() -> None:
    """The caller was busy: the next key comes before it could report the silence."""
    parser = WedgeParser(KeyNumbering.X11)
    for key in typed(CARD, gap_ms=2, start_ms=0):
        parser.press(key)
    late = Keystroke(at_ms=900, text="7")

    outcome = parser.press(late)

    assert [action.text for action in outcome.actions if isinstance(action, Scan)] == [CARD]
    assert parser.silence(950) == Outcome()
    assert parser.silence(981).actions == (Replay((late,)),)
    assert parser.silence(981) == Outcome()
