"""How this program was called, so that a command that is printed can be typed as it stands."""

import os

NAME_VARIABLE = "POS_LOYALTY_COMMAND"
"""`./pos` puts here how it was called itself."""

_INSTALLED_NAME = "pos-loyalty"


def command_name() -> str:
    """Return the first word of every command of this program: `./pos`, or the installed name."""
    return os.environ.get(NAME_VARIABLE, "") or _INSTALLED_NAME


def command_line(*words: object) -> str:
    """Return a command of this program as a person types it, with quotes where a path needs them.

    A word in capitals is a place to fill in and stays as it is.
    """
    import shlex

    return " ".join([command_name(), *(shlex.quote(str(word)) for word in words)])
