"""Find a member by name, phone or the number on the card, as one types."""

from collections.abc import Callable, Sequence
from typing import Final

from pos_loyalty.domain.card_payload import CARD_NUMBER_LENGTH
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.look_up_member import MemberFound
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.ui.presenters.counter_services import Lane
from pos_loyalty.ui.presenters.counter_state import FindDraft, Holder, Mode
from pos_loyalty.ui.presenters.desk import Desk
from pos_loyalty.ui.presenters.list_panels import FIND_CHARACTERS_MIN
from pos_loyalty.ui.presenters.sale_flow import SaleFlow

_TEXT_CHARACTERS_MAX: Final = 60


class FindFlow:
    """Handles every input while the search is open."""

    def __init__(
        self, desk: Desk, *, sale: SaleFlow, look_up: Callable[[Sequence[str]], None]
    ) -> None:
        self._desk = desk
        self._sale = sale
        self._look_up = look_up

    @property
    def _draft(self) -> FindDraft:
        return self._desk.state.find

    def open(self, text: str = "") -> None:
        """Open the search; the sale behind it stays."""
        self._desk.leave_done()
        self._desk.show_sale()
        self._desk.state.mode = Mode.FIND
        self._desk.state.find = FindDraft()
        if text:
            self.edited(text)

    def typed(self, sign: str) -> None:
        """Add one sign to what is searched for."""
        self.edited(self._draft.text + sign)

    def backspace(self) -> None:
        """Take the last sign back."""
        self.edited(self._draft.text[:-1])

    def edited(self, text: str) -> None:
        """Search for this text; fewer than three signs find nothing."""
        draft = self._draft
        draft.text = text.lstrip()[:_TEXT_CHARACTERS_MAX]
        draft.selected = 0
        wanted = draft.text.strip()
        if len(wanted) < FIND_CHARACTERS_MIN:
            draft.answered, draft.found = "", ()
            return

        def search() -> tuple[MemberFound, ...] | None:
            # Only the newest text is worth a search: the earlier keys are history.
            is_newest = draft.text.strip() == wanted
            return self._desk.services.find_members(wanted) if is_newest else None

        def found(members: tuple[MemberFound, ...] | None) -> None:
            if members is not None and draft.text.strip() == wanted:
                draft.answered, draft.found, draft.selected = wanted, members, 0

        self._desk.run(search, found, lane=Lane.FIND)

    def choose(self, member_id: str) -> None:
        """Put a member of the list on the sale."""
        found = next((one for one in self._draft.found if one.id == member_id), None)
        if found is None:
            return
        found_by = "phone" if found.matched == "phone" else "name"
        self._desk.be_deaf()
        self._desk.state.look_ups += 1
        self._desk.run(
            lambda: self._desk.services.member(MemberId(member_id), found_by),
            self._chosen,
            self._gone,
        )

    def take(self) -> None:
        """Take the selected member, or look the typed card number up: the Enter key."""
        number = "".join(sign for sign in self._draft.text if not sign.isspace() and sign != "-")
        if number.isdecimal() and len(number) == CARD_NUMBER_LENGTH:
            self._desk.be_deaf()
            self._look_up(("".join(str(int(sign)) for sign in number),))
            return
        found = self._draft.found
        if self._draft.selected < len(found):
            self.choose(found[self._draft.selected].id)

    def move(self, rows: int) -> None:
        """Move the selection down, or up with a negative number."""
        last = len(self._draft.found) - 1
        self._draft.selected = max(0, min(last, self._draft.selected + rows))

    def _chosen(self, member: MemberView) -> None:
        self._desk.state.look_ups -= 1
        if self._desk.state.is_blocked or self._desk.state.mode is not Mode.FIND:
            return
        holder = Holder(member, None, member.card_hint, member.found_by)
        self._sale.put_on_sale(holder)

    def _gone(self, error: Exception) -> None:
        self._desk.state.look_ups -= 1
        self._desk.refuse(error)
