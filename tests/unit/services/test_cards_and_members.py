"""Scanning, finding and enrolling."""

import pytest

from pos_loyalty.domain.card import Card, CardStatus
from pos_loyalty.domain.card_payload import (
    RANDOM_BYTES,
    format_payload,
    make_card_number,
    random_letters,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.ids import CardKey, MemberId, MerchantId
from pos_loyalty.services.enroll_member import NAME_LENGTH_MAX, EnrollMember
from pos_loyalty.services.look_up_card import CardKind, LookUpCard
from pos_loyalty.services.look_up_member import FindMembers, LookUpMember
from pos_loyalty.till import Till
from tests.sample_till import enroll, sell
from tests.unit.services.issued_cards import issue
from tests.unit.services.test_record_sale import pretend_joined


def set_status(till: Till, key: CardKey, status: CardStatus, member: MemberId | None) -> None:
    with till.context.store.write() as work:
        card = Card(card_key=key, number=None, member_id=member, status=status, batch=None)
        work.cards.put(card)
        work.commit()


def test_a_blank_card_is_offered_for_enrollment_and_then_finds_its_member(till: Till) -> None:
    card, *_ = issue(till)

    blank = till.look_up_card(LookUpCard(card.payload))
    welcomed = till.enroll_member(EnrollMember(card_key=blank.card_key, name="Ann Example"))
    found = till.look_up_card(LookUpCard(card.payload.lower() + "\r\n"))

    assert blank.kind is CardKind.BLANK
    assert welcomed.welcome_points == welcomed.member.balance_points == 50
    assert found.kind is CardKind.MEMBER
    assert found.member is not None
    assert found.member.id == welcomed.member.id
    assert found.member.card_hint == card.number[-4:]


def test_A23_a_typed_number_finds_the_member_and_shows_no_reward(till: Till) -> None:
    card, other, *_ = issue(till)
    till.enroll_member(EnrollMember(card_key=card.card_key))

    found = till.look_up_card(LookUpCard(card.number))
    blank = till.look_up_card(LookUpCard(other.number))

    assert found.member is not None
    assert found.member.found_by == "number"
    assert not any(reward.available for reward in found.member.rewards)
    assert (blank.kind, blank.card_key) == (CardKind.BLANK, other.card_key)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4006381333931", Code.SCAN_PRODUCT),
        ("036000291452", Code.SCAN_PRODUCT),
        ("https://example.com/menu", Code.CARD_NOT_OURS),
        ("", Code.SCAN_UNREADABLE),
    ],
)
def test_what_is_no_card_is_said_in_words(till: Till, text: str, code: Code) -> None:
    with pytest.raises(CardError) as refused:
        till.look_up_card(LookUpCard(text))

    assert refused.value.code is code


def test_damaged_foreign_and_mistyped_cards_are_refused(till: Till) -> None:
    card, *_ = issue(till)
    foreign = format_payload(MerchantId("f" * 32), "B" * 23)
    damaged = card.payload[:-1] + ("B" if card.payload[-1] != "B" else "C")
    mistyped = f"{(int(card.number) + 1) % 10**12:012d}"
    unknown_number = make_card_number("99999999999")

    for text, code in (
        (foreign, Code.CARD_FOREIGN),
        (damaged, Code.CARD_CHECK),
        (mistyped, Code.NUMBER_CHECK),
        (unknown_number, Code.NUMBER_UNKNOWN),
    ):
        with pytest.raises(CardError) as refused:
            till.look_up_card(LookUpCard(text))
        assert refused.value.code is code, text


def test_a_card_nobody_printed_is_refused_alone_and_waits_for_the_server_when_joined(
    till: Till,
) -> None:
    letters = random_letters(till.context.ids.random_bytes(RANDOM_BYTES))
    payload = format_payload(till.shop.merchant, letters)

    with pytest.raises(CardError) as refused:
        till.look_up_card(LookUpCard(payload))
    pretend_joined(till)
    found = till.look_up_card(LookUpCard(payload))

    assert refused.value.code is Code.CARD_NOT_OURS
    assert (found.kind, found.member) == (CardKind.NEW, None)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (CardStatus.BLOCKED, Code.CARD_BLOCKED),
        (CardStatus.SUSPENDED, Code.CARD_BLOCKED),
        (CardStatus.REPLACED, Code.CARD_REPLACED),
    ],
)
def test_F39_paused_and_replaced_cards_are_refused(
    till: Till, status: CardStatus, code: Code
) -> None:
    card, *_ = issue(till)
    ann = enroll(till)
    set_status(till, card.card_key, status, ann)

    with pytest.raises(CardError) as scanned:
        till.look_up_card(LookUpCard(card.payload))
    with pytest.raises(CardError) as enrolled:
        till.enroll_member(EnrollMember(card_key=card.card_key))

    assert scanned.value.code is enrolled.value.code is code


def test_an_active_card_whose_member_has_not_arrived_counts_by_its_key(till: Till) -> None:
    card, *_ = issue(till)
    set_status(till, card.card_key, CardStatus.ACTIVE, MemberId("d" * 32))

    assert till.look_up_card(LookUpCard(card.payload)).kind is CardKind.NEW
    with pytest.raises(CardError):
        till.look_up_card(LookUpCard(card.number))


def test_a_paused_member_is_refused_by_every_way(till: Till) -> None:
    card, *_ = issue(till)
    ann = till.enroll_member(EnrollMember(card_key=card.card_key)).member.id
    with till.context.store.write() as work:
        work.connection.execute("UPDATE member SET status = 'paused'")
        work.commit()

    for text in (card.payload, card.number):
        with pytest.raises(RuleViolation) as refused:
            till.look_up_card(LookUpCard(text))
        assert refused.value.code is Code.CARD_BLOCKED
    with pytest.raises(RuleViolation):
        till.look_up_member(LookUpMember(id=ann))


def test_a_card_is_nobodys_twice(till: Till) -> None:
    card, *_ = issue(till)
    till.enroll_member(EnrollMember(card_key=card.card_key))

    with pytest.raises(CardError) as refused:
        till.enroll_member(EnrollMember(card_key=card.card_key))

    assert refused.value.code is Code.CARD_USED


def test_a_made_up_card_enrolls_nobody_on_a_till_alone(till: Till) -> None:
    with pytest.raises(CardError) as refused:
        till.enroll_member(EnrollMember(card_key=CardKey("e" * 32)))
    pretend_joined(till)
    welcomed = till.enroll_member(EnrollMember(card_key=CardKey("e" * 32)))

    assert refused.value.code is Code.CARD_NOT_OURS
    assert welcomed.member.balance_points == 50


def test_a_known_phone_asks_before_it_makes_a_second_member(till: Till) -> None:
    ann = enroll(till, phone="0151 23456789")

    with pytest.raises(RuleViolation) as refused:
        till.enroll_member(EnrollMember(phone="+49 151 23456789"))
    second = till.enroll_member(EnrollMember(phone="015123456789", different_person=True))

    assert refused.value.code is Code.PHONE_KNOWN
    assert refused.value.facts["member_id"] == ann
    assert second.member.id != ann


def test_a_name_too_long_is_refused_and_a_long_one_is_kept_whole(till: Till) -> None:
    with pytest.raises(RuleViolation) as refused:
        till.enroll_member(EnrollMember(name="x" * (NAME_LENGTH_MAX + 1)))
    longest = "ß" * NAME_LENGTH_MAX

    assert refused.value.code is Code.NAME_LONG
    assert till.enroll_member(EnrollMember(name=longest)).member.name == longest


def test_personal_fields_travel_beside_the_journal_never_in_it(till: Till) -> None:
    enroll(till, name="Canary Person", phone="0151 23456789")

    with till.context.store.read() as work:
        (event,) = work.journal.newest("enrollment", 1)
        bodies = work.connection.execute("SELECT body FROM profile_change").fetchall()
    assert b"Canary" not in event.data
    assert b"4915123456789" not in event.data
    assert b"Canary Person" in bodies[0][0]


def test_members_are_found_by_phone_and_by_what_one_types(till: Till) -> None:
    ann = enroll(till, name="Ay\u015fe Y\u0131lmaz", phone="0151 23456789")
    enroll(till, name="Ayla Brandt")

    by_phone = till.look_up_member(LookUpMember(phone="0151 23456789"))
    rows = till.find_members(FindMembers("ayse yil"))

    assert by_phone.id == ann
    assert by_phone.found_by == "phone"
    assert [(row.id, row.phone_hint, row.tier_name) for row in rows] == [(ann, "6789", "Bronze")]
    assert len(till.find_members(FindMembers("ay"))) == 2
    (by_digits,) = till.find_members(FindMembers("0151 2345"))
    assert (by_digits.id, by_digits.matched, rows[0].matched) == (ann, "phone", "name")
    assert till.find_members(FindMembers("  ")) == ()
    with pytest.raises(RuleViolation):
        till.look_up_member(LookUpMember(phone="0160 9999999"))


def test_the_search_shows_the_tier_that_a_member_has_now(till: Till) -> None:
    ann = enroll(till, name="Ann Example")
    sell(till, ann, 50_000)

    (alone,) = till.find_members(FindMembers("ann"))
    with till.context.store.write() as work:
        work.connection.execute("UPDATE member SET tier = 'gold'")
        work.commit()
    pretend_joined(till)
    (joined,) = till.find_members(FindMembers("ann"))

    assert (alone.tier_name, joined.tier_name) == ("Silver", "Gold")
