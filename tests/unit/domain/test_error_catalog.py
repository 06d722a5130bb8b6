"""One catalog: every code has its sentence, and the manual says the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import CATALOG, Code
from pos_loyalty.domain.errors import LoyaltyError

ROOT = Path(__file__).parents[3]
STRIP_LENGTH_MAX = 90
BLAME = re.compile(r"\b(error|invalid|failed|please|sorry|illegal|wrong user)\b", re.IGNORECASE)


def test_every_code_has_an_entry_and_a_code_of_its_own() -> None:
    assert set(CATALOG) == set(Code)
    assert len({code.value for code in Code}) == len(Code)
    assert all(re.fullmatch(r"E(-[A-Z]+)+", code.value) for code in Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_sentence_is_short_and_blames_nobody(code: Code) -> None:
    entry = CATALOG[code]

    plain = re.sub(r"\{\w+\}", "", entry.template)
    assert len(plain) <= STRIP_LENGTH_MAX
    assert entry.template.endswith((".", "?"))
    assert not BLAME.search(plain)
    assert entry.sale
    assert entry.next_step


def test_a_missing_fact_never_hides_the_sentence() -> None:
    assert LoyaltyError(Code.POINTS_SHORT, short_points=5).message == "5 points short for (reward)."
    assert str(LoyaltyError(Code.UNDO_NOTHING)) == "There is no sale to undo. (E-UNDO-NOTHING)"


def test_the_manual_is_made_from_the_catalog() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import write_error_docs as w; print(w.page(), end='')"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )

    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == made.stdout
