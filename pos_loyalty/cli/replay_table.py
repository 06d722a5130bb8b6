"""What a replay found, as rows of text: the same for the terminal and for the page."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.replay_figures import MemberChange, Replayed
from pos_loyalty.domain.replay_tried import Tried

_SHARES = 100
_NAMED_MAX = 10
UNTRIED = "What these sales could not try"
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


def untried_lines(found: Replayed) -> tuple[str, ...]:
    """Return what of the draft the past could not try, in words; nothing where it tried all."""
    return tuple(_untried(found.tried))


def _untried(tried: Tried) -> Iterator[str]:
    """Yield a sentence for each reason; what lacks only lines is not said to never hold, too."""
    has_lines = tried.member_sales_with_lines > 0
    if tried.needs_lines and tried.member_sales_with_lines < tried.member_sales:
        yield _few_lines(tried) if has_lines else _no_lines(tried)
    for word in tried.absent[:_NAMED_MAX]:
        near = f'; "{word.near}" does' if word.near else ""
        yield f'The {word.kind} "{word.name}" occurs in no sale{near}.'
    if len(tried.absent) > _NAMED_MAX:
        more = len(tried.absent) - _NAMED_MAX
        yield f"{more:,} more categories or SKUs of the draft occur in no sale."
    never = [
        f"{part.kind} {part.name}" for part in tried.never_held if has_lines or not part.needs_lines
    ]
    if never:
        yield f"Never held: {_listed(never)}."
    if tried.cards:
        cards, costs = (
            ("card", "what it costs is")
            if len(tried.cards) == 1
            else ("cards", "what they cost is")
        )
        named = _listed(tried.cards)
        yield f"Nobody got a stamp for the {cards} {named}: {costs} NOT in the figures."


def _no_lines(tried: Tried) -> str:
    parts = tried.needs_lines
    which = (
        f"{parts[0]} was never tried"
        if len(parts) == 1
        else f"{len(parts):,} rules were never tried: {_listed(parts)}"
    )
    return (
        f"No member's sale has lines, so {which}."
        " Lines come from a till system; an amount typed at the till has none."
    )


def _few_lines(tried: Tried) -> str:
    some = tried.member_sales_with_lines
    has = "has" if some == 1 else "have"
    were = "was" if len(tried.needs_lines) == 1 else "were"
    return (
        f"Only {some:,} of {tried.member_sales:,} members' sales {has} lines, so"
        f" {_listed(tried.needs_lines)} {were} tried on no other."
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_MAX
    named = ", ".join(names[:_NAMED_MAX])
    return f"{named} and {more:,} more" if more > 0 else named


def terminal_lines(found: Replayed, named: Named = str) -> Iterator[str]:
    """Yield the tables for a terminal; an empty one is its title alone."""
    in_force = found.in_force
    yield f"{in_force.name} ({in_force.version}, in force) and the draft {found.draft.name}"
    untried = untried_lines(found)
    if untried:
        yield from ("", f"{UNTRIED}:", *(f"  {line}" for line in untried))
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
    cards = _listed(found.tried.cards)
    untried, without = (f" (not tried: {cards})", f" (without {cards})") if cards else ("", "")
    for name, before, after in (
        ("points earned", was.earned, new.earned),
        ("points given otherwise", was.other, new.other),
        ("points used", was.redeemed, new.redeemed),
        ("points ended", was.expired, new.expired),
        (f"stamps{untried}", was.stamps, new.stamps),
        ("points still open", was.open_points, new.open_points),
    ):
        yield name, f"{before:,}", f"{after:,}", f"{after - before:+,}"
    for name, before, after in (
        (f"cost{without}", was.cost, new.cost),
        (f"liability{without}", was.liability, new.liability),
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
