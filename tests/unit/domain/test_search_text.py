"""Search finds what a person means, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.search_text import (
    digits_of,
    fold,
    member_words,
    name_phrases,
    name_words,
    phone_words,
    query_phrase,
    query_words,
)


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Ay\u015fe Y\u0131lmaz", "ayse yilmaz"),
        ("IŞIL", "isil"),
        ("İpek", "ipek"),
        ("Müller", "muller"),
        ("Weiß", "weiss"),
        ("Łukasz", "lukasz"),
        ("Søren", "soren"),
        ("أحمد", "احمد"),
        ("José", "jose"),
    ],
)
def test_F59_accents_case_and_letter_forms_make_no_difference(stored: str, typed: str) -> None:
    assert name_words(stored) == name_words(typed)


@given(st.text(max_size=60))
def test_F59_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_phone_is_found_by_its_national_form_and_its_last_four() -> None:
    words = phone_words("+4915123456789")

    assert "015123456789" in words
    assert "6789" in words
    assert phone_words("") == ()


def test_a_typed_number_with_spaces_is_one_word() -> None:
    assert query_words("0151 23 45") == ("01512345",)
    assert query_words("jo smi") == ("jo", "smi")
    assert query_words("   ") == ()
    assert query_words("--") == ()


def test_a_name_is_a_phrase_from_each_of_its_words_on() -> None:
    assert name_phrases("Ayşe") == ()
    assert name_phrases("Ayşe Demir") == ("ayse demir", "demir ayse")
    assert name_phrases("Ann Mary Lee") == (
        "ann mary lee",
        "mary lee ann",
        "lee ann mary",
        "ann lee",
    )
    assert any(phrase.startswith("lee an") for phrase in name_phrases("Ann Mary Lee"))


def test_a_member_is_found_by_name_and_phone_words_each_once() -> None:
    words = member_words(name="Ayşe Ayşe", phone="+491512345")

    assert words.count("ayse") == 1
    assert digits_of("\u0660\u0661\u0665") == "015"


def test_a_long_word_is_found_by_its_beginning_and_a_long_name_by_its_first_words() -> None:
    assert name_words("a" * 42 + " b") == ("a" * 40, "b")
    long = ("a" * 40, "b" * 40)
    assert query_phrase(long) == name_phrases(" ".join(long))[0] == "a" * 40 + " " + "b" * 19


@pytest.mark.parametrize(
    ("phone", "words"),
    [
        ("+123456", ("123456", "023456", "3456")),
        ("+1234567", ("1234567", "0234567", "034567", "4567")),
        ("+12345678", ("12345678", "02345678", "0345678", "045678", "5678")),
        ("+1234", ("1234",)),
    ],
)
def test_a_national_number_has_more_than_the_four_digits_at_its_end(
    phone: str, words: tuple[str, ...]
) -> None:
    assert phone_words(phone) == words
