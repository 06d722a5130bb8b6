"""Everything about sync that has a limit: each part in a process of its own."""

import importlib
from collections.abc import Sequence
from typing import Final

from pos_loyalty.bench.figure import Progress, Result
from pos_loyalty.bench.own_process import in_own_process

PARTS: Final = {
    "cpu": "sync_cpu",
    "week": "week_offline",
    "poll": "idle_poll",
    "sale": "sale_while_syncing",
    "storm": "storm",
    "redemptions": "year_of_visits",
    "snapshot": "new_till",
}
"""The module of each part."""


def measure(
    *, quick: bool, progress: Progress, parts: Sequence[str] = (), tills: int = 0
) -> list[Result]:
    """Measure the parts named, or all.

    Args:
        quick: small numbers.
        progress: told how many parts are through.
        parts: names of parts. A storm asked for by name has its full size.
        tills: how many tills the storm has; 0 = as many as the size wants.
    """
    names = parts or tuple(PARTS)
    results: list[Result] = []
    for number, name in enumerate(names, start=1):
        of_storm: dict[str, int] = {}
        if name == "storm":
            of_storm = {"tills": tills, "is_full": name in parts}
        results += in_own_process(measure_part, name, quick=quick, **of_storm)
        progress("sync", number, len(names))
    return results


def measure_part(name: str, *, quick: bool, **of_storm: int) -> list[Result]:
    """Measure one part in this process."""
    module = importlib.import_module(f"pos_loyalty.bench.{PARTS[name]}")
    return module.measure(quick=quick, progress=_silent, **of_storm)


def _silent(_stage: str, _done: int, _total: int) -> None:
    return
