"""S50: a member's points lie in a till that is away; the next counter can still give a reward."""

from pos_loyalty.domain.ids import MemberId
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    SimpleTill,
    enrollment,
    new_member,
    rights_return,
    sale,
)

REWARD = 100


def regular_guest(server: RunningServer) -> tuple[SimpleTill, SimpleTill, SimpleTill, MemberId]:
    """Return tills of home, harbor and station; the member comes to the first two, and has 353."""
    home, harbor, station = (server.joined_till(shop) for shop in ("Home", "Harbor", "Station"))
    member = new_member()
    home.exchange(sale(member, total=200), sale(member, total=100))
    harbor.exchange(sale(member, total=100))
    home.exchange(enrollment(member), sale(member, total=30_000))
    home.exchange(rights_return(member, 303))
    home.exchange()
    harbor.exchange()
    return home, harbor, station, member


def redeem(till: SimpleTill, member: MemberId) -> tuple[tuple[int, str], ...]:
    return till.exchange(sale(member, total=100, redeem=REWARD)).verdicts


def test_S50_only_one_reward_lies_in_a_shop_that_is_away(own_server: RunningServer) -> None:
    home, harbor, station, member = regular_guest(own_server)

    # Harbor is cut off from here on; what lies there cannot come back.
    assert harbor.rights(member).granted + 1 == REWARD, "one whole reward with what it earned"
    assert redeem(home, member) == ()
    station.exchange(want_rights=((member, REWARD),))
    home.exchange(rights_return(member, home.rights(member).granted - REWARD))
    station.exchange(want_rights=((member, REWARD),))

    assert station.rights(member).granted == REWARD, "a third reward, though one is out of reach"
    assert redeem(station, member) == ()
    assert redeem(harbor, member) == (), "and its own it can give without a line"
    assert own_server.verified().faults == []


def test_S50_what_lies_in_a_till_that_hears_is_asked_back(own_server: RunningServer) -> None:
    home, _, station, member = regular_guest(own_server)

    station.exchange(want_rights=((member, 2 * REWARD),))
    home.exchange()
    asked = home.rights(member).keep
    home.exchange(rights_return(member, home.rights(member).granted))
    station.exchange(want_rights=((member, 2 * REWARD),))

    assert asked == 0
    assert station.rights(member).granted == 2 * REWARD


def test_S50_with_an_allowance_the_reward_is_given_and_what_it_cost_is_told(
    own_server: RunningServer,
) -> None:
    _, _, station, member = regular_guest(own_server)
    own_server.owner("allowance", "--total", str(REWARD))
    station.exchange(sale(new_member()))

    reply = station.exchange(sale(member, total=100, redeem=REWARD, risk_used=REWARD))

    assert reply.verdicts == ()
    report = own_server.owner("allowance")
    assert report["not_covered_points"] <= report["largest_loss_points"] == REWARD
