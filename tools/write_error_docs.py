"""Write docs/errors.md from the catalog, so that the manual says what the program says."""

import sys
from pathlib import Path

from pos_loyalty.domain.error_catalog import CATALOG

TARGET = Path(__file__).parent.parent / "docs" / "errors.md"

_HEAD = """# Everything the program may tell you

Each fault has one code and one sentence; the window, `counter`, the command line and the
server use the same. Fields in braces are filled in. In the window the code stands in the
details, never on the strip. In `counter` a refused command answers
`{"ok": false, "code": …, "message": …, "saved": …}`, where `saved` says whether this sale
is safely recorded.

Commands begin with `./pos`; where the program is installed, `pos-loyalty` takes its place.
This page is made from `pos_loyalty/domain/error_catalog.py` by `tools/write_error_docs.py`.

| Code | Sentence | Your sale | What to do |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as it must be."""
    rows = (
        f"| `{code.value}` | {entry.template} | {entry.sale} | {entry.next_step} |\n"
        for code, entry in CATALOG.items()
    )
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.name}: {len(CATALOG)} codes\n")
