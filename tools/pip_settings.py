"""Hand pip's settings on to uv, which does not read them. Standard library only.

A shop or a company may have told pip once where packages come from. Asking twice
would be rude, and naming an address in this project would be wrong for most.
"""

import ast
import subprocess
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

# pip's name of a setting -> uv's environment variable that means the same
_LISTS = {
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
}
_VALUES = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "no-index": "UV_NO_INDEX",
}
# pip itself lets a later one of these win.
_SECTIONS = ("global", "install", ":env:")


def as_uv_environment(python: str) -> dict[str, str]:
    """Return environment variables that make uv look where this Python's pip looks."""
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    )
    settings = effective_settings(listed.stdout)
    environment = {
        variable: settings[name] for name, variable in _VALUES.items() if settings.get(name)
    }
    for name, variable in _LISTS.items():
        places = [
            place for place in settings.get(name, "").split() if not _is_missing_folder(place)
        ]
        if places:
            separator = "," if variable == "UV_FIND_LINKS" else " "
            environment[variable] = separator.join(places)
    # As pip does: the best version of all indexes. The hashes of the lock decide anyway.
    environment["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return environment


def effective_settings(listing: str) -> dict[str, str]:
    """Return the settings of `pip config list` by name, the strongest section winning."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        section, dot, name = key.rpartition(".")
        if separator and dot and section in by_section:
            by_section[section][name] = str(ast.literal_eval(value))
    effective: dict[str, str] = {}
    for section in _SECTIONS:
        effective.update(by_section[section])
    return effective


def _is_missing_folder(place: str) -> bool:
    """Tell whether this is a folder of this machine that is not there: pip skips it, uv fails."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return not Path(url2pathname(parts.path)).exists()
    return not parts.scheme and not Path(place).exists()
