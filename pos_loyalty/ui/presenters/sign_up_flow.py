"""A sign-up: a blank card, a phone number if there is one, Enter."""

from typing import Final

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.enroll_member import MemberWelcomed
from pos_loyalty.services.look_up_card import CardLookedUp
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.ui.presenters import change_strips, strips
from pos_loyalty.ui.presenters.amount_entry import POINT, ascii_key
from pos_loyalty.ui.presenters.counter_screen import Strip, Tone
from pos_loyalty.ui.presenters.counter_services import SignUpOrder, Sound
from pos_loyalty.ui.presenters.counter_state import Holder, Mode, SignUpDraft
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.sale_flow import SaleFlow

PHONE_CHARACTERS_MAX: Final = 20
NAME_CHARACTERS_MAX: Final = 60


class SignUpFlow:
    """Handles every input during a sign-up. The amount typed before it stays on the sale."""

    def __init__(self, desk: Desk, *, sale: SaleFlow) -> None:
        self._desk = desk
        self._sale = sale
        self._offered: CardLookedUp | None = None
        self._invitation = ""

    @property
    def _draft(self) -> SignUpDraft:
        return self._desk.state.sign_up

    def begin(self, *, phone: str = "", name: str = "") -> None:
        """Open the sign-up, with what was searched for; a blank card just shown is taken."""
        self._desk.leave_done()
        self._desk.show_sale()
        state = self._desk.state
        state.mode = Mode.SIGN_UP
        state.sign_up = SignUpDraft(
            phone=phone[:PHONE_CHARACTERS_MAX], name=name[:NAME_CHARACTERS_MAX]
        )
        state.sign_up.invited_by = self._invitation
        if self._offered is not None:
            self._take_card(self._offered)

    def invited(self, letters: str) -> None:
        """Take an invitation: it opens the sign-up, unless somebody is on the sale."""
        self._invitation = letters
        self._desk.leave_done()
        self._desk.play(Sound.FOUND)
        state = self._desk.state
        if state.mode is Mode.SIGN_UP:
            self._draft.invited_by = letters
        elif state.draft.holder is not None:
            self._desk.say(change_strips.invitation_waits())
        else:
            self.begin()

    def card_read(self, card: CardLookedUp, *, is_offered_only: bool) -> None:
        """Take a blank card: at once, or only if the cashier asks for a new member next."""
        self._offered = card
        self._desk.play(Sound.FOUND)
        if is_offered_only:
            return
        if self._desk.state.mode is Mode.SIGN_UP:
            self._take_card(card)
        else:
            self.begin()

    def forget_offer(self) -> None:
        """Let go of a blank card or an invitation that was shown, once something else goes on."""
        self._offered = None
        self._invitation = ""

    def phone_key(self, key: str) -> None:
        """Take a digit of the phone number, in any script, or a leading plus."""
        draft = self._draft
        digits = "+" if key == "+" and not draft.phone else ascii_key(key)
        if digits == POINT:
            return
        draft.phone = (draft.phone + digits)[:PHONE_CHARACTERS_MAX]
        draft.is_name_last = False

    def letter(self, letter: str) -> None:
        """Take a letter of the name."""
        draft = self._draft
        draft.name = (draft.name + letter)[:NAME_CHARACTERS_MAX].lstrip()
        draft.is_name_last = True

    def name_edited(self, name: str) -> None:
        """Take the name as it stands in its field."""
        draft = self._draft
        draft.name = name[:NAME_CHARACTERS_MAX]
        draft.is_name_last = True

    def backspace(self) -> None:
        """Take the last sign back, of whatever was typed last."""
        draft = self._draft
        if draft.is_name_last and draft.name:
            draft.name = draft.name[:-1]
        else:
            draft.phone = draft.phone[:-1]

    def clear(self) -> None:
        """Empty what was typed last."""
        draft = self._draft
        if draft.is_name_last:
            draft.name = ""
        else:
            draft.phone = ""

    def toggle_consent(self) -> None:
        """Note that the member wants offers, or does not."""
        self._draft.has_consent = not self._draft.has_consent

    def cancel(self) -> None:
        """Leave the sign-up; the sale goes on as it was."""
        self.forget_offer()
        self._desk.state.sign_up = SignUpDraft()
        self._desk.show_sale()

    def start(self, *, different_person: bool = False) -> None:
        """Enroll: the Enter key."""
        draft = self._draft
        if not draft.can_start:
            return
        order = SignUpOrder(
            card_key=draft.card_key,
            phone=draft.phone,
            name=draft.name,
            offers_consent=draft.has_consent,
            different_person=different_person,
            invited_by=draft.invited_by,
        )
        self._desk.be_deaf()
        self._desk.begin_saving()
        self._desk.run(
            lambda: self._desk.services.enroll(order), self._enrolled, self._not_enrolled
        )

    def use_known(self) -> None:
        """Put the member who has this phone number on the sale."""
        known = self._draft.known
        if known is None:
            return
        self.cancel()
        self._desk.be_deaf()
        self._sale.put_on_sale(_holder_of(known))

    def _take_card(self, card: CardLookedUp) -> None:
        self._draft.card_key = card.card_key
        self._draft.card_hint = card.card_hint

    def _enrolled(self, welcomed: MemberWelcomed) -> None:
        card_key = self._draft.card_key
        self.cancel()
        member = welcomed.member
        draft = self._desk.state.draft
        draft.holder = Holder(member, card_key, member.card_hint, member.found_by)
        draft.rewards = {}
        draft.without_card = False
        start = welcomed.welcome_points + welcomed.activity_points
        self._desk.say(strips.welcome(member, start, draft))
        self._desk.play(Sound.SAVED)
        self._sale.requote()
        self._desk.load_sales()
        self._desk.end_saving()

    def _not_enrolled(self, error: Exception) -> None:
        if isinstance(error, LoyaltyError) and error.code is Code.PHONE_KNOWN:
            self._ask_about(MemberId(str(error.facts.get("member_id", ""))), error)
        elif isinstance(error, RuleViolation | CommandRefused):
            self._desk.refuse(error)
        else:
            text = f"The new member is NOT saved; nothing can be written. Call {self._desk.owner}."
            self._desk.say(Strip(Tone.BAD, "octagon-alert", text))
        self._desk.end_saving()

    def _ask_about(self, member_id: MemberId, error: Exception) -> None:
        """Show whose phone number it is, and ask."""

        def known(member: MemberView) -> None:
            if self._desk.state.mode is Mode.SIGN_UP:
                self._draft.known = member
                self._desk.be_deaf()
                self._desk.say(strips.known_phone(member))

        def unknown(_: Exception) -> None:
            self._desk.refuse(error)

        self._desk.run(lambda: self._desk.services.member(member_id, "phone"), known, unknown)


def _holder_of(member: MemberView) -> Holder:
    return Holder(member, None, member.card_hint, member.found_by)
