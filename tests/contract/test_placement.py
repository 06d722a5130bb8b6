"""Rights ahead of visits: where a member comes there is a whole reward, line or no line."""

from pos_loyalty.domain.ids import MemberId
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import SimpleTill, enrollment, new_member, rights_return, sale

MONTH_MS = 31 * 24 * 3_600_000


def granted(till: SimpleTill, member: MemberId) -> int:
    till.exchange()
    return till.rights(member).granted if ("rights", member) in till.rows else 0


def home_and_harbor(server: RunningServer) -> tuple[SimpleTill, SimpleTill, MemberId]:
    """A member who comes twice as often to the first shop."""
    home, harbor, member = server.joined_till(), server.joined_till("Harbor"), new_member()
    home.exchange(sale(member, total=100), sale(member, total=100))
    harbor.exchange(sale(member, total=100))
    return home, harbor, member


def test_whole_rewards_go_to_the_likeliest_shops_first(own_server: RunningServer) -> None:
    home, harbor, member = home_and_harbor(own_server)
    home.exchange(sale(member, total=25_000))

    home.exchange(rights_return(member, 252))

    assert granted(home, member) == 100 + 53
    assert granted(harbor, member) == 99, "a whole reward together with what was earned there"
    assert home.exchange(sale(member, total=100, redeem=100)).verdicts == ()
    assert harbor.exchange(sale(member, total=100, redeem=100)).verdicts == ()
    assert own_server.verified().faults == []


def test_points_that_make_no_reward_stay_in_the_pool(own_server: RunningServer) -> None:
    home, harbor, member = home_and_harbor(own_server)
    home.exchange(enrollment(member))

    assert (granted(home, member), granted(harbor, member)) == (0, 0)


def test_remains_elsewhere_are_asked_back_when_they_make_a_reward_at_home(
    own_server: RunningServer,
) -> None:
    home, harbor, member = home_and_harbor(own_server)
    harbor.exchange(sale(member, total=4_000))
    home.exchange(sale(member, total=6_000))
    harbor.exchange()
    assert harbor.rights(member).keep == 0

    harbor.exchange(rights_return(member, 41))

    assert granted(home, member) == 41
    assert home.exchange(sale(member, total=100, redeem=100)).verdicts == ()


def test_what_a_till_waits_for_is_not_placed_elsewhere(own_server: RunningServer) -> None:
    home, harbor, member = home_and_harbor(own_server)
    home.exchange(sale(member, total=20_000))
    harbor.exchange(want_rights=((member, 150),))

    home.exchange(rights_return(member, 202))
    harbor.exchange(want_rights=((member, 150),))

    assert granted(harbor, member) == 149


def test_nothing_is_placed_at_a_silent_a_lost_or_a_frozen_till(own_server: RunningServer) -> None:
    home, harbor, member = home_and_harbor(own_server)
    own_server.write(
        "UPDATE stream SET seen_ms = seen_ms - ? WHERE stream = ?", MONTH_MS, harbor.stream
    )
    home.exchange(sale(member, total=25_000))
    home.exchange(rights_return(member, 252))
    assert (granted(home, member), granted(harbor, member)) == (252, 0)

    own_server.owner("restored")
    home.take(home.send(home.request()))
    home.exchange(granted_seen=((member, 252),), granted_complete=True)
    home.exchange(rights_return(member, 252))
    assert granted(home, member) == 252, "another till has not reported"


def test_the_owner_switches_placement_off(own_server: RunningServer) -> None:
    own_server.owner("placement", "off")
    home, _, member = home_and_harbor(own_server)
    home.exchange(sale(member, total=25_000))

    home.exchange(rights_return(member, 252))

    assert granted(home, member) == 0


def test_in_a_shop_the_hub_or_else_the_busiest_till_gets_them(own_server: RunningServer) -> None:
    quiet, busy, member = own_server.joined_till(), own_server.joined_till(), new_member()
    busy.exchange(*(sale(new_member(), total=100) for _ in range(9)))
    quiet.exchange(sale(member, total=15_000))
    quiet.exchange(rights_return(member, 150))
    assert (granted(quiet, member), granted(busy, member)) == (0, 150)

    friend = new_member()
    assert quiet.joined is not None
    own_server.write("UPDATE till SET hub_pin = 'aa' WHERE till = ?", quiet.joined.till)
    busy.exchange(sale(friend, total=15_000))
    busy.exchange(rights_return(friend, 150))
    assert (granted(quiet, friend), granted(busy, friend)) == (150, 0)
