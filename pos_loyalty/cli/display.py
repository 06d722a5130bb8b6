"""Looks for a display before Qt does, which would end the process without a word of ours."""

import os
import sys
from typing import Final

EXIT_NO_DISPLAY: Final = 3

_VARIABLES: Final = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
_NO_DISPLAY: Final = """\
This machine has no display, so there is nowhere to show the window.
To see it, start it where a desktop runs, or connect with `ssh -X`, or use a remote desktop.
Without a display, `{name} run --headless` plays a cashier's day through the same window,
drawn in memory, and prints what was sold and whether every balance is right;
`{name} counter` is the till without a window."""


def says_no_display() -> bool:
    """Tell on standard error that there is no display; False, and silent, where there is one."""
    if sys.platform != "linux" or any(os.environ.get(name) for name in _VARIABLES):
        return False
    from pos_loyalty.services.command_name import command_name

    print(_NO_DISPLAY.format(name=command_name()), file=sys.stderr)
    return True
