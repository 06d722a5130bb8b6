"""The product under seeded faults: nothing lost, nothing doubled, nothing overspent."""

from collections.abc import Iterator

import pytest

from pos_loyalty.simulator.campaign import Campaign, simulator_folder
from pos_loyalty.simulator.profiles import PROFILES

SEEDS = range(12)

pytestmark = pytest.mark.expects_log_records  # what a stranger sends is set aside, and logged


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    with simulator_folder() as folder:
        yield Campaign(folder)


@pytest.mark.parametrize("profile", PROFILES)
def test_no_seed_breaks_a_promise(campaign: Campaign, profile: str) -> None:
    results = [campaign.run(seed, profile) for seed in SEEDS]

    assert [result for result in results if result.violation] == []
    assert all(result.rounds > 0 for result in results)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_seed_run_twice_leaves_the_same_trace(campaign: Campaign, profile: str) -> None:
    first, other = campaign.run(1, profile), campaign.run(2, profile)

    assert campaign.is_repeatable(first)
    assert first.trace_hash != other.trace_hash


def test_seeds_that_found_faults_of_the_product_stay_clean(campaign: Campaign) -> None:
    """Books restored twice; answers lost in a row; grants that only old books forgot."""
    found = [("srv", 25), ("srv", 39), ("base", 53), ("clock", 7), ("srv", 95), ("fork", 540)]

    assert [campaign.run(seed, name).violation for name, seed in found] == [""] * len(found)
