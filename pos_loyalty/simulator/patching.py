"""Replace parts of the product for as long as one simulated run takes."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class Patch:
    """One attribute of a module or class, and what stands there instead."""

    owner: Any
    name: str
    value: object


@contextmanager
def patched(patches: Sequence[Patch]) -> Generator[None]:
    """Put the replacements in; afterwards everything is as before."""
    with ExitStack() as stack:
        for patch in patches:
            before = cast("object", vars(patch.owner)[patch.name])
            setattr(patch.owner, patch.name, patch.value)
            stack.callback(setattr, patch.owner, patch.name, before)
        yield
