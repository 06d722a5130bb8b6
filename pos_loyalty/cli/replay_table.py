"""What a replay found, as rows of text: the same for the terminal and for the page."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.replay_figures import MemberChange, Replayed

_SHARES = 100
Named = Callable[[str], str]


class Table(NamedTuple):
    """A title, the heads of the columns, and rows; all but the first column are figures."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(found: Replayed, named: Named = str) -> Iterator[Table]:
    """Yield everything that was found.

    Args:
        found: the figures.
        named: returns what a member is called where the table is shown.
    """
    yield Table(
        f"Since {found.since}: {found.member_sales:,} of {found.sales:,} sales with a member,"
        f" {_money(found.member_sales_amount, found)}",
        ("", "in force", "draft", "difference"),
        tuple(_figures(found)),
    )
    yield Table(
        "Worth of the points and stamps, month by month",
        ("month", "members' sales", "in force", "draft"),
        tuple(
            (
                month.month,
                _money(month.member_sales, found),
                _money(month.cost_in_force, found),
                _money(month.cost_draft, found),
            )
            for month in found.months
        ),
    )
    yield Table(
        f"Members who rise a tier: {found.up:,}, who fall: {found.down:,}",
        ("in force", "draft", "members"),
        tuple((move.in_force, move.draft, f"{move.members:,}") for move in found.tiers_moved),
    )
    yield from (
        _people(f"Members who get more: {found.winners:,}", found.top_winners, found, named),
        _people(f"Members who get less: {found.losers:,}", found.top_losers, found, named),
    )


def formulas(found: Replayed) -> tuple[str, ...]:
    """Return how the figures are made, in words."""
    lines = [
        "Cost = points earned and given, net of refunds, and stamps, times their worth.",
        "Liability = points and stamps that can still be used at the end, times their worth.",
        "Both versions are computed from the first sale on; figures count from the day given.",
        "Rewards stay as they were taken: a reward costs the points that the version asks for it.",
    ]
    for label, version in (("in force", found.in_force), ("draft", found.draft)):
        lines.append(f"Worth of points, {label}: {version.worth_of_points}.")
        lines.extend(f"Worth of stamps, {label}: {text}." for text in version.worth_of_stamps)
    return tuple(lines)


def terminal_lines(found: Replayed, named: Named = str) -> Iterator[str]:
    """Yield the tables for a terminal; an empty one is its title alone."""
    in_force = found.in_force
    yield f"{in_force.name} ({in_force.version}, in force) and the draft {found.draft.name}"
    for table in tables(found, named):
        yield ""
        yield table.title
        yield from _aligned(table) if table.rows else ()
    yield ""
    yield from formulas(found)


def _aligned(table: Table) -> Iterator[str]:
    cells = [table.heads, *table.rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(table.heads))]
    for row in cells:
        first, *others = (
            text.ljust(width) if at == 0 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([f"  {first}", *others]).rstrip()


def _figures(found: Replayed) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the first table."""
    was, new = found.in_force, found.draft
    for name, before, after in (
        ("points earned", was.earned, new.earned),
        ("points given otherwise", was.other, new.other),
        ("points used", was.redeemed, new.redeemed),
        ("points ended", was.expired, new.expired),
        ("stamps", was.stamps, new.stamps),
        ("points still open", was.open_points, new.open_points),
    ):
        yield name, f"{before:,}", f"{after:,}", f"{after - before:+,}"
    for name, before, after in (
        ("cost", was.cost, new.cost),
        ("liability", was.liability, new.liability),
    ):
        yield name, _money(before, found), _money(after, found), _money(after - before, found)
    shares = was.cost_share, new.cost_share, new.cost_share - was.cost_share
    yield "cost of members' sales", *(_share(share) for share in shares)
    for name in dict.fromkeys([*was.members_by_tier, *new.members_by_tier]):
        before, after = was.members_by_tier.get(name, 0), new.members_by_tier.get(name, 0)
        yield f"members: {name}", f"{before:,}", f"{after:,}", f"{after - before:+,}"


def _people(title: str, changes: Sequence[MemberChange], found: Replayed, named: Named) -> Table:
    return Table(
        title,
        (
            "member",
            "points in force",
            "points draft",
            "worth in force",
            "worth draft",
            "difference",
        ),
        tuple(
            (
                named(change.member),
                f"{change.points_in_force:,}",
                f"{change.points_draft:,}",
                _money(change.worth_in_force, found),
                _money(change.worth_draft, found),
                _money(change.difference, found),
            )
            for change in changes
        ),
    )


def _money(amount: int, found: Replayed) -> str:
    return f"{found.currency} {plain_amount(amount, currency_of(found.currency))}"


def _share(share: int) -> str:
    sign = "-" if share < 0 else ""
    whole, part = divmod(abs(share), _SHARES)
    return f"{sign}{whole}.{part:02d} %"
