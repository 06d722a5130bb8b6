"""What invitations paid and took back is said in words."""

from pos_loyalty.domain.explained_member import PointsMoved, explained_member
from pos_loyalty.domain.explanation import ExplainedEntry, explain
from pos_loyalty.domain.explanation_referral import with_invitation
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.ledger import EntryKind
from tests.builders import AYSE, OMAR, sale
from tests.unit.domain.explained_cases import Books

INES = MemberId("c" * 32)


def entry(points: int, member: MemberId, kind: EntryKind = EntryKind.REFERRAL) -> ExplainedEntry:
    return ExplainedEntry(kind=kind.value, points=points, member=member)


def test_a_payment_names_who_invited_and_who_was_invited() -> None:
    plain = explain(sale(), Books())
    booked = [entry(21, OMAR, EntryKind.ACCRUAL), entry(1, OMAR), entry(100, AYSE)]

    paid = with_invitation(plain, booked, referrers={AYSE})

    assert paid.what == (
        f"{plain.what} Paid for an invitation: 100 points to who invited,"
        " 1 point to who was invited."
    )
    assert paid.steps == plain.steps, "the last step still says what the sale earned"


def test_a_move_takes_from_the_one_and_pays_the_other() -> None:
    plain = explain(sale(), Books())
    booked = [entry(-100, AYSE), entry(-25, OMAR), entry(25, INES)]

    assert with_invitation(plain, booked, referrers={AYSE}).what == (
        f"{plain.what} Taken back for an invitation: 100 points from who invited,"
        " 25 points from who was invited."
        " Paid for an invitation: 25 points to who was invited."
    )


def test_without_an_invitation_nothing_is_said() -> None:
    plain = explain(sale(), Books())

    assert with_invitation(plain, [entry(21, AYSE, EntryKind.ACCRUAL)], referrers=()) == plain


def test_an_entry_says_whether_an_invitation_gave_or_took() -> None:
    moved = [PointsMoved("e", 1, EntryKind.REFERRAL, points) for points in (25, -25)]

    found = explained_member(AYSE, balance=0, moved=moved, explain=lambda _: None)

    assert [each.what for each in found.entries] == [
        "for an invitation that was followed",
        "taken back: what had paid for an invitation was undone, moved, or came back",
    ]
