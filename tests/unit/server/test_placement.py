"""Where points should lie: whole cheapest rewards at the likeliest shops, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.ids import StreamId
from pos_loyalty.server.placement import (
    HALF_LIFE_DAYS,
    Site,
    gather,
    place,
    visited,
    weights,
)

DAY_MS = 24 * 60 * 60 * 1000
HOME, OTHER, THIRD = StreamId("a" * 32), StreamId("b" * 32), StreamId("c" * 32)

SITES = st.lists(
    st.builds(
        Site,
        st.uuids().map(lambda made: StreamId(made.hex)),
        st.sampled_from([0.0, 0.5, 1.0, 3.0]),
        st.integers(-50, 300),
    ),
    max_size=6,
    unique_by=lambda site: site.stream,
)


def test_points_that_make_no_reward_lie_nowhere() -> None:
    assert place(pool=99, cost=100, sites=[Site(HOME, 1.0)]) == {}
    assert place(pool=500, cost=0, sites=[Site(HOME, 1.0)]) == {}
    assert place(pool=500, cost=100, sites=[]) == {}


def test_one_whole_reward_for_each_of_the_likeliest_shops_and_the_rest_for_the_first() -> None:
    sites = [Site(OTHER, 2.0), Site(HOME, 5.0), Site(THIRD, 1.0)]

    assert place(pool=250, cost=100, sites=sites) == {HOME: 150, OTHER: 100}
    assert place(pool=100, cost=100, sites=sites) == {HOME: 100}


def test_what_lies_there_already_counts() -> None:
    assert place(pool=30, cost=100, sites=[Site(HOME, 1.0, held=80)]) == {HOME: 30}
    assert place(pool=10, cost=100, sites=[Site(HOME, 1.0, held=80)]) == {}
    sites = [Site(HOME, 2.0, held=130), Site(OTHER, 1.0)]
    assert place(pool=100, cost=100, sites=sites) == {OTHER: 100}


def test_a_second_time_changes_nothing() -> None:
    first = place(pool=250, cost=100, sites=[Site(HOME, 2.0), Site(OTHER, 1.0)])
    sites = [Site(HOME, 2.0, first[HOME]), Site(OTHER, 1.0, first[OTHER])]

    assert place(pool=0, cost=100, sites=sites) == {}


def test_remains_are_gathered_only_where_they_make_a_whole_reward() -> None:
    sites = [Site(HOME, 2.0, 70), Site(OTHER, 1.0, 20), Site(THIRD, 0.0, 15)]

    assert gather(pool=0, cost=100, sites=sites) == (THIRD, OTHER)
    assert gather(pool=0, cost=110, sites=sites) == ()
    assert gather(pool=30, cost=100, sites=sites) == (), "the first has one without them"
    assert gather(pool=0, cost=100, sites=[Site(HOME, 2.0, 70), Site(OTHER, 1.0, 100)]) == ()


@given(pool=st.integers(-100, 1_000), cost=st.integers(0, 200), sites=SITES)
def test_never_more_than_the_pool_and_only_where_a_member_comes(
    pool: int, cost: int, sites: list[Site]
) -> None:
    grants = place(pool=pool, cost=cost, sites=sites)

    assert sum(grants.values()) <= max(0, pool)
    assert all(points > 0 for points in grants.values())
    likely = {site.stream for site in sites if site.weight > 0}
    assert grants.keys() <= likely
    held = {site.stream: max(0, site.held) for site in sites}
    assert all(held[stream] + points >= cost for stream, points in grants.items())


@given(cost=st.integers(1, 200), sites=SITES)
def test_gathering_takes_no_whole_reward_from_anybody(cost: int, sites: list[Site]) -> None:
    held = {site.stream: site.held for site in sites}

    assert all(0 < held[stream] < cost for stream in gather(pool=0, cost=cost, sites=sites))


def test_a_visit_counts_half_after_its_half_life() -> None:
    visits = visited("{}", "shop", 0)
    visits = visited(visits, "other", HALF_LIFE_DAYS * DAY_MS)

    found = weights(visits, HALF_LIFE_DAYS * DAY_MS)

    assert found == {"shop": 500.0, "other": 1000.0}
    assert weights(visits, 20 * HALF_LIFE_DAYS * DAY_MS) == {}


def test_a_visit_told_late_counts_as_old_as_it_is() -> None:
    visits = visited("{}", "shop", HALF_LIFE_DAYS * DAY_MS)
    visits = visited(visits, "shop", 0)

    assert weights(visits, HALF_LIFE_DAYS * DAY_MS) == {"shop": 1500.0}
