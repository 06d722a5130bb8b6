"""What tills are told by a program's rules: sheets, versions, shares; and limits of all tills."""

import msgspec

from pos_loyalty.domain.earning_rule import (
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    PerVisit,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.member_facts import NO_SHEET, MemberFacts
from pos_loyalty.domain.reward import AmountOff, FreeItem, RewardTaken, Stock
from pos_loyalty.domain.tally import periods_at
from pos_loyalty.domain.tier import Tier
from pos_loyalty.wire.messages import ProgramRow
from tests.contract.ruled_books import (
    CLOCK,
    move,
    new_till,
    publish,
    refund,
    ruled_books,
    sell,
)
from tests.contract.running_server import RunningServer, running_server
from tests.contract.simple_till import PROGRAM, enrollment, new_member, reversal, sale

COFFEE = EarningRule(
    id="coffee", name="Coffee", give=Stamps(card="coffee", count=2), caps=Caps(day=4)
)
CARD = StampCard(id="coffee", name="Coffee", stamps=10)
VIP = EarningRule(
    id="vip", name="Regulars", give=Bonus(points=10), when=Conditions(segments=("regular",))
)
FREE = FreeItem(id=RewardId("free"), name="Free coffee", item="Coffee", stamp_card="coffee")
CAKE = AmountOff(
    id=RewardId("cake"), name="Cake", cost_points=10, amount=100, stock=Stock(in_all=5, member=2)
)


def test_a_plain_program_has_no_sheets_and_keeps_nothing(own_server: RunningServer) -> None:
    till, member = new_till(own_server), new_member()
    till.exchange(enrollment(member), sale(member))

    assert till.member(member).sheet == NO_SHEET
    assert own_server.fetch("SELECT sheet, due_ms FROM member") == [("", 0)]
    assert own_server.fetch("SELECT count(*) FROM sale_state") == [(0,)]


def test_a_sale_that_was_undone_was_no_visit(database_url: str) -> None:
    visit = EarningRule(id="visit", name="Visit", give=PerVisit(points=5, hours_between=20))
    program = ruled_books(database_url, rules=(visit,))
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        first = sell(program, member, 1_000)
        known = MemberFacts(last_visit_ms=first.at_ms)
        wrong = sell(program, member, 2_000, at_ms=first.at_ms + 25 * 3_600_000, known=known)
        till.exchange(enrollment(member), first, wrong)
        assert till.member(member).sheet.last_visit_ms == wrong.at_ms

        reply = till.exchange(reversal(wrong, 3))

        assert reply.verdicts == ()
        assert till.member(member).sheet.last_visit_ms == first.at_ms


def test_stamps_come_and_go_with_their_sales(database_url: str) -> None:
    program = ruled_books(database_url, rules=(COFFEE,), stamp_cards=(CARD,), rewards=(FREE,))
    with running_server(database_url) as server:
        till, member, friend = new_till(server), new_member(), new_member()
        one, two, three = (sell(program, member, 1_000) for _ in range(3))
        reply = till.exchange(enrollment(member), enrollment(friend), one, two)
        assert reply.verdicts == ()
        assert till.member(member).sheet.tally["stamps:coffee"] == 4
        back, _ = refund(program, two, 1_000)

        undone = till.exchange(reversal(one, 3), back, three, move(program, three, 7, friend))

        assert undone.verdicts == ()
        assert "stamps:coffee" not in till.member(member).sheet.tally
        assert till.member(friend).sheet.tally["stamps:coffee"] == 2
        assert server.verified().faults == []


def test_two_tills_above_a_cap_are_told_to_the_owner_and_nothing_is_taken(
    database_url: str,
) -> None:
    bonus = EarningRule(id="morning", name="Morning", give=Bonus(points=30), caps=Caps(day=30))
    program = ruled_books(database_url, rules=(bonus,))
    with running_server(database_url) as server:
        here, away, member = new_till(server), new_till(server), new_member()
        here.exchange(enrollment(member), sell(program, member, 1_000))

        reply = away.exchange(sell(program, member, 1_000))

        assert reply.verdicts == ()
        assert away.member(member).balance == 50 + 40 + 40
        (item,) = away.items("cap_above")
        assert (item.points, item.detail) == (30, "rule=morning above=30")
        today = periods_at(CLOCK.now_ms(), 0)["day"]
        assert away.member(member).sheet.tally == {f"rule:morning@{today}": 60}
        known = MemberFacts(tally={f"rule:morning@{today}": 60})
        full = away.exchange(sell(program, member, 1_000, known=known))
        assert full.verdicts == ()
        assert away.member(member).balance == 130 + 10
        assert server.verified().faults == []


def test_labels_reach_the_tills_and_rules_can_ask_for_them(database_url: str) -> None:
    program = ruled_books(database_url, rules=(VIP,))
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        till.exchange(enrollment(member))

        said = server.owner("label", member, "+regular", "+tall", "-new")
        till.exchange()

        assert said["labels"] == ["regular", "tall"]
        assert till.member(member).sheet.segments == ("regular", "tall")
        known = MemberFacts(segments=("regular",))
        reply = till.exchange(sell(program, member, 1_000, known=known))
        assert (reply.verdicts, till.member(member).balance) == ((), 50 + 20)
        assert server.owner("label", member, "-regular")["labels"] == ["tall"]
        assert server.owner("erase", member)["erased"] == [member]
        till.exchange()
        assert till.member(member).sheet.segments == ()
        assert "tall" not in server.fetch("SELECT sheet FROM member")[0][0]


def test_a_till_of_0_1_0_is_sent_plain_versions_alone(database_url: str) -> None:
    program = ruled_books(database_url, rules=(VIP,))
    with running_server(database_url) as server:
        older, newer = server.joined_till(), new_till(server)
        for till in (older, newer):
            till.rows.clear()
            reply = till.exchange()
            versions = {row.program.version for row in reply.rows if isinstance(row, ProgramRow)}
            hidden = program.version not in versions
            assert (PROGRAM.version in versions, hidden) == (True, till is older)


def test_books_are_kept_anew_when_a_program_asks_for_more(database_url: str) -> None:
    first = ruled_books(database_url)
    with running_server(database_url) as server:
        till, member = new_till(server), new_member()
        till.exchange(enrollment(member), sell(first, member, 3_000))
        ends = ExpirationRules(model=AfterEarning(months=12))
        tiers = (
            PROGRAM.tiers[0],
            Tier(id=TierId("often"), name="Often", threshold_visits=2),
        )
        program = publish(
            database_url,
            rules=(COFFEE,),
            stamp_cards=(CARD,),
            rewards=(FREE,),
            expiration=ends,
            tiers=tiers,
        )

        till.exchange()

        sheet = till.member(member).sheet
        assert sheet.ends_points == 0, "what was earned before keeps its own rules"
        month = periods_at(CLOCK.now_ms(), 0)["month"]
        assert sheet.tally == {f"visits@{month}": 1}
        reply = till.exchange(sell(program, member, 3_000))
        assert reply.verdicts == (), "the running server has heard of the version"
        assert till.member(member).tier == "often"
        assert till.member(member).sheet.tally["stamps:coffee"] == 2
        assert till.member(member).sheet.ends_points == 30
        assert server.verified().faults == []


def test_a_stock_is_handed_out_in_shares_that_are_never_more_than_there_are(
    database_url: str,
) -> None:
    program = ruled_books(database_url, rewards=(CAKE,))
    taken = RewardTaken(reward=CAKE.id, points=10, discount=100)
    with running_server(database_url) as server:
        tills, member = [new_till(server) for _ in range(2)], new_member()
        one, two = tills
        shares = {one.stream: 0, two.stream: 0}
        one.exchange(enrollment(member), sell(program, member, 90_000))
        for turn in range(8):
            till = tills[turn % 2]
            till.exchange(want_rights=((member, 50),))
            used = sell(program, new_member(), 1_000)
            reply = till.exchange(used)
            shares[till.stream] = dict(reply.stock).get(CAKE.id, 0)
        assert 0 < sum(shares.values()) <= 5
        given = one.exchange(*(sell(program, member, 1_000, rewards=(taken,)) for _ in range(3)))

        assert given.verdicts == ()
        one.exchange()
        above = [item.detail for item in one.items("stock_above")]
        assert above.count("reward=cake limit=member above=1") == 1, "two for each member"
        assert dict(given.stock)[CAKE.id] >= shares[one.stream]
        assert server.verified().faults == []


def test_lines_that_do_not_add_up_are_counted_and_told(own_server: RunningServer) -> None:
    till, member = new_till(own_server), new_member()
    odd = sale(member, total=2_100)
    basket = msgspec.structs.replace(odd.sale, lines=(SaleLine(amount=100),))

    reply = till.exchange(enrollment(member), msgspec.structs.replace(odd, sale=basket))

    assert reply.verdicts == ((2, "differs"),)
    assert till.member(member).balance == 71
