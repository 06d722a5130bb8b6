import itertools
import random
import string
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pos_loyalty.domain.card_payload import (
    ALPHABET,
    PAYLOAD_LENGTH,
    CardToken,
    card_key,
    check_letters,
    format_payload,
    group_card_number,
    looks_like_card,
    make_card_number,
    merchant_tag,
    parse_card_number,
    parse_payload,
    random_letters,
    whole_payload,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MerchantId

MERCHANT = MerchantId("0192f7c0a1b27c3d8e4f5a6b7c8d9e0f")
OTHER = MerchantId("0192f7c0a1b27c3d8e4f5a6b7c8d9e10")
LETTERS = "BCDFGHJKLNPRSTVXBCDFGHJ"

letters_strategy = st.text(alphabet=ALPHABET, min_size=23, max_size=23)
merchants = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32).map(MerchantId)


def code_of(text: str) -> Code:
    """Return why `text` is not taken as a card of MERCHANT."""
    with pytest.raises(CardError) as caught:
        parse_payload(text, [MERCHANT])
    return caught.value.code


def is_taken(text: str) -> bool:
    try:
        parse_payload(text, [MERCHANT])
    except CardError:
        return False
    return True


@given(merchants, letters_strategy)
def test_what_is_formatted_is_parsed_back(merchant: MerchantId, letters: str) -> None:
    payload = format_payload(merchant, letters)

    assert len(payload) == PAYLOAD_LENGTH == 29
    assert set(payload) <= set(ALPHABET)
    assert parse_payload(payload, [merchant]) == CardToken(merchant, letters)


def test_the_format_never_changes_under_printed_cards() -> None:
    payload = format_payload(MERCHANT, LETTERS)

    assert payload == "CKNCBCDFGHJKLNPRSTVXBCDFGHJPS"
    assert parse_payload(payload, [MERCHANT]).key == "acfcdaf0a5890eb83cf768c5ff03b563"


@pytest.mark.parametrize("shape", [str.lower, str.upper, str.swapcase, "  {}\r\n".format])
def test_case_and_space_around_do_not_matter(shape: Callable[[str], str]) -> None:
    assert parse_payload(shape(format_payload(MERCHANT, LETTERS)), [MERCHANT]).letters == LETTERS


@pytest.mark.parametrize(
    "address",
    [
        "https://cards.example/c/{}",
        "HTTPS://CARDS.EXAMPLE/C/{}",
        "http://192.0.2.7:8080/c/{}/",
    ],
)
def test_the_portal_address_is_as_good_as_the_payload(address: str) -> None:
    text = address.format(format_payload(MERCHANT, LETTERS))

    assert parse_payload(text, [MERCHANT]).letters == LETTERS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.SCAN_UNREADABLE),
        (" \r\n", Code.SCAN_UNREADABLE),
        ("4006381333931", Code.SCAN_PRODUCT),
        ("96385074", Code.SCAN_PRODUCT),
        ("036000291452", Code.SCAN_PRODUCT),
        ("00012345600012", Code.SCAN_PRODUCT),
        ("https://example.com/menu", Code.CARD_NOT_OURS),
        ("https://a/b/c/" + format_payload(MERCHANT, LETTERS), Code.CARD_NOT_OURS),
        ("HELLO", Code.CARD_NOT_OURS),
        ("A" * 29, Code.CARD_NOT_OURS),
        ("B" * 29, Code.CARD_CHECK),
        ("B" * 40, Code.CARD_NOT_OURS),
        ("X" * 1_000_000, Code.CARD_NOT_OURS),
        (format_payload(MERCHANT, LETTERS).replace("S", "\u017f"), Code.CARD_NOT_OURS),
        (format_payload(MERCHANT, LETTERS) + "\0", Code.CARD_NOT_OURS),
        ("\x1d" + format_payload(MERCHANT, LETTERS), Code.CARD_NOT_OURS),
    ],
)
def test_each_kind_of_text_is_told_apart(text: str, code: Code) -> None:
    assert code_of(text) is code


def test_A02_a_card_of_another_merchant_is_foreign() -> None:
    payload = format_payload(OTHER, LETTERS)

    assert code_of(payload) is Code.CARD_FOREIGN
    assert parse_payload(payload, [MERCHANT, OTHER]).merchant == OTHER


def test_a_camera_takes_any_card_and_passes_over_the_rest() -> None:
    payload = format_payload(OTHER, LETTERS)

    assert looks_like_card(payload)
    assert whole_payload(f"https://host/c/{payload.lower()}") == payload
    assert not looks_like_card("B" * 29)
    assert not looks_like_card("https://example.com/menu")


def test_two_merchants_never_share_a_card_key() -> None:
    assert card_key(MERCHANT, LETTERS) != card_key(OTHER, LETTERS)


def test_a_card_of_a_later_version_is_told_from_a_damaged_one() -> None:
    body = "D" + format_payload(MERCHANT, LETTERS)[1:27]

    assert code_of(body + check_letters(body)) is Code.CARD_VERSION


def test_F44_a_scan_that_lost_or_doubled_a_letter_asks_to_scan_again() -> None:
    payload = format_payload(MERCHANT, LETTERS)

    for place in range(PAYLOAD_LENGTH):
        assert code_of(payload[:place] + payload[place + 1 :]) is Code.SCAN_UNREADABLE
        assert code_of(payload[: place + 1] + payload[place:]) is Code.SCAN_UNREADABLE


@pytest.mark.parametrize(
    ("letters", "code"),
    [
        (24, Code.CARD_NOT_OURS),
        (25, Code.SCAN_UNREADABLE),
        (33, Code.SCAN_UNREADABLE),
        (34, Code.CARD_NOT_OURS),
    ],
)
def test_F44_a_card_is_damaged_by_four_letters_and_not_by_five(letters: int, code: Code) -> None:
    assert code_of("B" * letters) is code


def test_A01_every_single_wrong_letter_is_caught() -> None:
    """All 29 x 15 changes of 200 payloads. As the check is linear, one payload would prove it."""
    randomness = random.Random(1)
    for _ in range(200):
        payload = format_payload(MERCHANT, random_letters(randomness.randbytes(12)))
        for place, letter in itertools.product(range(PAYLOAD_LENGTH), ALPHABET):
            changed = payload[:place] + letter + payload[place + 1 :]
            assert changed == payload or code_of(changed) is Code.CARD_CHECK


def test_A01_every_swap_of_neighbors_is_caught() -> None:
    """Every pair of letters at every place: 28 x 240 swaps."""
    base = format_payload(MERCHANT, LETTERS)
    for place in range(PAYLOAD_LENGTH - 1):
        for pair in itertools.permutations(ALPHABET, 2):
            swapped = "".join(reversed(pair))
            syndromes = {
                _syndrome(base[:place] + two + base[place + 2 :])
                for two in ("".join(pair), swapped)
            }
            assert len(syndromes) == 2


def _syndrome(payload: str) -> int:
    """Return how far the check letters are from right; 0 for a right payload.

    Two texts can only both be right if their syndromes are equal, so unequal ones prove that a
    change of one into the other is always noticed, whatever the rest of the payload.
    """
    right, got = check_letters(payload[:27]), payload[27:]
    values = [ALPHABET.index(letter) for letter in right + got]
    return (values[0] ^ values[2]) << 4 | values[1] ^ values[3]


def test_A01_a_million_made_up_texts_open_nothing() -> None:
    """500,000 random texts: none is taken. 500,000 cards with two letters changed, the smallest
    change the check may miss: the few it misses have a key that was never issued."""
    generator = np.random.default_rng(2)
    issued = generator.integers(0, 16, (1_000, 23))
    payloads = [format_payload(MERCHANT, text) for text in _texts(issued)]
    keys = {parse_payload(payload, [MERCHANT]).key for payload in payloads}
    random_values = generator.integers(0, 16, (500_000, PAYLOAD_LENGTH))
    mutated_values = np.tile(_values(payloads), (500, 1))
    places = np.argsort(generator.random((500_000, 23)), axis=1)[:, :2] + 4
    rows = np.arange(500_000)[:, None]
    mutated_values[rows, places] += generator.integers(1, 16, (500_000, 2))
    mutated_values %= 16

    random_passed, mutated_passed = _passing(random_values), _passing(mutated_values)

    assert len(random_passed) == pytest.approx(500_000 / 256, rel=0.1)
    assert not any(is_taken(text) for text in random_passed)
    assert 0 < len(mutated_passed) < 500_000 / 256
    assert keys.isdisjoint(parse_payload(text, [MERCHANT]).key for text in mutated_passed)


def _texts(values: NDArray[np.int64]) -> list[str]:
    return ["".join(row) for row in np.array(list(ALPHABET))[values].tolist()]


def _values(texts: list[str]) -> NDArray[np.int64]:
    return np.array([[ALPHABET.index(letter) for letter in text] for text in texts])


def _passing(values: NDArray[np.int64]) -> list[str]:
    """Return the texts whose check letters are right, computed a second way, for all at once."""
    remainder = np.full(len(values), 0xA5)
    for column in values[:, :27].T:
        for bit in (8, 4, 2, 1):
            overflow = (remainder >> 7 & 1) ^ (column // bit & 1)
            remainder = (remainder << 1 & 0xFF) ^ overflow * 0x07
    is_right = (values[:, 27] << 4 | values[:, 28]) == remainder
    wrong = _texts(values[~is_right][:5_000])
    assert {code_of(text) for text in wrong} == {Code.CARD_CHECK}
    return _texts(values[is_right])


@given(st.text(max_size=600) | st.text(alphabet=ALPHABET + ALPHABET.lower(), max_size=40))
@example("https://" + "a" * 600 + "/c/" + "B" * 29)
@example("\ud800")
def test_A03_hostile_texts_raise_only_card_errors(text: str) -> None:
    assert not is_taken(text)


@given(st.binary(max_size=64))
def test_A03_hostile_bytes_raise_only_card_errors(raw: bytes) -> None:
    assert not is_taken(raw.decode("latin-1"))


@given(letters_strategy)
def test_the_secret_letters_are_in_no_traceback(letters: str) -> None:
    assert letters not in repr(CardToken(MERCHANT, letters))


def test_random_letters_use_92_of_96_bits() -> None:
    assert random_letters(bytes(range(12))) == "BBBCBDBFBGBHBJBKBLBNBPB"
    with pytest.raises(ValueError, match="12 random bytes"):
        random_letters(b"short")


@pytest.mark.parametrize("letters", ["", "B" * 22, "B" * 24, "A" * 23, "b" * 23])
def test_wrong_random_letters_are_a_fault_of_the_caller(letters: str) -> None:
    with pytest.raises(ValueError, match="23 letters"):
        format_payload(MERCHANT, letters)


def test_tags_spread_over_the_alphabet() -> None:
    tags = {merchant_tag(MerchantId(f"{number:032x}")) for number in range(500)}

    assert len(tags) > 450


@given(st.text(alphabet=string.digits, min_size=11, max_size=11))
def test_a_card_number_is_read_back_however_it_is_typed(eleven_digits: str) -> None:
    number = make_card_number(eleven_digits)

    arabic = number.translate({ord(str(digit)): 0x660 + digit for digit in range(10)})
    for typed in (number, group_card_number(number), f" {number[:4]}-{number[4:]} ", arabic):
        assert parse_card_number(typed) == number


def test_every_wrong_digit_of_a_card_number_is_caught() -> None:
    number = make_card_number("52701234567")
    for place, digit in itertools.product(range(12), string.digits):
        changed = number[:place] + digit + number[place + 1 :]
        if changed != number:
            with pytest.raises(CardError) as caught:
                parse_card_number(changed)
            assert caught.value.code is Code.NUMBER_CHECK


@pytest.mark.parametrize("typed", ["", "1", "x" * 12, "0" * 13, "0" * 1_000_000, "\u00b2" * 12])
def test_what_is_no_card_number_is_told_in_words(typed: str) -> None:
    with pytest.raises(CardError) as caught:
        parse_card_number(typed)
    assert caught.value.code is Code.NUMBER_CHECK


def test_the_luhn_digit_is_the_one_of_the_standard() -> None:
    assert make_card_number("07992739871") == "079927398713"


@pytest.mark.parametrize("digits", ["123", "1234567890a", "\u0661" * 11])
def test_a_card_number_is_made_of_eleven_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="11 digits"):
        make_card_number(digits)
