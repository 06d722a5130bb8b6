"""`server inbox`: the owner's list in words, and settling an item of it."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from pos_loyalty.domain.attention_catalog import Where, choice_of, other_member, tell
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.reward import money_of
from pos_loyalty.server.books import Merchant
from pos_loyalty.wire.messages import AttentionRow

_LIMIT = 1000


ACTIONS = ("inbox",)


def add_arguments(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Declare what is listed, and settling."""
    parser = add("inbox", "what needs a person's choice, in plain words")
    parser.add_argument("--open", action="store_true", help="only what nobody has settled yet")
    actions = parser.add_subparsers(dest="inbox_action", metavar="settle")
    settle = actions.add_parser("settle", help="choose for an item; the first choice counts")
    settle.add_argument("item", metavar="ITEM", help="as the list names it")
    settle.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    settle.add_argument("choice", metavar="CHOICE", help="one of the item's choices")


def run(arguments: argparse.Namespace) -> int:
    """List the items, or settle one."""
    return _settle(arguments) if arguments.inbox_action == "settle" else _list(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.attention_rows import all_items
    from pos_loyalty.server.database import statements
    from pos_loyalty.server.setup import open_database, read_merchant

    with closing(open_database(arguments.database)) as database:
        merchant = read_merchant(database)
        with database.read() as session:
            items = all_items(session, merchant.merchant, only_open=arguments.open, limit=_LIMIT)
            people = {row.member for row in items if row.member is not None}
            people |= {MemberId(other) for row in items if (other := other_member(row.detail))}
            states = statements.load_members(session, merchant.merchant, people)
    names = {member: state.name for member, state in states.items()}
    if arguments.json:
        told = [item_as_json(item, names, merchant) for item in items]
        print(json.dumps({"open": sum(not item.settled for item in items), "items": told}))
        return 0
    for item in items:
        print("\n".join(_lines(item, names, merchant, database=arguments.database)))
    print(_summary(items), file=sys.stderr)
    return 0


def item_as_json(
    item: AttentionRow, names: Mapping[MemberId, str], merchant: Merchant
) -> dict[str, object]:
    """Return an item with its words, for a program."""
    where = _where(item, names)
    told = tell(
        item.kind,
        detail=item.detail,
        where=where,
        points=item.points,
        money=_money(item, merchant),
    )
    return {
        "item": item.item,
        "kind": item.kind,
        "at_ms": item.at_ms,
        "title": told.title,
        "happened": told.happened,
        "cost": told.cost,
        "points": item.points,
        "member": item.member,
        "till": item.till_name,
        "shop": item.shop_name,
        "detail": item.detail,
        "choices": [_choice_as_json(item.kind, choice) for choice in item.choices],
        "settled": item.settled or None,
        "settled_by": item.settled_by or ("server" if item.settled else None),
    }


def _choice_as_json(kind: str, choice: str) -> dict[str, str]:
    words = choice_of(kind, choice)
    return {"id": words.id, "label": words.label, "consequence": words.consequence}


def _lines(
    item: AttentionRow, names: Mapping[MemberId, str], merchant: Merchant, *, database: str
) -> list[str]:
    from pos_loyalty.server.settings import typed_database
    from pos_loyalty.services.command_name import command_line

    told = tell(
        item.kind,
        detail=item.detail,
        where=_where(item, names),
        points=item.points,
        money=_money(item, merchant),
    )
    lines = [told.title, f"  {told.happened}"]
    lines += [f"  {told.cost}"] if told.cost else []
    lines += [f"  member {item.member}"] if item.member else []
    if item.settled:
        chosen = choice_of(item.kind, item.settled)
        return [*lines, f"  Settled: {chosen.label} ({item.settled_by or 'at the server'})", ""]
    for choice in item.choices:
        words = choice_of(item.kind, choice)
        words_of = (
            "server",
            "inbox",
            "--database",
            typed_database(database),
            "settle",
            item.item,
            choice,
        )
        settle = command_line(*words_of)
        lines += [f"  - {words.label}: {words.consequence}", f"      {settle}"]
    return [*lines, ""]


def _where(item: AttentionRow, names: Mapping[MemberId, str]) -> Where:
    name = names.get(item.member, "") if item.member else ""
    other = names.get(MemberId(other_member(item.detail)), "")
    return Where(till=item.till_name, shop=item.shop_name, member=name, other=other)


def _money(item: AttentionRow, merchant: Merchant) -> str:
    from pos_loyalty.domain.money import currency_of, plain_amount
    from pos_loyalty.domain.program import program_in_force

    program = program_in_force(tuple(merchant.programs.values()), item.at_ms)
    worth = money_of(program.rewards, item.points)
    if not worth:
        return ""
    return f"{merchant.currency} {plain_amount(worth, currency_of(merchant.currency))}"


def _summary(items: Sequence[AttentionRow]) -> str:
    if not items:
        return "Nothing to look at."
    waiting = sum(not item.settled for item in items)
    return f"{waiting} of {len(items)} items wait for a choice."


def _settle(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.owner_commands import settle_item
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock, SystemIds

    clock = SystemClock()
    with closing(open_database(arguments.database)) as database:
        is_first, choice = settle_item(
            database, arguments.item, arguments.choice, clock=clock, ids=SystemIds(clock)
        )
    words = choice_of(arguments.item.partition(".")[0], choice)
    if arguments.json:
        print(json.dumps({"item": arguments.item, "choice": choice, "is_first": is_first}))
    elif is_first:
        print(f"Settled: {words.label}. {words.consequence}")
    else:
        print(f"It was settled before: {words.label}. Nothing changed.")
    return 0
