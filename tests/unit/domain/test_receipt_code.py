"""A receipt's letters: short enough for a QR code, whole or refused."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.card_payload import ALPHABET, check_letters, looks_like_card
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MemberId, MerchantId, SaleId, StreamId, TillId
from pos_loyalty.domain.receipt_code import (
    Receipt,
    SignedReceipt,
    format_receipt,
    is_meant_as_receipt,
    is_signed_by,
    looks_like_receipt,
    parse_receipt,
    receipt_of,
    signed_text,
)
from pos_loyalty.sync.credentials import TillKey

MERCHANT = MerchantId("a" * 32)
KEY = TillKey(random.Random(3).randbytes(32))
PUBLIC = base64.b64decode(KEY.public_text)
RECEIPT = receipt_of(
    merchant=MERCHANT,
    member=MemberId("0123456789abcdef" * 2),
    sale=SaleId("1" * 24 + "89abcdef"),
    till=TillId("2" * 24 + "76543210"),
    stream=StreamId("f" * 32),
    seq=418,
    points=340,
    at_ms=1_790_000_000_123,
)


def code_of(receipt: Receipt = RECEIPT, merchant: MerchantId = MERCHANT) -> str:
    signature = base64.b64decode(KEY.sign(signed_text(merchant, receipt)))
    return format_receipt(receipt, signature)


def test_a_receipt_is_read_as_it_was_written() -> None:
    read = parse_receipt(code_of())

    assert read.receipt == RECEIPT
    assert is_signed_by(PUBLIC, MERCHANT, read)


def test_it_fits_a_qr_code_of_version_8_and_any_keyboard() -> None:
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_M

    code = code_of()
    qr = QRCode(error_correction=ERROR_CORRECT_M)
    qr.add_data(code)
    qr.make()

    assert set(code) <= set(ALPHABET)
    assert qr.version <= 8


def test_it_is_no_card_and_a_card_is_no_receipt() -> None:
    assert not looks_like_card(code_of())
    assert not looks_like_receipt("C" * 29)
    assert not is_meant_as_receipt("C" * 29)


def test_small_letters_and_space_around_count_the_same() -> None:
    assert parse_receipt(f" {code_of().lower()}\r\n").receipt == RECEIPT


def test_A01_every_other_letter_is_refused_or_not_signed() -> None:
    code = code_of()

    for place in range(len(code)):
        for letter in ALPHABET:
            if letter == code[place]:
                continue
            with pytest.raises(CardError) as refused:
                parse_receipt(code[:place] + letter + code[place + 1 :])
            assert refused.value.code is Code.RECEIPT_CHECK


def test_A01_facts_altered_with_right_check_letters_are_not_signed() -> None:
    """Whoever can compute check letters still cannot sign: each place, one letter on."""
    body = code_of()[:-2]

    for place in range(4, len(body)):
        letter = ALPHABET[(ALPHABET.index(body[place]) + 1) % len(ALPHABET)]
        forged = body[:place] + letter + body[place + 1 :]
        read = parse_receipt(forged + check_letters(forged))
        assert not is_signed_by(PUBLIC, MERCHANT, read)


def test_a_signature_is_good_for_one_merchant_alone() -> None:
    assert not is_signed_by(PUBLIC, MerchantId("b" * 32), parse_receipt(code_of()))


def test_a_later_version_says_so() -> None:
    body = "S" + code_of()[1:-2]

    with pytest.raises(CardError) as refused:
        parse_receipt(body + check_letters(body))
    assert refused.value.code is Code.RECEIPT_VERSION


@given(some.binary(max_size=40))
def test_any_key_is_safe(key: bytes) -> None:
    assert not is_signed_by(key, MERCHANT, SignedReceipt(RECEIPT, b"short"))


@given(some.text(max_size=500))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(CardError):
        parse_receipt(text)


@given(
    some.integers(min_value=-(2**70), max_value=2**70),
    some.integers(min_value=-(2**70), max_value=2**70),
)
def test_no_figure_breaks_it(points: int, at_ms: int) -> None:
    receipt = receipt_of(
        merchant=MERCHANT,
        member=RECEIPT.member,
        sale=SaleId("3" * 32),
        till=TillId(""),
        stream=StreamId("4" * 32),
        seq=1,
        points=points,
        at_ms=at_ms,
    )

    assert parse_receipt(code_of(receipt)).receipt == receipt


def test_figures_beyond_any_honest_one_are_cut_at_the_nearest_end() -> None:
    def cut(figure: int) -> tuple[int, int, int]:
        receipt = receipt_of(
            merchant=MERCHANT,
            member=RECEIPT.member,
            sale=SaleId("3" * 32),
            till=TillId(""),
            stream=StreamId("4" * 32),
            seq=figure,
            points=figure,
            at_ms=figure,
        )
        return receipt.seq, receipt.points, receipt.at_ms

    assert cut(-7) == (0, -7, 0)
    assert cut(0) == (0, 0, 0)
    assert cut(7) == (7, 7, 7)
    assert cut(2**60) == (2**32 - 1, 2**31 - 1, 2**48 - 1)
    assert cut(-(2**60)) == (0, 1 - 2**31, 0)


def test_letters_of_another_alphabet_and_endless_texts_are_no_receipt() -> None:
    code = code_of()

    assert is_meant_as_receipt(f"  {code.lower()}  ")
    assert not is_meant_as_receipt(code + "é" * 4)
    # `ﬀ` becomes two capital letters: no letters of a scanner.
    assert not is_meant_as_receipt(code.replace("FF", "ﬀ") if "FF" in code else "ﬀ" + code[2:])
    assert not is_meant_as_receipt(code + " " * 2 * len(code))
