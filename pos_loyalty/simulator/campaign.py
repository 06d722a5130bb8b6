"""Runs seeds: one world each, a verdict each, and for a bad seed the fewest steps that show it."""

import random
import shutil
import tempfile
import traceback
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pos_loyalty.server import replies
from pos_loyalty.server.database import version_marks
from pos_loyalty.simulator.healing import heal
from pos_loyalty.simulator.invariants import check
from pos_loyalty.simulator.oracle import Violation
from pos_loyalty.simulator.patching import Patch, patched
from pos_loyalty.simulator.plants import PLANTS
from pos_loyalty.simulator.profiles import PROFILES, Swarm, swarm_of
from pos_loyalty.simulator.server_side import INLINE_THREADS
from pos_loyalty.simulator.template import Template, make_template
from pos_loyalty.simulator.till_side import FUSED_WRITER
from pos_loyalty.simulator.world import World
from pos_loyalty.store import joining, pruning
from pos_loyalty.sync import exchange, reply_parts, session

_STEPS_MOST = 260
_STEPS_LEAST = 80
_TRIES_MAX = 60
_YOUNG_MS = 60_000
"""Events older than this may leave a till; ninety days are more than a seed lasts."""
_MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a folder of our own is made inside


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """What came of one seed. ``violation`` is empty where everything held."""

    seed: int
    profile: str
    steps: int
    rounds: int
    violation: str
    trace_hash: str
    trace: Sequence[str]

    def broken(self, violation: str) -> "SeedResult":
        """Return the result with something that was found out about it."""
        return replace(self, violation=violation)


@contextmanager
def simulator_folder() -> Generator[Path]:
    """Make a folder in memory where there is one, else a temporary one; gone afterwards."""
    parent = _MEMORY_DISK if _MEMORY_DISK.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="pos-loyalty-", dir=parent) as folder:
        yield Path(folder)


@dataclass(frozen=True)
class Campaign:
    """Runs seeds in one folder."""

    folder: Path
    plant: str = ""

    def run(
        self, seed: int, profile_name: str, *, kept: Collection[int] | None = None
    ) -> SeedResult:
        """Run one seed.

        Args:
            seed: what everything is drawn from.
            profile_name: the kind of trouble.
            kept: the steps to take; None takes them all.
        """
        profile = PROFILES[profile_name]
        dice = random.Random(f"{profile_name}/{seed}")
        swarm = swarm_of(profile, dice)
        steps = dice.randrange(_STEPS_LEAST, _STEPS_MOST + 1)
        taken = range(steps) if kept is None else sorted(kept)
        target = self.folder / f"{profile_name}-{seed}"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        plant = PLANTS[self.plant].patches() if self.plant else ()
        template = _template_in(self.folder, has_hub=profile.has_hub)
        try:
            marks = _marks(f"{profile_name}/{seed}")
            with patched((INLINE_THREADS, FUSED_WRITER, marks, *_sizes(swarm))), patched(plant):
                world = World(target, template, profile, swarm)
                return _run_in(world, seed, taken)
        finally:
            shutil.rmtree(target, ignore_errors=True)

    def is_repeatable(self, first: SeedResult) -> bool:
        """Run a seed again and tell whether it leaves the very same trace."""
        return self.run(first.seed, first.profile).trace_hash == first.trace_hash

    def shrink(self, bad: SeedResult) -> Sequence[int]:
        """Return the fewest steps found that still end in a violation of the same invariant."""
        kept = list(range(bad.steps))
        size, tries = max(1, len(kept) // 2), 0
        while tries < _TRIES_MAX:
            smaller = self._without_a_part(bad, kept, size)
            tries += max(1, len(kept) // size)
            if smaller is not None:
                kept = smaller
            elif size == 1:
                break
            else:
                size = max(1, size // 2)
        return kept

    def _without_a_part(self, bad: SeedResult, kept: list[int], size: int) -> list[int] | None:
        for start in reversed(range(0, len(kept), size)):
            rest = kept[:start] + kept[start + size :]
            again = self.run(bad.seed, bad.profile, kept=rest)
            if again.violation.split(" ")[0] == bad.violation.split(" ")[0]:
                return rest
        return None


@lru_cache(maxsize=4)
def _template_in(folder: Path, *, has_hub: bool) -> Template:
    target = folder / ("template-with-hub" if has_hub else "template")
    target.mkdir()
    with patched((_marks("template"),)):
        return make_template(target, has_hub=has_hub)


def _marks(seed: str) -> Patch:
    """Draw the marks of the books' versions from a seed, too."""
    dice = random.Random(f"marks/{seed}")
    return Patch(version_marks, "new_mark", lambda: f"{dice.getrandbits(64):016x}")


def _sizes(swarm: Swarm) -> Sequence[Patch]:
    """Tiny batches and pages, so that every seam between them is met."""
    return (
        Patch(exchange, "BATCH_EVENTS_MAX", swarm.batch_events),
        Patch(exchange, "ROWS_DEFAULT", swarm.page_rows),
        Patch(reply_parts, "ROWS_PER_TRANSACTION", swarm.slice_rows),
        Patch(exchange, "REPORT_MEMBERS_MAX", swarm.report_members),
        Patch(replies, "KNOWN_HASHES_MAX", swarm.known_hashes),
        Patch(joining, "EVENTS_PER_TRANSACTION", swarm.slice_rows),
        Patch(pruning, "AGE_MS_MIN", _YOUNG_MS),
        Patch(pruning, "EVENTS_KEPT_MIN", 1),
        Patch(pruning, "EVENTS_PER_TRANSACTION", swarm.slice_rows),
        Patch(session, "TIDY_MS", 0),
    )


def _run_in(world: World, seed: int, taken: Collection[int]) -> SeedResult:
    name = world.profile.name
    violation, rounds = "", 0
    try:
        world.open_shop(random.Random(f"{name}/{seed}"))
        for number in taken:
            world.step(random.Random(f"{name}/{seed}/{number}"))
        rounds = heal(world)
        check(world)
    except Violation as broken:
        violation = str(broken)
    except Exception as error:  # noqa: BLE001 - whatever the product lets escape is a finding
        violation = f"crash {type(error).__name__}: {error}"
        world.trace.lines += traceback.format_exception(error)
    finally:
        world.trace.note(violation)
        world.close()
    return SeedResult(
        seed=seed,
        profile=name,
        steps=len(taken),
        rounds=rounds,
        violation=violation,
        trace_hash=world.trace.hash,
        trace=world.trace.lines,
    )
