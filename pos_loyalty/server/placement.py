"""Where a member's points should lie, so that they can be used where the member comes.

Safety never depends on this: it only chooses which part of the pool is granted to whom.
Visits are remembered for each shop as a weight that halves in sixty days.
"""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.server.books import Books, MemberState, StreamState

HALF_LIFE_DAYS = 60
SILENT_MS = 30 * 24 * 60 * 60 * 1000
"""A stream that has sent nothing for so long gets nothing ahead of a visit."""
_VISIT = 1000
"""The weight of one visit today, in thousandths."""
_FORGOTTEN = 10
"""Less than a hundredth of a visit: ten months ago, and never since."""
_MS_PER_DAY = 24 * 60 * 60 * 1000

Visits = dict[str, tuple[int, int]]
"""For each shop the weight on the day of the last visit, and that day since 1970."""

_DECODER: msgspec.json.Decoder[Visits] = msgspec.json.Decoder(Visits)
_ENCODER = msgspec.json.Encoder()


class Site(msgspec.Struct, frozen=True):
    """A stream where points can lie. ``weight`` 0: only a place from which they come.

    ``held`` is what of the member's points lies there already.
    """

    stream: StreamId
    weight: float
    held: int = 0


class ShopStream(msgspec.Struct, frozen=True, kw_only=True):
    """An open stream with its shop; ``last`` says how busy it is."""

    stream: StreamId
    shop: str
    is_hub: bool
    last: int
    seen_ms: int


def place(*, pool: int, cost: int, sites: Sequence[Site]) -> dict[StreamId, int]:
    """Return what to grant to which stream.

    One whole cheapest reward for each of the likeliest shops, as many as there are points
    for; what is left goes to the likeliest where it helps to a reward. Nothing where the
    points make no reward: most members cause no traffic.

    Args:
        pool: points that can be granted.
        cost: points of the cheapest reward; 0 where there is none.
        sites: streams, at most one with a weight for each shop.
    """
    if pool <= 0 or cost <= 0:
        return {}
    ranked = _ranked(sites)
    rewards = whole_steps(pool + sum(max(0, site.held) for site in ranked), cost)
    grants: dict[StreamId, int] = {}
    left = pool
    for site in ranked[:rewards]:
        missing = cost - max(0, site.held)
        if 0 < missing <= left:
            grants[site.stream] = missing
            left -= missing
    if left and rewards and ranked:
        first = ranked[0]
        there = max(0, first.held) + grants.get(first.stream, 0)
        if there + left >= cost:
            grants[first.stream] = grants.get(first.stream, 0) + left
    return grants


def gather(*, pool: int, cost: int, sites: Sequence[Site]) -> tuple[StreamId, ...]:
    """Return from which streams to ask points back, so that the likeliest has a whole reward.

    Only remains are asked back: what is no whole reward where it lies, the least likely
    first, and only where all of it together is enough.
    """
    ranked = _ranked(sites)
    if not ranked or cost <= 0:
        return ()
    there = max(0, ranked[0].held) + max(0, pool)
    remains = sorted(
        (site for site in sites if site != ranked[0] and 0 < site.held < cost),
        key=lambda site: (site.weight, site.stream),
    )
    if there >= cost or there + sum(site.held for site in remains) < cost:
        return ()
    asked: list[StreamId] = []
    for site in remains:
        if there >= cost:
            break
        there += site.held
        asked.append(site.stream)
    return tuple(asked)


def _ranked(sites: Sequence[Site]) -> list[Site]:
    likely = [site for site in sites if site.weight > 0]
    return sorted(likely, key=lambda site: (-site.weight, site.stream))


def visited(visits: str, shop: str, at_ms: int) -> str:
    """Return a member's visits after one more."""
    known = _DECODER.decode(visits) if visits != "{}" else {}
    day = at_ms // _MS_PER_DAY
    weight, last = known.get(shop, (0, day))
    newest = max(day, last)
    total = _decayed(weight, newest - last) + _decayed(_VISIT, newest - day)
    known[shop] = (round(total), newest)
    return _ENCODER.encode(known).decode()


def note_visit(books: Books, stream: StreamState, owner: MemberId, at_ms: int) -> None:
    """Remember where a member came, and whether points may have to lie elsewhere now."""
    member = books.member(owner)
    if stream.shop:
        member.visits = visited(member.visits, stream.shop, min(at_ms, books.now_ms))
        books.dirty_members.add(owner)
    if 0 < books.reward_cost <= member.balance and (member.pool > 0 or _is_spread(books, owner)):
        books.placement_due.add(owner)


def _is_spread(books: Books, member: MemberId) -> bool:
    """Tell whether a member's points lie at several tills."""
    return len(books.rights.get(member, ())) > 1


def weights(visits: str, now_ms: int) -> dict[str, float]:
    """Return how likely each shop is, as of now; shops of long ago are left out."""
    today = now_ms // _MS_PER_DAY
    decayed = {
        shop: _decayed(weight, max(0, today - day))
        for shop, (weight, day) in _DECODER.decode(visits).items()
    }
    return {shop: weight for shop, weight in decayed.items() if weight >= _FORGOTTEN}


def _decayed(weight: int, days: int) -> float:
    return weight * 0.5 ** (days / HALF_LIFE_DAYS)


def place_rights(books: Books, streams: Sequence[ShopStream]) -> None:
    """Grant and recall for every member whose points may have to lie elsewhere.

    Args:
        books: the loaded books; nothing is placed while they are frozen.
        streams: the open streams of the shops that these members visit.
    """
    if books.is_granting_frozen or not books.policy.is_placing:
        return
    places = _Places([one for one in streams if books.now_ms - one.seen_ms <= SILENT_MS])
    for member in sorted(books.placement_due):
        _place_member(books, books.member(member), places)


class _Places:
    """Where points can lie: each shop's hub, or else its busiest till."""

    def __init__(self, streams: Sequence[ShopStream]) -> None:
        self.streams = {one.stream for one in streams}
        best: dict[str, ShopStream] = {}
        for one in streams:
            known = best.get(one.shop)
            if known is None or _rank(one) > _rank(known):
                best[one.shop] = one
        self.of_shop = {shop: one.stream for shop, one in best.items()}


def _place_member(books: Books, member: MemberState, places: _Places) -> None:
    sites = _sites(books, member, places)
    pool = min(member.pool, books.pool_of(member.member))
    if member.member not in books.demanded:
        for stream, points in place(pool=pool, cost=books.reward_cost, sites=sites).items():
            rights = books.rights_of(member.member, stream)
            reserved = rights.reserved
            rights.granted += points
            member.outstanding += rights.reserved - reserved
            books.dirty_members.add(member.member)
            books.announce_rights(rights)
    for stream in gather(pool=max(0, member.pool), cost=books.reward_cost, sites=sites):
        rights = books.rights_of(member.member, stream)
        if rights.keep != 0:
            rights.keep = 0
            books.announce_rights(rights)


def _sites(books: Books, member: MemberState, places: _Places) -> list[Site]:
    """Return the shops that the member visits, by their stream, and where else points lie."""
    likely = weights(member.visits, books.now_ms)
    held = books.rights.get(member.member, {})
    chosen = {
        stream: weight
        for shop, weight in likely.items()
        if (stream := places.of_shop.get(shop)) is not None
        and not _is_recalled(books, member.member, stream)
    }
    sites = [
        Site(stream, weight, held[stream].outstanding if stream in held else 0)
        for stream, weight in chosen.items()
    ]
    others = [stream for stream in held if stream in places.streams and stream not in chosen]
    sites += [Site(stream, 0.0, held[stream].outstanding) for stream in others]
    return sites


def _is_recalled(books: Books, member: MemberId, stream: StreamId) -> bool:
    """Tell whether a stream is asked to give back: nothing is placed there meanwhile."""
    rights = books.rights.get(member, {}).get(stream)
    return rights is not None and rights.keep is not None


def _rank(one: ShopStream) -> tuple[bool, int, str]:
    return one.is_hub, one.last, one.stream
