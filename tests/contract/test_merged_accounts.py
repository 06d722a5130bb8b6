"""One person with two accounts: made one, taken apart, and nothing is lost on the way."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.owner_commands import erase_member, merge_members, unmerge_member
from tests.contract.running_server import CLOCK, RunningServer
from tests.contract.simple_till import (
    MONDAY_MS,
    SimpleTill,
    enrollment,
    new_member,
    rights_return,
    sale,
)
from tests.contract.test_inbox import change, chosen, new_till

PHONES = iter(range(10**8))


def a_phone() -> str:
    return f"+49151{next(PHONES):08d}"


def two_accounts(
    till: SimpleTill, *, names: tuple[str, str] = ("Ana Ruiz", "ana ruiz")
) -> tuple[MemberId, MemberId]:
    """Enroll one phone number twice, as two offline tills do; returns the older one first."""
    older, younger = two_asked_about(till, names=names)
    (item,) = [one for one in till.items("same_phone") if one.member == younger]
    if names[0].lower() == names[1].lower():
        till.exchange(settlements=(chosen(item, "merge"),))
        till.exchange()
    return older, younger


def two_asked_about(
    till: SimpleTill, *, names: tuple[str, str] = ("Ana Ruiz", "ana ruiz")
) -> tuple[MemberId, MemberId]:
    """Enroll one phone number twice and settle nothing; returns the older one first."""
    phone = a_phone()
    older, younger = sorted((new_member(), new_member()))
    till.exchange(enrollment(older), profiles=(change(older, name=names[0], phone=phone),))
    till.exchange(enrollment(younger), profiles=(change(younger, name=names[1], phone=phone),))
    return older, younger


def merge(server: RunningServer, one: MemberId, other: MemberId) -> MemberId:
    with closing(server.open()) as database:
        return merge_members(database, one, other, clock=CLOCK)


def unmerge(server: RunningServer, member: MemberId) -> None:
    with closing(server.open()) as database:
        unmerge_member(database, member, clock=CLOCK)


def totals(server: RunningServer, *members: MemberId) -> tuple[int, int]:
    """Return the sums of balances and of rights outstanding of some members."""
    rows = [
        server.fetch("SELECT balance, outstanding FROM member WHERE member = ?", member)[0]
        for member in members
    ]
    return sum(int(row[0]) for row in rows), sum(int(row[1]) for row in rows)


def test_A62_who_signs_up_with_anothers_name_and_phone_gets_none_of_their_points(
    server: RunningServer,
) -> None:
    victims, thiefs = new_till(server), new_till(server)
    victims.exchange(enrollment(victim := new_member()), sale(victim, total=90_000))
    phone = a_phone()
    victims.exchange(profiles=(change(victim, name="Ana Ruiz", phone=phone),))

    thiefs.exchange(enrollment(thief := new_member()))
    thiefs.exchange(profiles=(change(thief, name="Ana Ruiz", phone=phone),))
    thiefs.exchange(want_rights=((thief, 500),))

    assert thiefs.member(thief).balance == 50
    assert thiefs.member(thief).alias_of is None
    assert ("rights", thief) not in thiefs.rows or thiefs.rights(thief).granted <= 50
    assert [item.choices for item in thiefs.items("same_phone") if item.member == thief]


def test_S37_two_accounts_become_one_by_a_word_at_a_till_and_the_owner_reads_of_it(
    server: RunningServer,
) -> None:
    till = new_till(server)
    older, younger = two_accounts(till)

    assert till.member(older).balance == 100
    assert till.member(younger).balance == 0
    assert till.member(younger).alias_of == older
    (item,) = [one for one in till.items("merged") if one.member == younger]
    assert (item.points, item.choices) == (50, ("seen", "unmerge"))
    (asked,) = [one for one in till.items("same_phone") if one.member == younger]
    assert asked.settled == "merge"
    assert asked.settled_by, "the till that said so is named"


def test_S37_other_names_are_asked_about_and_nothing_is_done(server: RunningServer) -> None:
    till = new_till(server)
    older, younger = two_accounts(till, names=("Ana Ruiz", "Eva Ruiz"))

    (item,) = [one for one in till.items("same_phone") if one.member == younger]
    assert till.member(older).balance == till.member(younger).balance == 50
    assert item.choices == ("apart", "merge")

    till.exchange(settlements=(chosen(item, "merge"),))
    assert till.member(older).balance == 100
    assert till.member(younger).alias_of == older


def test_S37_a_merge_with_someone_erased_meanwhile_is_forgotten_and_does_nothing(
    own_server: RunningServer,
) -> None:
    till = new_till(own_server)
    older, younger = two_asked_about(till)
    (item,) = till.items("same_phone")
    with closing(own_server.open()) as database:
        erase_member(database, older, clock=CLOCK)

    reply = till.exchange(settlements=(made := chosen(item, "merge"),))
    till.exchange()

    assert reply.settlements_have == (made.settlement,), "else it would be sent for ever"
    assert till.member(younger).alias_of is None
    assert [one.settled for one in till.items("same_phone")] == ["apart"]
    assert till.items("merged") == []


def test_S37_two_people_with_one_phone_stay_two_and_are_not_asked_about_again(
    server: RunningServer,
) -> None:
    till = new_till(server)
    older, younger = two_accounts(till, names=("Ana Ruiz", "Eva Ruiz"))
    (item,) = [one for one in till.items("same_phone") if one.member == younger]

    till.exchange(settlements=(chosen(item, "apart"),))
    till.exchange(profiles=(change(younger, name="Eva Maria Ruiz"),))

    (settled,) = [one for one in till.items("same_phone") if one.member == younger]
    assert settled.settled == "apart"
    assert till.member(older).alias_of is None
    assert till.member(younger).alias_of is None


def test_F36_a_sale_for_the_merged_account_lands_on_the_one_that_stayed(
    server: RunningServer,
) -> None:
    till, offline = new_till(server), new_till(server)
    older, younger = two_accounts(till)

    reply = offline.exchange(sale(younger), sale(older, total=1000))
    till.exchange()

    assert reply.verdicts == ()
    assert till.member(older).balance == offline.member(older).balance == 100 + 21 + 10
    assert till.member(younger).balance == 0
    assert till.member(older).earned_window == 31
    entries = till.history(older).entries
    assert [entry.points for entry in entries] == [50, 50, 21, 10]
    assert entries[-1].balance == 131


def test_F36_the_points_of_both_can_be_granted_for_one_reward(own_server: RunningServer) -> None:
    till = new_till(own_server)
    older, younger = two_accounts(till)

    till.exchange(want_rights=((older, 90),))
    done = till.exchange(sale(older, total=0, redeem=90))

    assert done.verdicts == ()
    assert till.member(older).balance == 10
    assert own_server.verified().faults == []
    del younger


def test_F36_rights_of_the_merged_account_come_back_before_they_are_granted_again(
    server: RunningServer,
) -> None:
    first, second = new_till(server), new_till(server)
    older, younger = two_accounts(first, names=("Ana Ruiz", "Eva Ruiz"))
    second.exchange(want_rights=((younger, 50),))
    merge(server, older, younger)

    first.exchange(want_rights=((older, 100),), wait_ms=0)
    assert first.rights(older).granted == 50, "the other 50 are still at the second till"
    assert second.exchange() is not None
    assert second.rights(younger).keep == 0
    second.exchange(rights_return(younger, 50))

    first.exchange(want_rights=((older, 100),))
    assert first.rights(older).granted == 100


def test_S37_taking_apart_brings_both_accounts_back_as_they_were(server: RunningServer) -> None:
    till = new_till(server)
    older, younger = two_accounts(till)
    (item,) = [one for one in till.items("merged") if one.member == younger]

    till.exchange(settlements=(chosen(item, "unmerge"),))

    for member in (older, younger):
        assert till.member(member).balance == 50
        assert till.member(member).alias_of is None
    assert (till.member(older).name, till.member(younger).name) == ("Ana Ruiz", "ana ruiz")


def test_S37_a_third_account_keeps_its_place_when_the_second_is_taken_out(
    own_server: RunningServer,
) -> None:
    till, (one, two, three) = new_till(own_server), sorted(new_member() for _ in range(3))
    till.exchange(enrollment(one), enrollment(two), enrollment(three))
    assert merge(own_server, three, two) == two
    assert merge(own_server, three, one) == one

    till.exchange()
    assert till.member(one).balance == 150
    assert till.member(three).alias_of == one

    unmerge(own_server, two)
    till.exchange()
    assert till.member(one).balance == 50
    assert till.member(two).balance == 100
    assert till.member(three).alias_of == two
    assert own_server.verified().faults == []


def test_members_who_cannot_be_one_are_refused(own_server: RunningServer) -> None:
    till, one, two = new_till(own_server), new_member(), new_member()
    till.exchange(enrollment(one), enrollment(two))

    with pytest.raises(CommandRefused, match="no member"):
        merge(own_server, one, new_member())
    with pytest.raises(CommandRefused, match="not merged"):
        unmerge(own_server, two)
    merge(own_server, one, two)
    with pytest.raises(CommandRefused, match="one already"):
        merge(own_server, two, one)
    with closing(own_server.open()) as database:
        assert erase_member(database, two, clock=CLOCK) == sorted([one, two])


def test_the_one_that_stayed_comes_before_the_merged_one_even_over_pages(
    server: RunningServer,
) -> None:
    till = new_till(server)
    older, younger = two_accounts(till)
    late = new_till(server)
    late.append(sale(older))

    reply = late.take(late.send(late.request(want_rows=1)))
    while reply.more:
        if ("member", younger) in late.rows:
            assert late.member(older).balance == 121, "never fewer points in between"
        reply = late.take(late.send(late.request(want_rows=1)))

    assert late.member(younger).alias_of == older
    assert late.member(older).balance == 121


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_S37_merging_and_parting_preserve_the_sums_of_points_and_rights(
    server: RunningServer, data: st.DataObject
) -> None:
    till, members = new_till(server), [new_member() for _ in range(3)]
    till.exchange(*(enrollment(member) for member in members))
    earned = 150
    for _ in range(data.draw(st.integers(1, 8))):
        deed = data.draw(st.sampled_from(["sale", "merge", "unmerge", "want"]))
        member, other = (data.draw(st.sampled_from(members)) for _ in range(2))
        before = totals(server, *members)
        if deed == "sale":
            till.exchange(sale(member, total=1000, at_ms=MONDAY_MS))
            earned += 10
        elif deed == "want":
            till.exchange(want_rights=((member, data.draw(st.integers(1, 200))),))
        else:
            try:
                merge(server, member, other) if deed == "merge" else unmerge(server, member)
            except CommandRefused:
                continue
            assert totals(server, *members) == before
        points, rights = totals(server, *members)
        assert points == earned
        assert rights <= points, "no more can be spent than there is"
        till.exchange()
        assert sum(till.member(one).balance for one in members) == points
