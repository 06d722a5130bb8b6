"""The till without a window: one JSON command a line in, one JSON answer a line out.

For integrations and for tests that look from outside. The same use cases as the
window, in the order in which the lines come.
"""

from collections.abc import Callable
from dataclasses import asdict

import msgspec

from pos_loyalty.counter.answers import (
    Answer,
    member_answer,
    receipt_answer,
    refusal,
    voucher_answer,
)
from pos_loyalty.counter.changes import ChangeCommands
from pos_loyalty.counter.fields import (
    Command,
    cashier,
    choices,
    flag,
    found_by,
    optional_tax,
    optional_text,
    payments,
    sale_lines,
    text,
)
from pos_loyalty.counter.known_fields import ensure_known, unknown_fields
from pos_loyalty.domain.card_payload import parse_payload
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, CommandRefused, LoyaltyError
from pos_loyalty.domain.ids import CardKey, MemberId, SaleId
from pos_loyalty.domain.invitation import format_invitation
from pos_loyalty.domain.money import parse_amount
from pos_loyalty.domain.voucher import is_meant_as_voucher
from pos_loyalty.services.attention import ReadAttention, SettleItem
from pos_loyalty.services.claim_voucher import ReadVoucher
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.explain import Explain
from pos_loyalty.services.history import ReadHistory
from pos_loyalty.services.look_up_card import CardKind, CardLookedUp, LookUpCard
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till

__all__ = ["LINE_BYTES_MAX", "CounterSession", "refusal"]

LINE_BYTES_MAX = 256 * 1024
_SYNC_TIMEOUT_MS = 30_000
_HISTORY_LIMIT = 1000


class SyncRefused(LoyaltyError):
    """A sync on demand did not come to its end; everything stays saved here."""


class CounterSession:
    """Answers commands on one open till."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.handlers: dict[str, Callable[[Command], Answer]] = {
            "scan": self._scan,
            "enroll": self._enroll,
            "sale": self._sale,
            "undo": self._undo,
            "member": self._member,
            "history": self._history,
            "program": self._program,
            "sync": self._sync,
            "status": self._status,
            "attention": self._attention,
            "settle": self._settle,
            "voucher": self._voucher,
            "why": self._why,
        } | ChangeCommands(till).handlers

    def answer(self, line: bytes) -> Answer:
        """Return the answer to one line; a refusal is an answer too, never an exception."""
        passed_over: tuple[str, ...] = ()
        try:
            name, command = self._read(line)
            passed_over = unknown_fields(name, command)
            ensure_known(name, command)
            answer: Answer = {"ok": True} | self.handlers[name](command)
        except SyncRefused as error:
            answer = refusal(error) | self._state()
        except LoyaltyError as error:
            answer = refusal(error)
        return answer | ({"unknown_fields": passed_over} if passed_over else {})

    def _read(self, line: bytes) -> tuple[str, Command]:
        """Return which command it is, and its fields."""
        if len(line) > LINE_BYTES_MAX:
            raise CommandRefused(Code.COMMAND_SHAPE)
        try:
            command = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise CommandRefused(Code.COMMAND_SHAPE) from error
        name = text(command, "do")
        if name not in self.handlers:
            raise CommandRefused(Code.COMMAND_UNKNOWN, command=name[:40])
        return name, command

    def _scan(self, command: Command) -> Answer:
        scanned = text(command, "text")
        if is_meant_as_voucher(scanned):
            return voucher_answer(self._till.read_voucher(ReadVoucher(scanned)))
        found = self._till.look_up_card(LookUpCard(scanned))
        shown = self._shown(_member_of(found))
        return (
            shown if found.receipt is None else shown | {"receipt": receipt_answer(found.receipt)}
        )

    def _enroll(self, command: Command) -> Answer:
        welcomed = self._till.enroll_member(
            EnrollMember(
                card_key=self._card_key(command),
                phone=optional_text(command, "phone"),
                name=optional_text(command, "name"),
                offers_consent=flag(command, "offers_consent"),
                different_person=flag(command, "different_person"),
                cashier=cashier(command),
                birthday=optional_text(command, "birthday"),
                invited_by=optional_text(command, "invited_by")
                or optional_text(command, "invitation"),
            )
        )
        return {
            "member": self._member_answer(welcomed.member),
            "welcome_points": welcomed.welcome_points,
            "activity_points": welcomed.activity_points,
            "invited_by": welcomed.invited_by,
        }

    def _card_key(self, command: Command) -> CardKey | None:
        """Read a card as its payload or its printed number; a blank card is what is wanted."""
        text = optional_text(command, "card").strip()
        if not text:
            return None
        if text.isdigit():
            found = self._till.look_up_card(LookUpCard(text))
            if found.kind is CardKind.MEMBER or found.card_key is None:
                raise CardError(Code.CARD_USED)
            return found.card_key
        return parse_payload(text, self._till.shop.accepted_merchants).key

    def _sale(self, command: Command) -> Answer:
        currency = self._till.shop.currency
        lines = sale_lines(command, currency)
        # Lines make the total by themselves; where both are said they must agree.
        is_summed = bool(lines) and command.get("total") is None
        total = (
            sum(line.amount for line in lines)
            if is_summed
            else parse_amount(text(command, "total"), currency)
        )
        member = optional_text(command, "member")
        sale_id = optional_text(command, "sale_id")
        done = self._till.record_sale(
            RecordSale(
                total=total,
                member_id=MemberId(member) if member else None,
                card_key=None if member else self._unknown_card(command),
                rewards=choices(command),
                sale_id=SaleId(sale_id) if sale_id else None,
                found_by=found_by(command) or ("card" if member else ""),
                cashier=cashier(command),
                lines=lines,
                payments=payments(command, currency),
                tax=optional_tax(command, currency),
                voucher=optional_text(command, "voucher"),
            )
        )
        answer: Answer = msgspec.to_builtins(done)
        answer["receipt_code"] = self._till.make_receipt(done.sale_id) if member else None
        return answer

    def _unknown_card(self, command: Command) -> CardKey | None:
        """Read the card of a sale whose member this till does not know yet."""
        text = optional_text(command, "card").strip()
        if not text:
            return None
        found = self._till.look_up_card(LookUpCard(text))
        if found.kind is CardKind.BLANK:
            raise CardError(Code.CARD_BLANK, card_hint=found.card_hint)
        if found.kind is CardKind.MEMBER:
            raise CommandRefused(Code.COMMAND_CARD)
        return found.card_key

    def _undo(self, command: Command) -> Answer:
        sale_id = optional_text(command, "sale_id")
        return asdict(self._till.undo_sale(UndoSale(SaleId(sale_id) if sale_id else None)))

    def _member(self, command: Command) -> Answer:
        if card := optional_text(command, "card"):
            return self._shown(_member_of(self._till.look_up_card(LookUpCard(card))))
        if phone := optional_text(command, "phone"):
            return self._shown(self._till.look_up_member(LookUpMember(phone=phone)))
        member = MemberId(text(command, "id"))
        return self._shown(self._till.look_up_member(LookUpMember(id=member)))

    def _shown(self, member: MemberView) -> Answer:
        """Answer with a member; while online, the points follow the member to this till first."""
        is_short = any(reward.why_not is Code.RIGHTS_SHORT for reward in member.rewards)
        if is_short and self._till.context.ask_rights(member.id, member.balance_points):
            again = LookUpMember(id=member.id, found_by=member.found_by)
            member = self._till.look_up_member(again)
        return {"member": self._member_answer(member)}

    def _member_answer(self, member: MemberView) -> Answer:
        """Return a member, with the letters of the invitation where the program pays for one."""
        answer = member_answer(member)
        if self._till.program().referral is not None:
            answer["invitation"] = format_invitation(self._till.shop.merchant, member.id)
        return answer

    def _voucher(self, command: Command) -> Answer:
        """Say what a voucher is worth here now; writes nothing."""
        return voucher_answer(self._till.read_voucher(ReadVoucher(text(command, "code"))))

    def _history(self, command: Command) -> Answer:
        member = MemberId(text(command, "member"))
        lines = self._till.history(ReadHistory(member, limit=_HISTORY_LIMIT))
        # Older integrations read sale_id, which a welcome, a refund and a move have, too.
        told = [asdict(line) | {"at": line.at_ms, "event_id": line.sale_id} for line in lines]
        return {"history": told}

    def _why(self, command: Command) -> Answer:
        """Explain a sale or another event, or every point of a member."""
        asked = (optional_text(command, name) for name in ("sale_id", "event", "member"))
        subject = next(filter(None, asked), "") or text(command, "sale_id")
        return {"why": msgspec.to_builtins(self._till.explain(Explain(subject)))}

    def _program(self, command: Command) -> Answer:
        """Answer with the rules in force; who asked for them has been told of them."""
        del command
        program = self._till.program()
        if self._till.program_news() is not None:
            self._till.program_news.seen(program.version)
        return {"program": msgspec.to_builtins(program)}

    def _sync(self, command: Command) -> Answer:
        del command
        outcome = self._till.sync.sync_now(timeout_ms=_SYNC_TIMEOUT_MS)
        if outcome.trouble is not None:
            raise SyncRefused(outcome.trouble, saved=True, **outcome.facts)
        return self._state()

    def _status(self, command: Command) -> Answer:
        del command
        news = self._till.program_news()
        told = None if news is None else msgspec.to_builtins(news)
        return self._state() | {"new_rules": told}

    def _attention(self, command: Command) -> Answer:
        listed = self._till.attention(ReadAttention(only_open=flag(command, "open")))
        return {
            "open": listed.open_count,
            "items": [asdict(item) for item in listed.items],
        }

    def _settle(self, command: Command) -> Answer:
        done = self._till.settle_item(
            SettleItem(item=text(command, "item"), choice=text(command, "choice"))
        )
        return {"item": asdict(done.item), "is_first": done.is_first}

    def _state(self) -> Answer:
        status = self._till.sync.status()
        return {
            "pending": status.pending,
            "online": status.online,
            "at_hub": status.at_hub,
            "last_contact": status.last_contact_ms,
            "joined": status.joined,
            "shop": self._till.shop.shop_name,
            "till": self._till.shop.till_name,
            "trouble": None if status.trouble is None else status.trouble.value,
        }


def _member_of(found: CardLookedUp) -> MemberView:
    if found.member is None:
        is_blank = found.kind is CardKind.BLANK
        raise CardError(Code.CARD_BLANK if is_blank else Code.CARD_NEW, card_hint=found.card_hint)
    return found.member
