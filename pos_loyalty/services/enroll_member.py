"""Make someone a member: a card is enough; phone and name can follow.

The event in the journal holds no personal field. Phone and name travel beside it as
a profile change that the server takes once and that can be erased.
"""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.birthday import parse_birthday
from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, MemberEnrolled
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, is_id
from pos_loyalty.domain.invitation import parse_invitation
from pos_loyalty.domain.member_facts import MemberSheet
from pos_loyalty.domain.phone import international
from pos_loyalty.services.member_view import MemberView, read_member
from pos_loyalty.services.record_activity import (
    COMPLETED_PROFILE,
    ENROLLMENT,
    automatic_rule,
    given_activity,
)
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork
from pos_loyalty.wire.messages import ProfileChange

NAME_LENGTH_MAX = 300

_TAKEN = {
    CardStatus.ACTIVE: Code.CARD_USED,
    CardStatus.SUSPENDED: Code.CARD_BLOCKED,
    CardStatus.BLOCKED: Code.CARD_BLOCKED,
    CardStatus.REPLACED: Code.CARD_REPLACED,
}


@dataclass(frozen=True)
class EnrollMember:
    """Enroll with any of card, phone and name. ``different_person`` allows a known phone.

    ``birthday`` is month and day as typed. ``invited_by`` is a member's id or the letters of
    an invitation.
    """

    card_key: CardKey | None = None
    phone: str = ""
    name: str = ""
    offers_consent: bool = False
    different_person: bool = False
    cashier: str = ""
    birthday: str = ""
    invited_by: str = ""


@dataclass(frozen=True)
class MemberWelcomed:
    """The new member, and the points that were just added: for welcome, and by the program's rules.

    ``invited_by`` is who brought them; what that pays the server says later.
    """

    member: MemberView
    welcome_points: int
    activity_points: int = 0
    invited_by: MemberId | None = None


class EnrollMemberHandler:
    """Enrolls members."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: EnrollMember) -> MemberWelcomed:
        """Enroll, or say why not; nothing is written then.

        Raises:
            RuleViolation: the phone has a member already (fact ``member_id``), or its
                shape or the name's length do not fit.
            CardError: the card is somebody's, paused, replaced or never printed.
        """
        name = " ".join(command.name.split())
        if len(name) > NAME_LENGTH_MAX:
            raise RuleViolation(Code.NAME_LONG, limit=NAME_LENGTH_MAX)
        country = self._context.identity.country
        phone = international(command.phone, country) if command.phone.strip() else ""
        birthday = parse_birthday(command.birthday)
        member = MemberId(self._context.ids.next_id())
        stamp = self._context.stamp()
        with self._context.store.write() as work:
            self._ensure_free(work, command, phone)
            inviter = self._inviter(work, command.invited_by)
            person = _Person(name=name, phone=phone, birthday=birthday)
            change = self._profile(work, command, member, person)
            event = self._event(command, stamp, member, change, inviter)
            work.members.put(
                member,
                name=name,
                phone=phone,
                tier=self._context.program().tiers[0].id,
                enrolled_ms=stamp.at_ms,
                sheet=MemberSheet(birthday=birthday),
            )
            work.journal.append(event)
            points = self._by_itself(work, event, person)
            if command.card_key is not None:
                work.cards.assign(command.card_key, member)
            view = read_member(self._context, work, member, "card")
            work.commit()
        return MemberWelcomed(
            member=view,
            welcome_points=event.welcome,
            activity_points=points,
            invited_by=inviter,
        )

    def _ensure_free(self, work: Repositories, command: EnrollMember, phone: str) -> None:
        if command.card_key is not None:
            card = work.cards.get(command.card_key)
            if card is None and not self._context.identity.joined:
                raise CardError(Code.CARD_NOT_OURS)
            if card is not None and card.status is not CardStatus.BLANK:
                raise CardError(_TAKEN[card.status])
        known = work.members.by_phone(phone) if phone else None
        if known is not None and not command.different_person:
            raise RuleViolation(Code.PHONE_KNOWN, member_id=known)

    def _inviter(self, work: Repositories, text: str) -> MemberId | None:
        """Return who invited; a till with a server may not know them yet."""
        stripped = text.strip()
        if not stripped:
            return None
        if is_id(stripped):
            inviter = MemberId(stripped)
        else:
            inviter = parse_invitation(stripped, self._context.identity.accepted_merchants)
        if not self._context.identity.joined and work.members.record(inviter) is None:
            raise RuleViolation(Code.MEMBER_UNKNOWN)
        return work.members.survivor(inviter)

    def _by_itself(self, work: UnitOfWork, event: MemberEnrolled, person: "_Person") -> int:
        """Record the activities that an enrollment is by itself; return their points."""
        program = self._context.program(event.at_ms)
        done = [ENROLLMENT]
        if person.name and person.phone and person.birthday:
            done.append(COMPLETED_PROFILE)
        points = 0
        for activity in done:
            rule = automatic_rule(program, activity)
            if rule is None:
                continue
            recorded, _ = given_activity(
                program,
                rule,
                self._context.stamp(),
                event.member,
                tally={},
                cashier=event.cashier,
            )
            if recorded is not None:
                work.journal.append(recorded)
                points += recorded.points
        return points

    def _profile(
        self, work: UnitOfWork, command: EnrollMember, member: MemberId, person: "_Person"
    ) -> EventId | None:
        """Put the personal fields on their way; None where there are none."""
        if not (person.name or person.phone or person.birthday or command.offers_consent):
            return None
        change = ProfileChange(
            change=EventId(self._context.ids.next_id()),
            member=member,
            at_ms=self._context.clock.now_ms(),
            name=person.name or None,
            phone=person.phone or None,
            birthday=person.birthday or None,
            offers_consent=command.offers_consent or None,
        )
        work.members.queue_profile(change.change, member, msgspec.json.encode(change))
        return change.change

    def _event(
        self,
        command: EnrollMember,
        stamp: Stamp,
        member: MemberId,
        change: EventId | None,
        inviter: MemberId | None,
    ) -> MemberEnrolled:
        program = self._context.program(stamp.at_ms)
        return MemberEnrolled(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=program.version,
            cashier=command.cashier,
            member=member,
            card_key=command.card_key,
            profile_change=change,
            welcome=program.welcome_points,
            invited_by=inviter,
        )


@dataclass(frozen=True)
class _Person:
    """What somebody told of themselves; it never enters an event."""

    name: str
    phone: str
    birthday: str
