"""Rights end without contact, and no clock prolongs them; the allowance only narrows."""

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.spend_rights import narrowed_allowance
from pos_loyalty.services.member_view import (
    ELSEWHERE,
    NO_CONTACT,
    MemberView,
    SpendLimit,
    read_member,
)
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till
from tests.sample_till import SampleTill, enroll, sell

DAY_MS = 24 * 60 * 60 * 1000
REWARD = (RewardChoice(RewardId("free-pastry")),)


def contact(sample: SampleTill, till: Till, *, days: int = 90, risk_total: int = 0) -> None:
    """Leave behind what a reply of the server leaves."""
    values = {
        Setting.TILL: "1" * 32,
        Setting.RISK_TOTAL: risk_total,
        Setting.TRUSTED_MS: sample.clock.time_ms,
        Setting.TRUSTED_BOOT_MS: sample.clock.running_ms,
        Setting.SPEND_UNTIL_MS: sample.clock.time_ms + days * DAY_MS if days else 0,
        Setting.SERVER_OFFSET_MS: 0,
    }
    with till.context.store.write() as work:
        for name, value in values.items():
            work.settings.put(name, value)
        work.connection.execute("UPDATE stream SET acked_seq = last_seq")
        work.commit()
    till.context.refresh()


def pass_days(sample: SampleTill, days: int) -> None:
    sample.clock.time_ms += days * DAY_MS
    sample.clock.running_ms += days * DAY_MS


def view(till: Till, member: MemberId) -> MemberView:
    with till.context.store.read() as work:
        return read_member(till.context, work, member, "card")


def limit(till: Till, member: MemberId) -> SpendLimit:
    found = view(till, member).limit
    assert found is not None
    return found


def redeem(till: Till, member: MemberId) -> int:
    done = till.record_sale(RecordSale(total=2100, member_id=member, rewards=REWARD))
    return done.redeemed_points


def test_S46_rights_stop_at_their_end_and_come_back_with_the_line(
    sample: SampleTill, till: Till
) -> None:
    contact(sample, till)
    ann = enroll(till)
    sell(till, ann, 100_000)
    assert view(till, ann).spendable_points == 1000
    pass_days(sample, 91)

    with pytest.raises(RuleViolation) as refused:
        redeem(till, ann)
    assert (refused.value.code, refused.value.facts["days"]) == (Code.RIGHTS_ENDED, 91)
    assert view(till, ann).spendable_points == 0
    assert limit(till, ann) == SpendLimit(
        reason=NO_CONTACT,
        why="No contact with the server for 91 days.",
        what_to_do="Connect this till; no point is lost.",
    )
    assert {offer.why_not for offer in view(till, ann).rewards} == {
        Code.RIGHTS_ENDED,
        Code.POINTS_SHORT,
    }

    with till.context.store.read() as work:
        assert work.journal.rights(ann).spendable == 1000, "an end gives nothing back"
    contact(sample, till)
    assert redeem(till, ann) == 800


def test_selling_and_collecting_never_end(sample: SampleTill, till: Till) -> None:
    contact(sample, till)
    ann = enroll(till)
    pass_days(sample, 400)

    assert sell(till, ann, 2100).earned_points > 0


def test_without_an_end_rights_last(sample: SampleTill, till: Till) -> None:
    contact(sample, till, days=0)
    ann = enroll(till)
    sell(till, ann, 100_000)
    pass_days(sample, 4_000)

    assert redeem(till, ann) == 800


def test_S32_a_clock_set_back_prolongs_nothing(sample: SampleTill, till: Till) -> None:
    contact(sample, till)
    ann = enroll(till)
    sell(till, ann, 100_000)
    sample.clock.running_ms += 91 * DAY_MS

    assert view(till, ann).spendable_points == 0, "the machine ran on, whatever its clock says"


def test_S32_an_event_of_a_later_day_proves_that_the_day_came(
    sample: SampleTill, till: Till
) -> None:
    contact(sample, till)
    ann = enroll(till)
    pass_days(sample, 91)
    sell(till, ann, 100_000)
    sample.clock.time_ms -= 91 * DAY_MS
    sample.clock.running_ms = 0  # started anew
    assert view(till, ann).spendable_points == 0

    till.context.refresh()  # as after a new start: the event tells it

    assert view(till, ann).spendable_points == 0


def test_a_clock_that_is_always_wrong_ends_nothing_while_the_server_answers(
    sample: SampleTill, till: Till
) -> None:
    year_ms = 365 * DAY_MS
    contact(sample, till)
    sample.clock.time_ms += year_ms
    with till.context.store.write() as work:
        work.settings.put(Setting.SERVER_OFFSET_MS, year_ms)
        work.commit()
    ann = enroll(till)
    sell(till, ann, 100_000)

    assert redeem(till, ann) == 800


def test_the_allowance_narrows_with_every_day_without_contact(
    sample: SampleTill, till: Till
) -> None:
    contact(sample, till, risk_total=70)
    ann = enroll(till)
    sell(till, ann, 74_000)
    sell(till, ann, 1_000)
    enough = view(till, ann).balance_points
    assert (enough, view(till, ann).limit) == (802, None)

    pass_days(sample, 3)
    assert view(till, ann).spendable_points == 752 + 40
    assert limit(till, ann).reason == ELSEWHERE
    with pytest.raises(RuleViolation) as refused:
        redeem(till, ann)
    assert refused.value.code is Code.RIGHTS_SHORT
    pass_days(sample, 4)
    assert view(till, ann).spendable_points == 752, "rights are never narrowed"


def test_narrowing_never_adds() -> None:
    for left in (0, 1, 13, 70):
        values = [narrowed_allowance(left, silent_days=days) for days in range(-1, 10)]
        assert values[:2] == [left, left]
        assert values == sorted(values, reverse=True)
        assert values[8:] == [0, 0, 0]


def test_the_server_is_asked_before_the_allowance_is_touched(
    sample: SampleTill, till: Till
) -> None:
    contact(sample, till, risk_total=800)
    ann = enroll(till)
    sell(till, ann, 79_000)
    asked: list[int] = []

    def grant(member: MemberId, points: int) -> bool:
        asked.append(points)
        with till.context.store.write() as work:
            work.connection.execute("UPDATE points SET granted = 50 WHERE member = ?", (member,))
            work.commit()
        return True

    till.context.ask_rights = grant
    assert redeem(till, ann) == 800

    assert asked == [800]
    with till.context.store.read() as work:
        assert work.settings.number(Setting.RISK_USED) == 0


def test_the_answer_to_a_sale_counts_what_it_took_of_the_allowance(
    sample: SampleTill, till: Till
) -> None:
    contact(sample, till, risk_total=100)
    ann, ben = enroll(till), enroll(till, "Ben Example")
    sell(till, ann, 79_000)
    sell(till, ben, 1_000)

    done = till.record_sale(RecordSale(total=2100, member_id=ann, rewards=REWARD))

    assert done.spendable_points == view(till, ann).spendable_points
    assert view(till, ben).spendable_points == 10 + 50, "90 are left, more than Ben lacks"
