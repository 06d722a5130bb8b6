"""A bar on standard error for long work; silent where nobody watches."""

import sys

_WIDTH = 30
_WHOLE = 100


class ProgressBar:
    """Draws one line over and over; a pipe or a log file sees nothing of it."""

    def __init__(self) -> None:
        self._shown = ""
        self._is_watched = sys.stderr.isatty()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` units of a stage are through."""
        percent = _WHOLE if total <= 0 else min(_WHOLE, _WHOLE * done // total)
        line = f"{stage:<10}[{'#' * (percent * _WIDTH // _WHOLE):<{_WIDTH}}] {percent:3d} %"
        if self._is_watched and line != self._shown:
            self._shown = line
            print(f"\r{line}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the line, so that what follows begins at its start."""
        if self._shown:
            self._shown = ""
            print(file=sys.stderr)
