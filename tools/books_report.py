"""What the checker found: figures, and sentences with the first one first."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

FINDINGS_SHOWN_MAX = 20


class Matter(StrEnum):
    """What a finding is about; the sums of the report are made from it."""

    CHAIN = "chain"
    BALANCE = "balance"
    RIGHTS = "rights"
    LOST = "lost"
    DOUBLED = "doubled"
    ALTERED = "altered"
    OTHER = "other"


@dataclass
class Report:
    """Figures of a check and everything that is off."""

    findings: list[tuple[Matter, str]] = field(default_factory=list[tuple[Matter, str]])
    figures: Counter[str] = field(default_factory=Counter[str])

    def find(self, matter: Matter, sentence: str) -> None:
        """Note something that does not hold."""
        self.findings.append((matter, sentence))

    def count(self, matter: Matter) -> int:
        """Return how many findings are about this."""
        return sum(found is matter for found, _ in self.findings)

    def as_fields(self) -> dict[str, object]:
        """Return the report as the object that is printed."""
        sentences = [sentence for _, sentence in self.findings]
        return {
            "ok": not sentences,
            "finding": sentences[0] if sentences else None,
            **dict(sorted(self.figures.items())),
            "lost": self.count(Matter.LOST),
            "doubled": self.count(Matter.DOUBLED),
            "altered": self.count(Matter.ALTERED),
            "balances_equal": not self.count(Matter.BALANCE),
            "chain_ok": not self.count(Matter.CHAIN),
            "rights_ok": not self.count(Matter.RIGHTS),
            "findings": sentences[:FINDINGS_SHOWN_MAX],
        }
