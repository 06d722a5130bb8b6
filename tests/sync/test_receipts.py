"""A receipt of one till at another: its points are shown, and nothing follows from them."""

import json
from contextlib import closing

import pytest

from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.card_payload import ALPHABET, check_letters
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.owner_commands import erase_member
from pos_loyalty.services.look_up_card import CardKind, CardLookedUp, LookUpCard
from pos_loyalty.services.receipt import ReceiptStanding
from pos_loyalty.till import Till
from tests.contract.running_server import CLOCK
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, balance, spendable, sync


def two_tills(shop: Shop) -> tuple[Till, Till, MemberId]:
    """Two tills that have heard of each other, and a member known at both."""
    first, second = shop.joined_till("first"), shop.joined_till("second")
    member = enroll(first)
    assert sync(first).trouble is None
    assert sync(second).trouble is None
    return first, second, member


def receipt(till: Till, member: MemberId) -> str:
    code = till.make_receipt(sell(till, member).sale_id)
    assert code is not None
    return code


def scan(till: Till, text: str) -> CardLookedUp:
    return till.look_up_card(LookUpCard(text))


def refused(till: Till, text: str) -> Code:
    with pytest.raises(CardError) as refusal:
        scan(till, text)
    return refusal.value.code


def test_S30_a_receipt_shows_a_newer_balance_and_adds_nothing(shop: Shop) -> None:
    first, second, member = two_tills(shop)
    shop.proxy.cut()
    before, rights = balance(second, member), spendable(second, member)
    code = receipt(first, member)

    found = scan(second, code)

    assert found.kind is CardKind.MEMBER
    assert found.card_key is None
    assert found.member is not None
    assert found.member.balance_points == before
    assert found.receipt is not None
    assert found.receipt.standing is ReceiptStanding.NEWER
    assert found.receipt.points == balance(first, member) > before
    assert found.receipt.till_name == "Till 1"
    assert balance(second, member) == before
    assert spendable(second, member) == rights
    assert second.sync.status().pending == 0


def test_points_are_not_redeemed_with_paper(shop: Shop) -> None:
    """A photographed receipt finds the member as a typed number does: it collects."""
    first, second, member = two_tills(shop)

    found = scan(second, receipt(first, member))

    assert found.member is not None
    assert found.member.found_by == "number"


def test_a_receipt_that_was_heard_of_says_so(shop: Shop) -> None:
    first, second, member = two_tills(shop)
    code = receipt(first, member)
    sync(first)
    sync(second)

    read = scan(second, code).receipt
    assert read is not None
    assert read.standing is ReceiptStanding.SAME

    sell(second, member)
    sync(second)
    older = scan(second, code).receipt
    assert older is not None
    assert older.standing is ReceiptStanding.OLDER


def test_the_tills_own_older_receipt_is_older(shop: Shop) -> None:
    first, _, member = two_tills(shop)
    shop.proxy.cut()
    code = receipt(first, member)
    sell(first, member)

    read = scan(first, code).receipt
    assert read is not None
    assert read.standing is ReceiptStanding.OLDER


def test_A01_a_forged_or_altered_receipt_is_refused(shop: Shop) -> None:
    first, second, member = two_tills(shop)
    code = receipt(first, member)
    body = code[:-2]
    place = len(body) // 4
    altered = body[:place] + ALPHABET[(ALPHABET.index(body[place]) + 1) % 16] + body[place + 1 :]

    assert refused(second, altered + check_letters(altered)) is Code.RECEIPT_FORGED
    assert refused(second, code[:-1] + ("B" if code[-1] != "B" else "C")) is Code.RECEIPT_CHECK


def test_a_receipt_of_an_unknown_or_revoked_till_is_refused(shop: Shop) -> None:
    first, second, member = two_tills(shop)
    code = receipt(first, member)
    with second.context.store.write() as work:
        work.connection.execute("UPDATE till SET status = 'revoked' WHERE name = 'Till 1'")
        work.commit()
    assert refused(second, code) is Code.RECEIPT_TILL

    with second.context.store.write() as work:
        work.connection.execute("DELETE FROM till")
        work.commit()
    assert refused(second, code) is Code.RECEIPT_TILL


def test_a_receipt_of_another_merchant_is_refused(shop: Shop) -> None:
    first, _, _ = two_tills(shop)
    stranger = shop.open_till("stranger")
    code = receipt(stranger, enroll(stranger))

    assert refused(first, code) in {Code.RECEIPT_FOREIGN, Code.RECEIPT_TILL}


def test_a_receipt_of_a_member_not_heard_of_is_refused_in_words(shop: Shop) -> None:
    first, second, _ = two_tills(shop)
    shop.proxy.cut()
    member = enroll(first, name="New Member")

    assert refused(second, receipt(first, member)) is Code.RECEIPT_MEMBER


def test_a_sale_without_a_member_has_no_receipt_code(shop: Shop) -> None:
    first, _, _ = two_tills(shop)

    assert first.make_receipt(sell(first, None).sale_id) is None


def test_counter_gives_the_code_and_reads_it(shop: Shop) -> None:
    first, second, member = two_tills(shop)
    shop.proxy.cut()
    line = f'{{"do":"sale","total":"21.00","member":"{member}"}}'.encode()

    sale = CounterSession(first).answer(line)
    code = sale["receipt_code"]
    seen = CounterSession(second).answer(f'{{"do":"scan","text":"{code}"}}'.encode())

    assert seen["ok"] is True
    read = seen["receipt"]
    assert isinstance(read, dict)
    assert (read["standing"], read["points"]) == ("newer", sale["balance_points"])


def test_a_refund_by_receipt_asked_again_says_the_same_of_a_member_erased_meanwhile(
    shop: Shop,
) -> None:
    first, _, member = two_tills(shop)
    session = CounterSession(first)
    code = receipt(first, member)
    command = {"do": "refund", "receipt": code, "amount": "1.00", "refund_id": "7" * 32}
    done = session.answer(json.dumps(command).encode())
    assert done["ok"] is True
    assert sync(first).trouble is None
    with closing(shop.server.open()) as database:
        erase_member(database, member, clock=CLOCK)
    assert sync(first).trouble is None

    again = session.answer(json.dumps(command).encode())

    assert {**again, "took_ms": 0} == {**done, "already": True, "took_ms": 0}
    other = session.answer(json.dumps(command | {"refund_id": "8" * 32}).encode())
    assert other["ok"] is False, "nothing new is refunded for somebody who is gone"
