"""The owner's list on a till: what happened in words, and choosing; with and without a line."""

from dataclasses import dataclass

from pos_loyalty.domain.attention_catalog import Choice, Where, choice_of, other_member, tell
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.money import plain_amount
from pos_loyalty.domain.reward import money_of
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.unit_of_work import Repositories
from pos_loyalty.wire.messages import AttentionRow, Settlement

LIST_LIMIT = 200


@dataclass(frozen=True)
class ReadAttention:
    """Ask for the owner's list; open items are those for which nobody chose."""

    only_open: bool = False
    limit: int = LIST_LIMIT


@dataclass(frozen=True)
class AttentionItem:
    """An item in words. ``chosen`` is the choice that holds, or that is on its way from here.

    ``is_on_its_way`` says that the server has not confirmed it; another one may have been
    first.
    """

    item: str
    kind: str
    at_ms: int
    title: str
    happened: str
    cost: str
    points: int
    member: MemberId | None
    member_name: str
    till_name: str
    shop_name: str
    choices: tuple[Choice, ...]
    chosen: Choice | None = None
    chosen_by: str = ""
    is_on_its_way: bool = False


@dataclass(frozen=True)
class AttentionList:
    """The owner's list; ``open_count`` counts all open items, also those beyond the limit."""

    items: tuple[AttentionItem, ...]
    open_count: int


class ReadAttentionHandler:
    """Reads the list; never waits for a line."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: ReadAttention) -> AttentionList:
        """Return the items, newest first."""
        with self._context.store.read() as work:
            rows = work.attention.newest(command.limit, only_open=command.only_open)
            items = tuple(_item(self._context, work, row) for row in rows)
            return AttentionList(items=items, open_count=work.attention.open_count())


class CountAttentionHandler:
    """Counts what is open: asked often, so it reads one number."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self) -> int:
        """Return for how many items nobody chose."""
        with self._context.store.read() as work:
            return work.attention.open_count()


@dataclass(frozen=True)
class SettleItem:
    """Choose for an item."""

    item: str
    choice: str


@dataclass(frozen=True)
class ItemSettled:
    """What holds for the item now; ``is_first`` where this choice was the one."""

    item: AttentionItem
    is_first: bool


class SettleItemHandler:
    """Keeps a choice for the server, which takes the first one for each item."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: SettleItem) -> ItemSettled:
        """Choose; where a choice was made before, that one is answered and nothing changes.

        Raises:
            CommandRefused: no such item, or it has no such choice.
            StoreUnavailable: it could not be kept.
        """
        with self._context.store.write() as work:
            row = work.attention.get(command.item)
            if row is None:
                raise CommandRefused(Code.ITEM_ABSENT, item=command.item[:100])
            if command.choice not in row.choices:
                choices = ", ".join(row.choices)
                raise CommandRefused(Code.ITEM_CHOICE, choice=command.choice[:40], choices=choices)
            is_first = not row.settled and work.attention.chosen(row.item) is None
            if is_first:
                work.attention.queue(
                    Settlement(
                        settlement=EventId(self._context.ids.next_id()),
                        item=row.item,
                        choice=command.choice,
                        at_ms=self._context.clock.now_ms(),
                    )
                )
            settled = _item(self._context, work, row)
            if is_first:
                work.commit()
        return ItemSettled(item=settled, is_first=is_first)


def _item(context: TillContext, work: Repositories, row: AttentionRow) -> AttentionItem:
    name = _name(work, row.member)
    other = _name(work, MemberId(other_member(row.detail)))
    told = tell(
        row.kind,
        detail=row.detail,
        where=Where(till=row.till_name, shop=row.shop_name, member=name, other=other),
        points=row.points,
        money=_money(context, row.points),
    )
    on_its_way = None if row.settled else work.attention.chosen(row.item)
    choice = row.settled or (on_its_way.choice if on_its_way else "")
    return AttentionItem(
        item=row.item,
        kind=row.kind,
        at_ms=row.at_ms,
        title=told.title,
        happened=told.happened,
        cost=told.cost,
        points=row.points,
        member=row.member,
        member_name=name,
        till_name=row.till_name,
        shop_name=row.shop_name,
        choices=tuple(choice_of(row.kind, each) for each in row.choices),
        chosen=choice_of(row.kind, choice) if choice else None,
        chosen_by=row.settled_by,
        is_on_its_way=on_its_way is not None,
    )


def _name(work: Repositories, member: MemberId | None) -> str:
    """Return the name on an account itself, also where it was merged into another."""
    found = work.members.name(member) if member else None
    return found or ""


def _money(context: TillContext, points: int) -> str:
    worth = money_of(context.program().rewards, points)
    currency = context.identity.currency
    return f"{currency.code} {plain_amount(worth, currency)}" if worth else ""
