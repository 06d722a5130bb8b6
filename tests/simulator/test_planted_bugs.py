"""Bugs planted on purpose: the simulator finds each of them within a few seeds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.simulator.campaign import Campaign, simulator_folder
from pos_loyalty.simulator.patching import Patch, patched
from pos_loyalty.simulator.plants import PLANTS

SEEDS_MAX = 30

pytestmark = pytest.mark.expects_log_records  # a bug may well be logged


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with simulator_folder() as path:
        yield path


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(folder: Path, name: str) -> None:
    plant = PLANTS[name]
    campaign = Campaign(folder, name)

    runs = (campaign.run(seed, plant.profile) for seed in range(SEEDS_MAX))
    found = next((result for result in runs if result.violation), None)

    assert found is not None, plant.says
    assert "TypeError" not in found.violation, "the plant no longer fits what it replaces"
    # It is the bug that was found, and nothing that is there without it.
    assert Campaign(folder).run(found.seed, plant.profile).violation == ""


def test_a_bad_seed_shrinks_to_fewer_steps_that_still_fail(folder: Path) -> None:
    campaign = Campaign(folder, "trust_view")
    bad = next(
        result
        for seed in range(SEEDS_MAX)
        if (result := campaign.run(seed, "base")).violation.startswith("I6")
    )

    kept = campaign.shrink(bad)

    assert len(kept) < bad.steps / 2
    assert campaign.run(bad.seed, "base", kept=kept).violation.startswith("I6")


def test_plants_leave_no_trace_behind(folder: Path) -> None:
    for name in PLANTS:
        patches = PLANTS[name].patches()
        before: list[object] = [vars(patch.owner)[patch.name] for patch in patches]

        Campaign(folder, name).run(0, PLANTS[name].profile, kept=())

        assert [vars(patch.owner)[patch.name] for patch in patches] == before


def test_a_patch_ends_with_an_error_too() -> None:
    class Owner:
        """Something to patch."""

        name = "before"

    def fail() -> None:
        with patched([Patch(Owner, "name", "after")]):
            assert Owner.name == "after"
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - only that it comes through matters
        fail()
    assert Owner.name == "before"
