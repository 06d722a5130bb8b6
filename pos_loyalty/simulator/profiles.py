"""Which faults a seed may meet, and how likely each is; drawn anew for every seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

_DROP_MAX = 0.6
_DOUBLE_MAX = 0.4
_TRUNCATE_MAX = 0.15
_SLOW_MAX = 0.6

_DAILY = {
    "sell": 16.0,
    "redeem": 16.0,
    "undo": 4.0,
    "enroll": 3.0,
    "ask": 8.0,
    "basket": 1.0,
    "exchange": 20.0,
    "turn": 90.0,
    "talk": 10.0,
    "give_up": 4.0,
    "reopen": 4.0,
}
_CRASHES = ("kill_till", "kill_server")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A kind of trouble: what may happen beside the daily work and a bad line.

    ``allowance_points`` is the owner's total for all tills together, less than two of them
    could use. ``has_second_writers`` and ``has_old_books`` say which alarms are then no false ones;
    ``has_hub`` that the tills of the shop talk through its hub at times; ``has_old_tills``
    that some of them run an earlier release until somebody updates them, and that rules are
    published which those cannot compute; ``has_sticks`` that
    packets are carried by hand beside the line.
    """

    name: str
    faults: Mapping[str, float]
    allowance_points: int = 0
    has_second_writers: bool = False
    has_old_books: bool = False
    has_hub: bool = False
    has_old_tills: bool = False
    has_sticks: bool = False


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(name="base", faults={}),
        Profile(name="risk", faults={"redeem": 60.0}, allowance_points=150),
        Profile(
            name="fork",
            faults={"image": 3.0, "restore_till": 2.0, "clone": 1.5},
            has_second_writers=True,
        ),
        Profile(
            name="srv",
            faults={
                "back_up_server": 5.0,
                "restore_server": 3.0,
                "look_into_backup": 4.0,
                "confirm": 4.0,
                "ask": 20.0,
            },
            has_old_books=True,
        ),
        Profile(
            name="both",
            faults={
                "image": 3.0,
                "restore_till": 2.0,
                "clone": 1.0,
                "back_up_server": 5.0,
                "restore_server": 3.0,
                "look_into_backup": 4.0,
                "confirm": 4.0,
                "ask": 20.0,
            },
            has_second_writers=True,
            has_old_books=True,
        ),
        Profile(name="goods", faults={"refund": 10.0, "move": 5.0, "adjust": 4.0}),
        Profile(name="clock", faults={"jump": 8.0}),
        Profile(name="hostile", faults={"poison": 14.0}),
        Profile(
            name="stick",
            faults={"carry_out": 12.0, "carry_in": 14.0, "carry_back": 16.0},
            has_sticks=True,
        ),
        Profile(name="versions", faults={"update": 1.0, "publish": 0.3}, has_old_tills=True),
        Profile(
            name="hub",
            faults={
                "hub_line": 5.0,
                "hub_talk": 10.0,
                "hub_sends_on": 8.0,
                "hub_dies": 1.0,
                "talk": 60.0,
                "ask": 30.0,
            },
            has_hub=True,
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Swarm:
    """The dice of one seed: odds of the line (0 to 1), weights of actions, sizes of pages."""

    drop: float
    double: float
    truncate: float
    slow: float
    weights: Mapping[str, float]
    members_hot: float
    batch_events: int
    page_rows: int
    slice_rows: int
    report_members: int
    known_hashes: int


def swarm_of(profile: Profile, seed: random.Random) -> Swarm:
    """Draw the dice: many a seed has a fault not at all, another one has it all the time."""
    weights = dict(_DAILY)
    for name in _CRASHES:
        weights[name] = seed.choice((0.0, 1.0, 3.0))
    for name, weight in profile.faults.items():
        weights[name] = weight * seed.choice((0.5, 1.0, 2.0))
    for name in ("exchange", "talk", "give_up", "redeem", "ask"):
        weights[name] *= seed.choice((0.5, 1.0, 2.0))
    return Swarm(
        drop=_odds(seed, _DROP_MAX),
        double=_odds(seed, _DOUBLE_MAX),
        truncate=_odds(seed, _TRUNCATE_MAX),
        slow=_odds(seed, _SLOW_MAX),
        weights=weights,
        members_hot=seed.random(),
        batch_events=seed.choice((1, 2, 5, 500)),
        page_rows=seed.choice((1, 2, 5, 200)),
        slice_rows=seed.choice((1, 3, 200)),
        report_members=seed.choice((1, 2, 500)),
        known_hashes=seed.choice((1, 3, 5_000, 5_000)),
    )


def _odds(seed: random.Random, limit: float) -> float:
    return seed.choice((0.0, seed.random() * limit, seed.random() * limit))
