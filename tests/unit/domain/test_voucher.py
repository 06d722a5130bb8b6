"""A voucher's letters carry every fact, and no altered one passes."""

import dataclasses
import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.card_payload import ALPHABET, check_letters
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.domain.invitation import (
    format_invitation,
    is_meant_as_invitation,
    parse_invitation,
)
from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX
from pos_loyalty.domain.receipt_code import is_meant_as_receipt
from pos_loyalty.domain.signed_letters import CodeForm
from pos_loyalty.domain.voucher import (
    AMOUNT_MAX,
    LAST_DAY_MAX,
    Voucher,
    VoucherGives,
    format_voucher,
    is_meant_as_voucher,
    is_signed_by,
    key_mark,
    parse_voucher,
    voucher_of,
    voucher_reward,
    voucher_to_sign,
)

MERCHANT = MerchantId("5" * 32)
OTHER = MerchantId("6" * 32)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()

vouchers = st.builds(
    Voucher,
    id=st.binary(min_size=16, max_size=16).map(bytes.hex),
    signer=st.just(key_mark(PUBLIC)),
    gives=st.sampled_from(VoucherGives),
    much=st.integers(1, AMOUNT_MAX),
    until=st.dates(dt.date(1970, 1, 1), LAST_DAY_MAX),
)
FIVE_OFF = Voucher(
    id="ab" * 16,
    signer=key_mark(PUBLIC),
    gives=VoucherGives.AMOUNT,
    much=500,
    until=dt.date(2026, 12, 31),
)


def code_of(voucher: Voucher) -> str:
    return format_voucher(MERCHANT, voucher, KEY.sign(voucher_to_sign(MERCHANT, voucher)))


@given(vouchers)
def test_what_is_written_is_read_again(voucher: Voucher) -> None:
    code = code_of(voucher)

    signed = parse_voucher(f" {code.lower()} ")

    assert signed.voucher == voucher
    assert is_signed_by(PUBLIC, MERCHANT, signed)
    assert voucher.amount + voucher.points == voucher.much
    assert len(code) == 188
    assert is_meant_as_voucher(code)
    assert not is_meant_as_receipt(code)


def test_a_voucher_may_be_worth_the_largest_sale_and_its_letters_hold_that() -> None:
    largest = dataclasses.replace(FIVE_OFF, much=AMOUNT_MAX)

    assert AMOUNT_MAX == 10**AMOUNT_DIGITS_MAX - 1
    assert parse_voucher(code_of(largest)).voucher == largest


def test_another_key_or_merchant_did_not_sign_it() -> None:
    signed = parse_voucher(code_of(FIVE_OFF))
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1").public_key()

    assert not is_signed_by(stranger.public_bytes_raw(), MERCHANT, signed)
    assert not is_signed_by(PUBLIC, OTHER, signed)
    assert not is_signed_by(b"no key", MERCHANT, signed)


@given(place=st.integers(0, 187), letter=st.sampled_from(ALPHABET))
def test_S30_no_changed_letter_passes_even_with_new_check_letters(place: int, letter: str) -> None:
    code = code_of(FIVE_OFF)
    changed = code[:place] + letter + code[place + 1 :]
    if changed == code:
        return
    with pytest.raises(CardError) as refused:
        parse_voucher(changed)
    assert refused.value.code is Code.VOUCHER_CHECK

    body = changed[:-2]
    forged = body + check_letters(body)
    if forged == code or not is_meant_as_voucher(forged):
        return
    try:
        signed = parse_voucher(forged)
    except CardError:
        return
    is_tag_alone = body[4:] == code[4:-2]
    assert is_tag_alone or not is_signed_by(PUBLIC, MERCHANT, signed)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert not is_meant_as_voucher(text)
    with pytest.raises(CardError):
        parse_voucher(text)
    with pytest.raises(CardError):
        parse_invitation(text, [MERCHANT])


def test_a_voucher_on_a_sale_is_told_from_a_reward() -> None:
    assert voucher_of(voucher_reward("ab" * 16)) == "ab" * 16
    assert voucher_of("free-pastry") == ""


def test_an_invitation_names_the_member_and_the_program() -> None:
    member = MemberId("0123456789abcdef" * 2)
    code = format_invitation(MERCHANT, member)

    assert is_meant_as_invitation(code)
    assert parse_invitation(code.lower(), [OTHER, MERCHANT]) == member
    with pytest.raises(CardError) as foreign:
        parse_invitation(code, [OTHER])
    assert foreign.value.code is Code.INVITATION_FOREIGN
    with pytest.raises(CardError) as damaged:
        parse_invitation(code[:-1] + ("B" if code[-1] != "B" else "C"), [MERCHANT])
    assert damaged.value.code is Code.INVITATION_CHECK


def test_a_code_carries_what_its_form_says() -> None:
    form = CodeForm(version="N", bytes_inside=2)

    assert form.read(form.write("BCD", b"\x01\x02")) == ("BCD", b"\x01\x02")
    with pytest.raises(ValueError, match="carries 2 bytes"):
        form.write("BCD", b"\x01")


def test_two_bytes_of_days_reach_to_2149() -> None:
    assert dt.date(2149, 6, 6) == LAST_DAY_MAX
