"""Tiers: the highest that is reached, raised at once, never lowered by a till."""

from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.tier import next_tier, tier_held, tier_reached
from tests.builders import STANDARD
from tests.unit.domain.tier_cases import paid, tier

TIERS = STANDARD.tiers


def test_a_threshold_is_reached_at_its_very_value() -> None:
    assert tier_reached(TIERS, 499).id == "bronze"
    assert tier_reached(TIERS, 500).id == "silver"
    assert tier_reached(TIERS, 1500).id == "gold"
    assert tier_reached(TIERS, -30).id == "bronze"


def test_a_till_raises_and_does_not_lower() -> None:
    assert tier_held(TIERS, recorded="silver", earned_points=1500).id == "gold"
    assert tier_held(TIERS, recorded="gold", earned_points=3).id == "gold"
    assert tier_held(TIERS, recorded="unknown", earned_points=3).id == "bronze"


def test_a_tier_without_a_threshold_of_points_is_kept() -> None:
    """Whoever bought a tier, or reached it by visits, has it with no points at all."""
    club, regular = paid("club"), tier("regular", visits=10)
    tiers = (tier("all"), regular, club)

    assert tier_held(tiers, recorded="club", earned_points=0) is club
    assert tier_held(tiers, recorded="regular", earned_points=70) is regular


def test_the_next_tier_says_what_is_missing() -> None:
    above = next_tier(TIERS, held=TIERS[0], earned_points=480)

    assert above is not None
    assert (above.tier.id, above.missing_points) == ("silver", 20)
    assert next_tier(TIERS, held=TIERS[2], earned_points=9999) is None


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_more_points_never_mean_a_lower_tier(points: int, more: int) -> None:
    lower = tier_reached(TIERS, points)
    higher = tier_reached(TIERS, points + more)

    assert lower.threshold_points <= higher.threshold_points
