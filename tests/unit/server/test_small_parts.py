"""Cursors, codes, addresses, ids: the small pure parts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, StoreUnavailable
from pos_loyalty.server.authentication import NotAllowed, is_signed
from pos_loyalty.server.cursor import Cursor, read_cursor
from pos_loyalty.server.join_till import JoinRefused, TooManyTries, WrongTriesPace, plain_code
from pos_loyalty.server.routes import status_of
from pos_loyalty.server.settings import listen_address
from pos_loyalty.server.system import SystemClock, SystemIds


@given(st.text())
def test_any_text_is_a_cursor_or_begins_again(text: str) -> None:
    cursor = read_cursor(text, 1)

    assert cursor.epoch == 1
    assert cursor == Cursor(1) or str(read_cursor(str(cursor), 1)) == str(cursor)


def test_a_cursor_of_another_epoch_begins_again() -> None:
    assert read_cursor(str(Cursor(1, 7, "member", "m")), 2) == Cursor(2)
    assert read_cursor(str(Cursor(2, 7, "member", "m.x")), 2) == Cursor(2, 7, "member", "m.x")


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_is_a_signature_by_accident(key: str, signature: str) -> None:
    assert not is_signed(key, signature, b"data")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("AB01-2345-6789", "AB0123456789"),
        (" ab0l 2345\t6789 ", "AB0123456789"),
        ("ABOI23456789", "AB0123456789"),
        ("AB01-2345-678", ""),
        ("AB01-2345-678U", ""),
        ("", ""),
    ],
)
def test_a_code_is_read_however_it_was_typed(typed: str, plain: str) -> None:
    assert plain_code(typed) == plain


def test_the_pace_of_wrong_codes_recovers_with_time() -> None:
    pace = WrongTriesPace(at_once_max=2, recovery_ms=1_000)
    for _ in range(2):
        pace.ensure_calm(0)
        pace.wrong(0)

    with pytest.raises(TooManyTries):
        pace.ensure_calm(999)

    pace.ensure_calm(1_001)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:8080", ("::1", 8080)),
        (":80", ("127.0.0.1", 80)),
        ("shop.example:65535", ("shop.example", 65535)),
    ],
)
def test_addresses_to_listen_on(text: str, address: tuple[str, int]) -> None:
    assert listen_address(text) == address


@pytest.mark.parametrize("text", ["", "x", "x:", "x:y", "x:65536", "x:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(CommandRefused):
        listen_address(text)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAllowed(Code.SIGNATURE), 401),
        (NotAllowed(Code.TILL_REVOKED), 403),
        (JoinRefused(Code.JOIN_CODE), 409),
        (CommandRefused(Code.BODY_LARGE), 413),
        (CommandRefused(Code.BODY_SHAPE), 400),
        (TooManyTries(Code.SERVER_BUSY), 503),
        (StoreUnavailable(Code.SERVER_FULL), 503),
    ],
)
def test_every_refusal_has_its_status(error: LoyaltyError, status: int) -> None:
    assert status_of(error) == status


def test_ids_are_uuids_of_version_7_in_order_of_time() -> None:
    clock = SystemClock()
    ids = SystemIds(clock)

    made = [ids.next_id() for _ in range(50)]

    assert len(set(made)) == 50
    assert all(re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", item) for item in made)
    assert [item[:12] for item in made] == sorted(item[:12] for item in made)
    assert len(ids.random_bytes(9)) == 9


def test_the_clocks_of_the_machine_agree_with_themselves() -> None:
    clock = SystemClock()

    assert clock.now_ms() > 1_600_000_000_000
    assert clock.monotonic_ms() <= clock.monotonic_ms()
    assert -24 * 60 < clock.offset_minutes(clock.now_ms()) < 24 * 60
