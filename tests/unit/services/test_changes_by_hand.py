"""Activities, adjustments and tiers: what they give, and who has to agree."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Approval,
    Caps,
    ReferralEvent,
    ReferralRule,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, RuleViolation
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    MemberEnrolled,
    PointsAdjusted,
    TierGranted,
    decode_event,
)
from pos_loyalty.domain.ids import EventId, MemberId, TierId
from pos_loyalty.domain.invitation import format_invitation
from pos_loyalty.domain.tier import PaidMembership, Tier
from pos_loyalty.services.adjust_points import POINTS_MAX, AdjustPoints
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.grant_tier import GrantTier
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.record_activity import RecordActivity
from pos_loyalty.till import Till
from tests.builders import DAY_MS, STANDARD
from tests.sample_till import SampleTill, enroll, sell
from tests.unit.services.ruled_till import give_rules, pretend_joined

OWN_ID = EventId("0d" * 16)
REVIEW = ActivityRule(id="review", name="Review", points=30, caps=Caps(day=40))
EVENING = ActivityRule(id="event", name="Evening", points=100, approval=Approval.OWNER)
JOINED = ActivityRule(id="enrollment", name="Joining", points=5, approval=Approval.AUTOMATIC)
PROFILE = ActivityRule(
    id="completed_profile", name="Whole profile", points=20, approval=Approval.AUTOMATIC
)
ACTIVE = msgspec.structs.replace(STANDARD, activities=(REVIEW, EVENING, JOINED, PROFILE))
SOLD = msgspec.structs.replace(
    STANDARD,
    tiers=(
        *STANDARD.tiers,
        Tier(
            id=TierId("vip"),
            name="VIP",
            threshold_points=9000,
            percent=200,
            paid=PaidMembership(price=4900, months=12),
        ),
    ),
)


def view(till: Till, member: MemberId) -> Any:  # noqa: ANN401 - a MemberView
    return till.look_up_member(LookUpMember(id=member))


def newest(till: Till, kind: str) -> Event:
    with till.context.store.read() as work:
        return decode_event(work.journal.newest(kind, 1)[0].data)


def refused(do: Any, command: object) -> Code:  # noqa: ANN401 - a use case
    with pytest.raises(LoyaltyError) as refusal:
        do(command)
    assert not refusal.value.saved
    return refusal.value.code


def test_an_activity_gives_its_points_within_its_caps(till: Till) -> None:
    give_rules(till, ACTIVE)
    ann = enroll(till)

    first = till.record_activity(RecordActivity(ann, "review", reference="web-1"))
    second = till.record_activity(RecordActivity(ann, "review", reference="web-2"))

    assert (first.points, first.name, first.reason) == (30, "Review", "")
    assert not first.waits_for_server, "this till works alone"
    assert (second.points, second.balance_points) == (10, 50 + 5 + 40)
    assert "at most 40 points a day" in second.reason
    assert refused(till.record_activity, RecordActivity(ann, "review")) is Code.ACTIVITY_CAP


def test_a_cap_of_a_day_ends_with_the_day(sample: SampleTill) -> None:
    with sample.open() as till:
        give_rules(till, ACTIVE)
        ann = enroll(till)
        till.record_activity(RecordActivity(ann, "review"))
        till.record_activity(RecordActivity(ann, "review"))
        sample.clock.time_ms += DAY_MS

        assert till.record_activity(RecordActivity(ann, "review")).points == 30


def test_an_activity_of_the_owner_needs_a_second_name(till: Till) -> None:
    give_rules(till, ACTIVE)
    ann = enroll(till)

    for approved_by in ("", "  ", "Eve", " eve "):
        command = RecordActivity(ann, "event", approved_by=approved_by, cashier="Eve")
        assert refused(till.record_activity, command) is Code.SECOND_NAME
    done = till.record_activity(RecordActivity(ann, "event", approved_by="Mo", cashier="Eve"))

    event = newest(till, "activity")
    assert isinstance(event, ActivityRecorded)
    assert (done.points, event.approved_by, event.cashier) == (100, "Mo", "Eve")


@pytest.mark.parametrize(
    ("cashier", "approved_by"),
    [
        ("Eve", "E v e"),
        ("Eve", "Eve."),
        ("Eve", "E\u200bve"),
        ("Eve", "\uff25\uff56\uff45"),
        ("Eve", "\u0415v\u0435"),
        ("Eve", "Ev\u00e9"),
        ("Jos\u00e9", "Jose\u0301"),
        ("Andre\u0438", "Andre\u0439"),
        ("", "."),
        ("", "\u200b"),
    ],
)
def test_A20_the_cashiers_own_name_spelled_otherwise_is_no_second_name(
    till: Till, cashier: str, approved_by: str
) -> None:
    ann = enroll(till)

    command = AdjustPoints(ann, 10, "Why", approved_by, cashier=cashier)

    assert refused(till.adjust_points, command) is Code.SECOND_NAME


def test_an_activity_that_is_none_says_so(till: Till) -> None:
    give_rules(till, ACTIVE)
    ann = enroll(till)

    unknown = RecordActivity(ann, "dance")
    automatic = RecordActivity(ann, "completed_profile")
    nobody = RecordActivity(MemberId("9" * 32), "review")

    assert refused(till.record_activity, unknown) is Code.ACTIVITY_UNKNOWN
    assert refused(till.record_activity, automatic) is Code.ACTIVITY_AUTOMATIC
    assert refused(till.record_activity, nobody) is Code.MEMBER_UNKNOWN


def test_the_same_activity_twice_is_one(till: Till) -> None:
    give_rules(till, ACTIVE)
    ann = enroll(till)
    command = RecordActivity(ann, "review", event_id=OWN_ID)

    first = till.record_activity(command)

    assert till.record_activity(command) == msgspec.structs.replace(first, already=True)
    other = RecordActivity(ann, "review", event_id=OWN_ID, reference="another")
    with pytest.raises(RuleViolation) as refusal:
        till.record_activity(other)
    assert refusal.value.code is Code.CHANGE_ID


def test_points_of_an_activity_wait_for_the_server(till: Till) -> None:
    give_rules(till, ACTIVE)
    pretend_joined(till)
    ann = enroll(till)

    till.record_activity(RecordActivity(ann, "review"))

    assert (view(till, ann).balance_points, view(till, ann).spendable_points) == (85, 0)


def test_enrolling_records_what_it_is_by_itself(till: Till) -> None:
    give_rules(till, ACTIVE)

    bare = till.enroll_member(EnrollMember(name="Ann"))
    whole = till.enroll_member(EnrollMember(name="Bo", phone="0151 1234567", birthday="05-31"))

    assert (bare.activity_points, bare.member.balance_points) == (5, 55)
    assert (whole.activity_points, whole.member.balance_points) == (25, 75)


def test_a_birthday_is_kept_beside_the_journal_and_never_in_it(till: Till) -> None:
    done = till.enroll_member(EnrollMember(birthday="1990-02-28"))

    with till.context.store.read() as work:
        record = work.members.record(done.member.id)
        (body,) = work.connection.execute("SELECT body FROM profile_change").fetchone()
        events = work.connection.execute("SELECT bytes FROM event").fetchall()
    assert record is not None
    assert record.sheet.birthday == "02-28"
    assert b'"birthday":"02-28"' in body
    assert all(b"02-28" not in row[0] for row in events)


@pytest.mark.parametrize("typed", ["31.05.", "05-32", "13-01", "5-31", "may", "1990-02-30"])
def test_what_is_no_birthday_is_refused(till: Till, typed: str) -> None:
    assert refused(till.enroll_member, EnrollMember(birthday=typed)) is Code.BIRTHDAY_SHAPE


def test_an_invitation_names_who_invited(till: Till) -> None:
    give_rules(
        till,
        msgspec.structs.replace(
            STANDARD, referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=9)
        ),
    )
    ann = enroll(till)

    letters = format_invitation(till.shop.merchant, ann)
    by_letters = till.enroll_member(EnrollMember(invited_by=letters))
    by_id = till.enroll_member(EnrollMember(invited_by=ann))

    event = newest(till, "enrollment")
    assert isinstance(event, MemberEnrolled)
    assert by_letters.invited_by == by_id.invited_by == event.invited_by == ann


def test_an_invitation_that_is_none_is_refused(till: Till) -> None:
    ann = enroll(till)
    letters = format_invitation(till.shop.merchant, ann)
    damaged = letters[:-1] + ("X" if letters[-1] != "X" else "Z")

    assert refused(till.enroll_member, EnrollMember(invited_by=damaged)) is Code.INVITATION_CHECK
    nobody = EnrollMember(invited_by="9" * 32)
    assert refused(till.enroll_member, nobody) is Code.MEMBER_UNKNOWN
    pretend_joined(till)
    assert till.enroll_member(nobody).invited_by == MemberId("9" * 32)


def test_an_adjustment_has_a_reason_and_a_second_name(till: Till) -> None:
    ann = enroll(till)

    done = till.adjust_points(AdjustPoints(ann, 25, "Long queue", "Mo", cashier="Eve"))

    event = newest(till, "adjustment")
    assert isinstance(event, PointsAdjusted)
    assert (done.balance_points, event.reason, event.approved_by) == (75, "Long queue", "Mo")


@pytest.mark.parametrize(
    ("points", "reason", "approved_by", "code"),
    [
        (10, "", "Mo", Code.REASON_ABSENT),
        (10, "Why", "", Code.SECOND_NAME),
        (10, "Why", "EVE", Code.SECOND_NAME),
        (0, "Why", "Mo", Code.ADJUST_ZERO),
        (-51, "Why", "Mo", Code.ADJUST_BELOW),
        (POINTS_MAX + 1, "Why", "Mo", Code.POINTS_LONG),
    ],
)
def test_A20_an_adjustment_that_may_not_be_is_refused(
    till: Till, points: int, reason: str, approved_by: str, code: Code
) -> None:
    ann = enroll(till)

    command = AdjustPoints(ann, points, reason, approved_by, cashier="Eve")

    assert refused(till.adjust_points, command) is code
    assert view(till, ann).balance_points == 50


def test_all_points_may_be_taken_and_no_more(till: Till) -> None:
    ann = enroll(till)

    done = till.adjust_points(AdjustPoints(ann, -50, "Wrong account", "Mo"))

    assert done.balance_points == 0


def test_taking_away_uses_the_rights_that_there_are(till: Till) -> None:
    pretend_joined(till)
    ann = enroll(till)
    sell(till, ann)

    till.adjust_points(AdjustPoints(ann, -60, "Wrong account", "Mo"))

    event = newest(till, "adjustment")
    assert isinstance(event, PointsAdjusted)
    assert event.rights_used == 21
    assert (view(till, ann).balance_points, view(till, ann).spendable_points) == (11, 0)


def test_the_same_adjustment_twice_is_one(till: Till) -> None:
    ann = enroll(till)
    command = AdjustPoints(ann, 25, "Long queue", "Mo", event_id=OWN_ID)

    first = till.adjust_points(command)

    assert till.adjust_points(command) == msgspec.structs.replace(first, already=True)
    with pytest.raises(RuleViolation) as refusal:
        till.adjust_points(AdjustPoints(ann, 26, "Long queue", "Mo", event_id=OWN_ID))
    assert (refusal.value.code, refusal.value.saved) == (Code.CHANGE_ID, True)


def test_a_granted_tier_holds_at_once_and_until_its_day(sample: SampleTill) -> None:
    with sample.open() as till:
        ann = enroll(till)
        today = dt.date(1970, 1, 1) + dt.timedelta(milliseconds=sample.clock.now_ms())
        until = today + dt.timedelta(days=10)

        done = till.grant_tier(
            GrantTier(ann, "gold", until=until, reason="Our neighbor", approved_by="Mo")
        )

        assert (done.tier_name, done.price) == ("Gold", 0)
        assert view(till, ann).tier.id == "gold"
        assert sell(till, ann, 1000).earned_points == 15
        sample.clock.time_ms += 12 * DAY_MS
        assert view(till, ann).tier.id == "bronze"


def test_a_tier_is_bought_for_its_price_and_months_and_renewed_from_its_end(till: Till) -> None:
    give_rules(till, SOLD)
    ann = enroll(till)

    first = till.grant_tier(GrantTier(ann, "vip", is_bought=True))
    second = till.grant_tier(GrantTier(ann, "vip", is_bought=True))

    event = newest(till, "tier")
    assert isinstance(event, TierGranted)
    assert (first.price, event.price, event.approved_by) == (4900, 4900, "")
    assert 364 * DAY_MS < first.until_ms - event.at_ms < 368 * DAY_MS
    assert 364 * DAY_MS < second.until_ms - first.until_ms < 367 * DAY_MS
    assert view(till, ann).tier.id == "vip"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tier": "wood"}, Code.TIER_UNKNOWN),
        ({"until": None}, Code.TIER_UNTIL),
        ({"until": dt.date(2000, 1, 1)}, Code.TIER_UNTIL),
        ({"until": dt.date(2099, 1, 1)}, Code.TIER_UNTIL),
        ({"reason": " "}, Code.REASON_ABSENT),
        ({"approved_by": "Eve"}, Code.SECOND_NAME),
        ({"is_bought": True}, Code.TIER_NOT_SOLD),
    ],
)
def test_a_tier_that_may_not_be_given_is_refused(
    till: Till, fields: dict[str, Any], code: Code
) -> None:
    ann = enroll(till)
    whole: dict[str, Any] = {
        "member_id": ann,
        "tier": "gold",
        "until": dt.date(2027, 1, 1),
        "reason": "Why",
        "approved_by": "Mo",
        "cashier": "Eve",
    }

    assert refused(till.grant_tier, GrantTier(**(whole | fields))) is code
    assert view(till, ann).tier.id == "bronze"


def test_the_same_grant_twice_is_one(till: Till) -> None:
    give_rules(till, SOLD)
    ann = enroll(till)
    command = GrantTier(ann, "vip", is_bought=True, event_id=OWN_ID)

    first = till.grant_tier(command)

    assert till.grant_tier(command) == msgspec.structs.replace(first, already=True)
    with pytest.raises(RuleViolation) as refusal:
        till.grant_tier(GrantTier(ann, "gold", event_id=OWN_ID))
    assert refusal.value.code is Code.CHANGE_ID
