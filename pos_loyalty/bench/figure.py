"""One measured figure: its value, its limit, what it is measured against, the memory it took."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum

Progress = Callable[[str, int, int], None]
"""Told the stage, and how many units of how many are through."""


class Rule(StrEnum):
    """How a value must stand to its limit."""

    AT_MOST = "≤"
    AT_LEAST = "≥"
    EXACTLY = "="


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A value with its limit.

    ``against`` says in words what the value is compared with or counted by. ``peak_mb``
    is the peak of resident memory, in MB, of the process that did the work while it
    did it; ``detail`` holds what else was seen, for the reader.
    """

    name: str
    value: float
    rule: Rule
    limit: float
    unit: str
    against: str
    peak_mb: float
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value keeps its limit."""
        match self.rule:
            case Rule.AT_MOST:
                return self.value <= self.limit
            case Rule.AT_LEAST:
                return self.value >= self.limit
            case Rule.EXACTLY:
                return self.value == self.limit

    def as_json(self) -> dict[str, object]:
        """Return the figure as one JSON object."""
        return {**asdict(self), "rule": self.rule.value, "holds": self.holds}

    @property
    def text(self) -> str:
        """Return the figure as lines for a reader."""
        verdict = "ok    " if self.holds else "MISSED"
        return (
            f"{verdict} {self.name:34} {self.value:>9,g} {self.rule.value} {self.limit:,g}"
            f" {self.unit:18} {self.peak_mb:6.0f} MB peak\n"
            f"{'':7}{self.against}\n{'':7}{self.detail}"
        )


@dataclass(frozen=True)
class Missing:
    """A figure that this machine cannot measure, and why."""

    name: str
    why: str

    @property
    def holds(self) -> bool:
        """A figure that nobody saw misses nothing."""
        return True

    @property
    def text(self) -> str:
        """Return it as lines for a reader."""
        return f"absent {self.name}\n{'':7}{self.why}"

    def as_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        return {"name": self.name, "missing": self.why}


Result = Figure | Missing
