"""Make this Python, and every one that it starts, believe that Qt is not installed.

Put this folder on PYTHONPATH. `./pos test` does so for its second round: whatever
is not a widget has to work on a server that never saw Qt.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _QtIsAbsent(MetaPathFinder):
    """Answers every question for Qt with the error of a missing package."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the name is the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the name is the protocol's
    ) -> ModuleSpec | None:
        """Refuse Qt, and leave everything else to the finders that follow."""
        if fullname.partition(".")[0] in {"PySide6", "shiboken6"}:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


sys.meta_path.insert(0, _QtIsAbsent())
