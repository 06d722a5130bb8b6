"""What disasters and strangers see of the world that they happen to."""

import random
from pathlib import Path
from typing import Protocol

from pos_loyalty.simulator.oracle import Disk, Oracle
from pos_loyalty.simulator.profiles import Profile
from pos_loyalty.simulator.server_side import SimulatedServer
from pos_loyalty.simulator.template import Template
from pos_loyalty.simulator.till_side import SimulatedTill


class Surroundings(Protocol):
    """The part of a world that others may act on."""

    folder: Path
    template: Template
    profile: Profile
    oracle: Oracle
    server: SimulatedServer
    tills: list[SimulatedTill]

    def add_till(self, name: str, disk: Disk | None = None) -> SimulatedTill:
        """Open a till on a folder that is there already."""
        ...

    def open_till(self, till: SimulatedTill) -> None:
        """Start a till; whatever it acknowledged before must be there."""
        ...

    def talk_out(self, till: SimulatedTill, seed: random.Random) -> str:
        """Talk until a till has heard everything."""
        ...
