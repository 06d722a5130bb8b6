"""The till without a window: one JSON command a line in, one JSON answer a line out.

For integrations and for tests that look from outside. The same use cases as the
window, in the order in which the lines come.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict

import msgspec

from pos_loyalty.domain.card_payload import parse_payload
from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.errors import CardError, CommandRefused, LoyaltyError, StoreBug
from pos_loyalty.domain.ids import CardKey, MemberId, RewardId, SaleId
from pos_loyalty.domain.money import parse_amount
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.attention import ReadAttention, SettleItem
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.history import ReadHistory
from pos_loyalty.services.look_up_card import CardKind, CardLookedUp, LookUpCard
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.receipt import ReceiptRead
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till

Command = Mapping[str, object]
Answer = dict[str, object]

LINE_BYTES_MAX = 256 * 1024
_SYNC_TIMEOUT_MS = 30_000
_HISTORY_LIMIT = 1000
_CASHIER_LENGTH_MAX = 200
"""An event stays small, so that it can be sent and carried over whatever it is made of."""
_WAYS_TO_FIND = frozenset({"", "card", "number", "phone", "name"})


class SyncRefused(LoyaltyError):
    """A sync on demand did not come to its end; everything stays saved here."""


class CounterSession:
    """Answers commands on one open till."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._commands: dict[str, Callable[[Command], Answer]] = {
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
        }

    def answer(self, line: bytes) -> Answer:
        """Return the answer to one line; a refusal is an answer too, never an exception."""
        try:
            return {"ok": True} | self._dispatch(line)
        except SyncRefused as error:
            return refusal(error) | self._state()
        except LoyaltyError as error:
            return refusal(error)

    def _dispatch(self, line: bytes) -> Answer:
        if len(line) > LINE_BYTES_MAX:
            raise CommandRefused(Code.COMMAND_SHAPE)
        try:
            command = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise CommandRefused(Code.COMMAND_SHAPE) from error
        name = _text(command, "do")
        handler = self._commands.get(name)
        if handler is None:
            raise CommandRefused(Code.COMMAND_UNKNOWN, command=name[:40])
        return handler(command)

    def _scan(self, command: Command) -> Answer:
        found = self._till.look_up_card(LookUpCard(_text(command, "text")))
        shown = self._shown(_member_of(found))
        return (
            shown if found.receipt is None else shown | {"receipt": receipt_answer(found.receipt)}
        )

    def _enroll(self, command: Command) -> Answer:
        welcomed = self._till.enroll_member(
            EnrollMember(
                card_key=self._card_key(command),
                phone=_optional_text(command, "phone"),
                name=_optional_text(command, "name"),
                offers_consent=_flag(command, "offers_consent"),
                different_person=_flag(command, "different_person"),
                cashier=_cashier(command),
            )
        )
        return {
            "member": member_answer(welcomed.member),
            "welcome_points": welcomed.welcome_points,
        }

    def _card_key(self, command: Command) -> CardKey | None:
        """Read a card as its payload or its printed number; a blank card is what is wanted."""
        text = _optional_text(command, "card").strip()
        if not text:
            return None
        if text.isdigit():
            found = self._till.look_up_card(LookUpCard(text))
            if found.kind is CardKind.MEMBER or found.card_key is None:
                raise CardError(Code.CARD_USED)
            return found.card_key
        return parse_payload(text, self._till.shop.accepted_merchants).key

    def _sale(self, command: Command) -> Answer:
        total = parse_amount(_text(command, "total"), self._till.shop.currency)
        member = _optional_text(command, "member")
        sale_id = _optional_text(command, "sale_id")
        done = self._till.record_sale(
            RecordSale(
                total=total,
                member_id=MemberId(member) if member else None,
                card_key=None if member else self._unknown_card(command),
                rewards=_choices(command),
                sale_id=SaleId(sale_id) if sale_id else None,
                found_by=_found_by(command) or ("card" if member else ""),
                cashier=_cashier(command),
            )
        )
        answer: Answer = msgspec.structs.asdict(done)
        answer["trace"] = [msgspec.to_builtins(step) for step in done.trace]
        answer["receipt_code"] = self._till.make_receipt(done.sale_id) if member else None
        return answer

    def _unknown_card(self, command: Command) -> CardKey | None:
        """Read the card of a sale whose member this till does not know yet."""
        text = _optional_text(command, "card").strip()
        if not text:
            return None
        found = self._till.look_up_card(LookUpCard(text))
        if found.kind is CardKind.BLANK:
            raise CardError(Code.CARD_BLANK, card_hint=found.card_hint)
        if found.kind is CardKind.MEMBER:
            raise CommandRefused(Code.COMMAND_CARD)
        return found.card_key

    def _undo(self, command: Command) -> Answer:
        sale_id = _optional_text(command, "sale_id")
        return asdict(self._till.undo_sale(UndoSale(SaleId(sale_id) if sale_id else None)))

    def _member(self, command: Command) -> Answer:
        if card := _optional_text(command, "card"):
            return self._shown(_member_of(self._till.look_up_card(LookUpCard(card))))
        if phone := _optional_text(command, "phone"):
            return self._shown(self._till.look_up_member(LookUpMember(phone=phone)))
        member = MemberId(_text(command, "id"))
        return self._shown(self._till.look_up_member(LookUpMember(id=member)))

    def _shown(self, member: MemberView) -> Answer:
        """Answer with a member; while online, the points follow the member to this till first."""
        is_short = any(reward.why_not is Code.RIGHTS_SHORT for reward in member.rewards)
        if is_short and self._till.context.ask_rights(member.id, member.balance_points):
            again = LookUpMember(id=member.id, found_by=member.found_by)
            member = self._till.look_up_member(again)
        return {"member": member_answer(member)}

    def _history(self, command: Command) -> Answer:
        member = MemberId(_text(command, "member"))
        lines = self._till.history(ReadHistory(member, limit=_HISTORY_LIMIT))
        return {"history": [asdict(line) | {"at": line.at_ms} for line in lines]}

    def _program(self, command: Command) -> Answer:
        del command
        return {"program": msgspec.to_builtins(self._till.program())}

    def _sync(self, command: Command) -> Answer:
        del command
        outcome = self._till.sync.sync_now(timeout_ms=_SYNC_TIMEOUT_MS)
        if outcome.trouble is not None:
            raise SyncRefused(outcome.trouble, saved=True, **outcome.facts)
        return self._state()

    def _status(self, command: Command) -> Answer:
        del command
        return self._state()

    def _attention(self, command: Command) -> Answer:
        listed = self._till.attention(ReadAttention(only_open=_flag(command, "open")))
        return {
            "open": listed.open_count,
            "items": [asdict(item) for item in listed.items],
        }

    def _settle(self, command: Command) -> Answer:
        done = self._till.settle_item(
            SettleItem(item=_text(command, "item"), choice=_text(command, "choice"))
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


def refusal(error: LoyaltyError) -> Answer:
    """Return the answer that says what is wrong, whether the sale is saved, and the facts."""
    answer: Answer = {
        "ok": False,
        "code": error.code.value,
        "message": error.message,
        "saved": error.saved,
    }
    facts: dict[str, Fact] = {} if isinstance(error, StoreBug) else error.facts
    return answer | ({"facts": facts} if facts else {})


def member_answer(member: MemberView) -> Answer:
    """Return a member as integrations see one."""
    return {
        "id": member.id,
        "name": member.name,
        "tier": member.tier.name,
        "balance_points": member.balance_points,
        "spendable_points": member.spendable_points,
        "spend_limit": None
        if member.limit is None
        else {
            "reason": member.limit.reason,
            "why": member.limit.why,
            "what_to_do": member.limit.what_to_do,
        },
        "as_of": member.as_of_ms,
        "rewards": [
            {
                "id": reward.id,
                "name": reward.name,
                "kind": reward.kind,
                "cost_points": reward.cost_points,
                "available": reward.available,
                "why_not": reward.why_not_text or None,
            }
            for reward in member.rewards
        ],
    }


def receipt_answer(read: ReceiptRead) -> Answer:
    """Return what a receipt says; it is shown and counts nothing."""
    return {
        "standing": read.standing.value,
        "points": read.points,
        "at": read.at_ms,
        "till": read.till_name,
        "shop": read.shop_name,
    }


def _member_of(found: CardLookedUp) -> MemberView:
    if found.member is None:
        is_blank = found.kind is CardKind.BLANK
        raise CardError(Code.CARD_BLANK if is_blank else Code.CARD_NEW, card_hint=found.card_hint)
    return found.member


def _choices(command: Command) -> tuple[RewardChoice, ...]:
    chosen = command.get("rewards")
    if chosen is None:
        return ()
    try:
        rows = msgspec.convert(chosen, type=list[_Chosen])
    except msgspec.ValidationError as error:
        raise CommandRefused(Code.COMMAND_FIELD, field="rewards") from error
    return tuple(RewardChoice(RewardId(row.id), row.points) for row in rows)


class _Chosen(msgspec.Struct):
    """A reward in a sale command."""

    id: str
    points: int | None = None


def _text(command: Command, field: str) -> str:
    value = command.get(field)
    if not isinstance(value, str):
        raise CommandRefused(Code.COMMAND_FIELD, field=field)
    return value


def _optional_text(command: Command, field: str) -> str:
    return "" if command.get(field) is None else _text(command, field)


def _cashier(command: Command) -> str:
    cashier = _optional_text(command, "cashier")
    if len(cashier) > _CASHIER_LENGTH_MAX:
        raise CommandRefused(Code.COMMAND_FIELD, field="cashier")
    return cashier


def _found_by(command: Command) -> str:
    found_by = _optional_text(command, "found_by")
    if found_by not in _WAYS_TO_FIND:
        raise CommandRefused(Code.COMMAND_FIELD, field="found_by")
    return found_by


def _flag(command: Command, field: str) -> bool:
    value = command.get(field, False)
    if not isinstance(value, bool):
        raise CommandRefused(Code.COMMAND_FIELD, field=field)
    return value
