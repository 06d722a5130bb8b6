"""Spend rights: only the pool is granted, and what tills hold is never granted twice."""

import threading

import msgspec

from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    SimpleTill,
    enrollment,
    new_member,
    reversal,
    rights_return,
    sale,
)


def test_S43_grants_are_totals_so_repeats_grant_nothing_more(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member))
    request = till.request(want_rights=((member, 30),))

    for _ in range(3):
        till.take(till.send(request))

    assert till.rights(member).granted == 30
    assert till.exchange(sale(member, redeem=30)).verdicts == ()


def test_S44_the_pool_leaves_out_what_tills_hold(server: RunningServer) -> None:
    first, second, member = server.joined_till(), server.joined_till(), new_member()
    first.exchange(enrollment(member))
    first.exchange(want_rights=((member, 40),))

    second.exchange(want_rights=((member, 40),))

    assert second.rights(member).granted == 10
    first.exchange()
    assert first.rights(member).keep == 0


def test_points_earned_at_a_till_can_be_spent_there_and_not_elsewhere(
    server: RunningServer,
) -> None:
    first, second, member = server.joined_till(), server.joined_till(), new_member()
    first.exchange(sale(member, total=30_000))

    second.exchange(want_rights=((member, 100),))
    reply = first.exchange(sale(member, redeem=100))

    assert ("rights", member) not in second.rows
    assert reply.verdicts == ()


def test_S45_only_a_return_event_gives_rights_back(server: RunningServer) -> None:
    first, second, member = server.joined_till(), server.joined_till(), new_member()
    first.exchange(enrollment(member))
    first.exchange(want_rights=((member, 50),))
    second.exchange(want_rights=((member, 50),))
    first.exchange()
    second.exchange(want_rights=((member, 50),))
    assert ("rights", member) not in second.rows, "an acknowledgement alone returns nothing"

    first.exchange(rights_return(member, 50))
    second.exchange(want_rights=((member, 50),))

    assert second.rights(member).granted == 50
    first.exchange()
    assert (first.rights(member).granted, first.rights(member).keep) == (50, None)


def test_points_given_back_that_were_never_there_are_granted_to_nobody(
    own_server: RunningServer,
) -> None:
    thief, other, member = own_server.joined_till(), own_server.joined_till(), new_member()
    thief.exchange(enrollment(member))

    reply = thief.exchange(rights_return(member, 25_000))
    other.exchange(want_rights=((member, 1_000),))

    assert reply.verdicts == ((2, "overdraft"),)
    assert other.rights(member).granted == 50
    assert own_server.verified().faults == []


def test_a_recall_reaches_the_other_till_and_the_answer_waits_for_it(
    own_server: RunningServer,
) -> None:
    holder, asking, member = own_server.joined_till(), own_server.joined_till(), new_member()
    holder.exchange(enrollment(member))
    holder.exchange(want_rights=((member, 50),))

    def give_back() -> None:
        holder.exchange(wait_ms=5_000)
        assert holder.rights(member).keep == 0
        holder.exchange(rights_return(member, 50))

    thread = threading.Thread(target=give_back)
    thread.start()
    asking.exchange(want_rights=((member, 50),), wait_ms=5_000)
    thread.join()

    assert asking.rights(member).granted == 50
    assert own_server.verified().faults == []


def test_redeeming_above_the_rights_is_recorded_and_shown(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()

    reply = till.exchange(enrollment(member), sale(member, redeem=100))

    assert reply.verdicts == ((2, "overdraft"),)
    assert till.member(member).balance == 50 - 100 - 0 + till_earned(till)
    rows = server.fetch("SELECT kind, seq FROM attention WHERE stream = ?", till.stream)
    assert [tuple(row) for row in rows] == [("overdraft", 2)]


def till_earned(till: SimpleTill) -> int:
    """The points that the last sale of a journal earned."""
    return msgspec.json.decode(till.journal[-1])["earned"]


def test_a_till_that_worked_alone_does_not_overdraw(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()

    reply = till.exchange(enrollment(member), sale(member, redeem=50, risk_used=50))

    assert reply.verdicts == ()


def test_S25_the_verdict_of_a_retry_is_the_first_verdict(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.append(enrollment(member), sale(member, redeem=60))
    request = till.request()
    first = till.send(request)
    till.take(first)
    till.exchange(sale(member, total=900_000))

    again = till.send(request)

    assert first.verdicts == again.verdicts == ((2, "overdraft"),)


def test_undo_gives_back_and_takes_back_exactly(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(sale(member, total=30_000))
    bought = sale(member, total=10_000, redeem=100)
    till.exchange(bought)

    reply = till.exchange(reversal(bought, 2))

    assert reply.verdicts == ()
    assert till.member(member).balance == 300
    given_back = till.exchange(rights_return(member, 300), rights_return(member, 1))
    assert given_back.verdicts == ((5, "overdraft"),)


def test_S48_one_sale_is_undone_once(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    bought = sale(member)
    till.exchange(bought)

    reply = till.exchange(reversal(bought, 1), reversal(bought, 1))
    later = till.exchange(reversal(bought, 1))

    assert reply.verdicts == ((3, "duplicate"),)
    assert later.verdicts == ((4, "duplicate"),)
    assert till.member(member).balance == 0


def test_undo_names_a_sale_of_the_same_journal(server: RunningServer) -> None:
    first, second, member = server.joined_till(), server.joined_till(), new_member()
    bought = sale(member)
    first.exchange(bought)

    elsewhere = second.exchange(reversal(bought, 1))
    wrong_place = first.exchange(reversal(bought, 2))
    unknown = first.exchange(reversal(sale(member), 1))

    assert elsewhere.verdicts == ((1, "quarantined"),)
    assert wrong_place.verdicts == ((2, "quarantined"),)
    assert unknown.verdicts == ((3, "quarantined"),)
    assert first.member(member).balance == 21


def test_undo_never_gives_more_than_the_sale_took(server: RunningServer) -> None:
    till, member, friend = server.joined_till(), new_member(), new_member()
    bought = sale(member)
    till.exchange(bought)
    honest = reversal(bought, 1)

    reply = till.exchange(
        msgspec.structs.replace(honest, redeemed_returned=500, rights_returned=500),
        msgspec.structs.replace(honest, earned_taken=22),
        msgspec.structs.replace(honest, member=friend),
    )

    assert [code for _, code in reply.verdicts] == ["quarantined"] * 3
    assert till.member(member).balance == 21


def test_wants_without_sense_grant_nothing(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member))

    reply = till.exchange(want_rights=((member, -5), (member, 10**12), (new_member(), 5), ("x", 5)))

    assert (reply.status, reply.rows) == ("ok", ())


def test_a_recall_ends_when_the_holder_has_returned_what_it_had(server: RunningServer) -> None:
    first, second, member = server.joined_till(), server.joined_till(), new_member()
    first.exchange(sale(member, total=10_000))
    second.exchange(want_rights=((member, 100),))
    first.exchange()
    assert first.rights(member).keep == 0

    first.exchange(rights_return(member, 100))
    first.exchange()

    assert first.rights(member).keep is None


def test_a_till_that_spent_what_was_recalled_is_asked_again_for_what_it_earns_later(
    server: RunningServer,
) -> None:
    holder, asking, member = server.joined_till(), server.joined_till(), new_member()
    holder.exchange(sale(member, total=10_000))
    asking.exchange(want_rights=((member, 100),))
    holder.exchange(sale(member, total=100, redeem=100), sale(member, total=20_000))
    assert holder.rights(member).keep is None, "what was recalled is spent"

    asking.exchange(want_rights=((member, 200),))

    holder.exchange()
    assert holder.rights(member).keep == 0
