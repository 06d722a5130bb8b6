import pytest

from pos_loyalty.ui.theme import Theme, TypeRole
from pos_loyalty.ui.widgets.text_painting import (
    elided,
    fitted,
    is_right_to_left,
    text_width,
    wrapped,
)

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff " * 9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ayşe", False),
        ("عائشة", True),
        ("•• 4417", False),
        ("+42 نقطة", True),
        ("12 points", False),
        ("", False),
    ],
)
def test_the_first_letter_decides_the_direction(text: str, *, expected: bool) -> None:
    assert is_right_to_left(text) is expected


@pytest.mark.parametrize("text", [LONG_NAME[:300], "عائشة " * 50, "x" * 300])
def test_a_name_of_300_letters_ends_in_an_ellipsis_within_its_width(
    theme: Theme, text: str
) -> None:
    font = theme.font(TypeRole.NAME)

    shown = elided(text, font, 300)

    assert shown.endswith("…")
    assert text_width(shown, font) <= 300


def test_a_text_that_fits_is_left_alone(theme: Theme) -> None:
    font = theme.font(TypeRole.NAME)

    assert elided("Ayşe", font, text_width("Ayşe", font)) == "Ayşe"


def test_text_shrinks_before_it_is_cut(theme: Theme) -> None:
    wide = theme.font(TypeRole.AMOUNT, px=56)
    room = text_width("+49 151 23456789", wide) * 0.7

    text = fitted("+49 151 23456789", theme, TypeRole.AMOUNT, room, sizes=(56, 44, 32))

    assert text.lines == ("+49 151 23456789",)
    assert text.font.pixelSize() == 32


def test_text_wraps_in_the_smallest_size_and_loses_no_word(theme: Theme) -> None:
    sentence = "This card is not one of ours. Ask for another card or the phone number."

    text = fitted(sentence, theme, TypeRole.STRIP, 420, sizes=(19, 16), lines_max=2)

    assert " ".join(text.lines) == sentence
    assert len(text.lines) == 2
    assert all(text_width(line, text.font) <= 420 for line in text.lines)


@pytest.mark.parametrize("lines_max", [1, 2, 3])
def test_the_last_line_of_too_long_a_text_ends_in_an_ellipsis(theme: Theme, lines_max: int) -> None:
    font = theme.font(TypeRole.BODY)

    lines = wrapped(LONG_NAME, font, 200, lines_max=lines_max)

    assert len(lines) == lines_max
    assert lines[-1].endswith("…")
    assert all(text_width(line, font) <= 200.5 for line in lines)


def test_no_text_is_no_line(theme: Theme) -> None:
    assert wrapped("", theme.font(TypeRole.BODY), 200, lines_max=2) == ()
