"""Bugs planted on purpose: each must be found by some seeds, or the simulator proves nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pos_loyalty.simulator.patching import Patch


@dataclass(frozen=True)
class Plant:
    """A bug: what it does wrong, where it shows, and the patches that plant it."""

    name: str
    says: str
    profile: str
    patches: Callable[[], Sequence[Patch]]


PLANTS: Mapping[str, Plant] = {}
