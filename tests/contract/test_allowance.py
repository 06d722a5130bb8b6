"""The allowance: a counter of its own that only the server refills, within the owner's total."""

from pos_loyalty.domain.event import encode_event
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import SimpleTill, enrollment, new_member, rights_return, sale
from tests.contract.test_forks_and_restores import joined_again, rescue_of


def till_with_allowance(server: RunningServer, *words: str) -> SimpleTill:
    till = server.joined_till()
    server.owner("allowance", *words)
    till.exchange(sale(new_member()))
    return till


def risk_of(server: RunningServer, till: SimpleTill) -> tuple[int, int]:
    query = "SELECT risk_granted, risk_used FROM stream WHERE stream = ?"
    granted, used = server.fetch(query, till.stream)[0]
    return granted, used


def not_covered(server: RunningServer) -> list[tuple[int, str]]:
    query = (
        "SELECT points, settled FROM attention WHERE kind = 'allowance_used' ORDER BY stream, seq"
    )
    return [(points, settled) for points, settled in server.fetch(query)]


def test_without_a_choice_of_the_owner_no_till_has_an_allowance(own_server: RunningServer) -> None:
    reply = own_server.joined_till().exchange(sale(new_member()))

    assert reply.risk_total == 0
    assert own_server.owner("allowance")["largest_loss_points"] == 0


def test_a_till_is_told_its_allowance_as_a_total(own_server: RunningServer) -> None:
    till = till_with_allowance(own_server, "--total", "300", "--per-till", "100")

    assert [till.exchange(sale(new_member())).risk_total for _ in range(3)] == [100, 100, 100]
    assert own_server.owner("allowance")["on_tills_points"] == 100


def test_the_shares_of_all_tills_never_exceed_the_total(own_server: RunningServer) -> None:
    tills = [own_server.joined_till() for _ in range(3)]
    own_server.owner("allowance", "--total", "250", "--per-till", "100")

    totals = [till.exchange(sale(new_member())).risk_total for till in tills]

    assert totals == [100, 100, 50]


def test_what_is_covered_comes_back_once(own_server: RunningServer) -> None:
    till, member = till_with_allowance(own_server, "--per-till", "100"), new_member()
    till.exchange(enrollment(member))

    till.append(sale(member, total=1000, redeem=50, risk_used=50))
    request = till.request()
    first = till.take(till.send(request))
    again = till.send(request)

    assert (first.risk_total, again.risk_total) == (150, 150)
    assert risk_of(own_server, till) == (150, 50)
    assert not_covered(own_server) == []
    assert own_server.verified().faults == []


def test_what_is_not_covered_goes_to_the_owner_and_stays_counted(
    own_server: RunningServer,
) -> None:
    till, member = till_with_allowance(own_server, "--per-till", "100"), new_member()
    till.exchange(enrollment(member))

    reply = till.exchange(sale(member, total=1000, redeem=80, risk_used=80))

    assert reply.verdicts == ()
    assert not_covered(own_server) == [(30, "")]
    assert reply.risk_total - 80 == 70, "30 of the total are gone until they are repaid"
    report = own_server.owner("allowance")
    assert (report["on_tills_points"], report["not_covered_points"]) == (70, 30)


def test_the_next_points_repay_what_was_not_covered(own_server: RunningServer) -> None:
    till, other = till_with_allowance(own_server, "--per-till", "100"), own_server.joined_till()
    member = new_member()
    till.exchange(sale(member, total=100, redeem=80, risk_used=80))

    other.exchange(enrollment(member))
    assert not_covered(own_server) == [(80, "")], "50 points do not repay 80"
    other.exchange(sale(member, total=4_000))
    other.exchange()
    assert other.rights(member).keep == 0, "what is earned next is asked back"
    other.exchange(rights_return(member, 40))

    assert not_covered(own_server) == [(80, "repaid")]
    assert till.exchange(sale(new_member())).risk_total == 180
    assert own_server.verified().faults == []


def test_the_owner_accepts_a_loss_and_the_total_is_whole_again(own_server: RunningServer) -> None:
    till, member = till_with_allowance(own_server, "--per-till", "100"), new_member()
    till.exchange(sale(member, total=100, redeem=100, risk_used=100))
    assert till.exchange(sale(new_member())).risk_total == 100

    own_server.owner("allowance", "--settle")

    assert not_covered(own_server) == [(100, "accept")]
    assert till.exchange(sale(new_member())).risk_total == 200


def test_a_smaller_share_reaches_the_till_though_more_was_granted(
    own_server: RunningServer,
) -> None:
    till = till_with_allowance(own_server, "--per-till", "100")

    own_server.owner("allowance", "--total", "20", "--per-till", "20")

    assert till.exchange().risk_total == 20
    assert own_server.owner("allowance")["largest_loss_points"] == 100, "until no answer is lost"
    own_server.owner("allowance", "--total", "100", "--per-till", "100")
    assert till.exchange().risk_total == 100


def test_a_journal_that_was_left_stays_counted_until_the_owner_settles_it(
    own_server: RunningServer,
) -> None:
    till, member = till_with_allowance(own_server, "--per-till", "100"), new_member()
    till.append(sale(member, total=100, redeem=60, risk_used=60))
    again = joined_again(till)

    carried = again.exchange(rescue_of(till, 2))

    assert carried.risk_total == 0, "the old journal may have spent it all"
    assert risk_of(own_server, till) == (100, 0)
    own_server.owner("allowance", "--settle")
    assert again.exchange(sale(new_member())).risk_total == 100


def test_what_a_till_redeemed_alone_before_it_joined_is_no_use_of_its_allowance(
    own_server: RunningServer,
) -> None:
    own_server.owner("allowance", "--total", "100", "--per-till", "100")
    till, member = own_server.joined_till(), new_member()
    till.append(enrollment(member), sale(member, total=1000, redeem=50, risk_used=50))

    half = till.take(till.send(till.request(count=1)))
    whole = till.exchange()

    assert (half.risk_total, whole.risk_total) == (0, 100)
    assert risk_of(own_server, till) == (100, 0)


def test_nothing_is_refilled_while_restored_books_wait(own_server: RunningServer) -> None:
    till, member = till_with_allowance(own_server, "--per-till", "100"), new_member()
    till.exchange(enrollment(member))
    own_server.owner("restored")
    till.take(till.send(till.request()))
    till.exchange(granted_seen=(), granted_complete=True)

    reply = till.exchange(sale(member, total=1000, redeem=50, risk_used=50))
    assert reply.risk_total == 100
    assert not_covered(own_server) == [(50, "")], "the pool is not known for sure"
    own_server.owner("tills", "--confirm")
    till.exchange(sale(member, total=100))

    assert own_server.owner("allowance")["largest_loss_points"] == 100


def test_points_and_money_of_the_worst_case_are_told_before_choosing(
    own_server: RunningServer,
) -> None:
    before = own_server.owner("allowance")
    after = own_server.owner("allowance", "--total", "600", "--per-till", "150")

    assert before["money_per_100_points"] == 250, "10 % off, at most 10 euros, costs 400 points"
    assert (after["largest_loss_points"], after["largest_loss_money"]) == (600, 1500)
    assert (after["largest_till_loss_points"], after["largest_till_loss_money"]) == (150, 375)


def test_an_event_above_every_allowance_is_counted_and_shown(own_server: RunningServer) -> None:
    till, member = till_with_allowance(own_server, "--per-till", "100"), new_member()
    till.append_bytes(encode_event(sale(member, total=100, redeem=5_000, risk_used=5_000)))

    till.exchange()

    assert not_covered(own_server) == [(5_000, "")]
    assert till.exchange(sale(new_member())).risk_total - 5_000 <= 0, "nothing is left of the total"
