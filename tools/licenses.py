"""Write docs/licenses.md: every package of the locks with its version and license.

Run after `sh tools/lock.sh`, in the environment that `./pos check` made:
`.venv/bin/python tools/licenses.py`. The licenses come from the packages' own
metadata; for packages of other systems, which are not installed here, from a
table below that was read by a person.
"""

import re
import sys
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple, cast

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licenses.md"
LOCKS = {"shipped": "requirements.lock", "development": "requirements-dev.lock"}

# Installed on other systems only.
ELSEWHERE = {
    "colorama": "BSD-3-Clause",
    "macholib": "MIT",
    "pefile": "MIT",
    "pywin32-ctypes": "BSD-3-Clause",
    "backports-tarfile": "MIT",
    "importlib-metadata": "Apache-2.0",
    "lazy-importer": "MIT",
    "zipp": "MIT",
}
# Their metadata says less than, or something else than, the license text they bring.
READ_BY_A_PERSON = {
    "sqlcipher3": "Zlib; the library inside: BSD-3-Clause (SQLCipher), Apache-2.0 (OpenSSL)",
    "pyzbar": "MIT; the library inside or beside: LGPL-2.1-or-later (zbar)",
    "pyside6-essentials": "LGPL-3.0-only (chosen of LGPL-3.0, GPL-2.0, GPL-3.0)",
    "shiboken6": "LGPL-3.0-only (chosen of LGPL-3.0, GPL-2.0, GPL-3.0)",
    "opencv-python-headless": "Apache-2.0; the library inside: LGPL-2.1-or-later (FFmpeg)",
    "psycopg": "LGPL-3.0-only",
    "zeroconf": "LGPL-2.1-or-later",
    "psycopg-binary": "LGPL-3.0-only; the libraries inside: PostgreSQL, Apache-2.0 (OpenSSL)",
}
HEAD = """\
# Licenses

pos_loyalty itself is under the MIT license (see `LICENSE`). It stands on the
packages below; this page is written by `tools/licenses.py` from the lock files,
and a test compares the two.

How they fit together:

- Most are under permissive licenses (MIT, BSD, Apache-2.0, Zlib, HPND, PSF, MPL-2.0
  for unchanged files).
- Qt (PySide6, shiboken6), zbar, FFmpeg, psycopg and zeroconf are under the LGPL. They are
  used as separate libraries that anybody may replace: from a virtual environment, or as files
  of their own in the bundle that `installer/build.py` makes, never linked into one file.
- Parts of Qt that exist under the GPL or a commercial license only (Qt Charts, Qt Virtual
  Keyboard, Qt Data Visualization and others) are not used, not in the lock, and a test
  keeps it so.
- PyInstaller is under the GPL with an exception that leaves the license of what it
  bundles alone. It is a tool; its boot loader is covered by that exception.
- Fonts, icons and sounds have their licenses beside them in `assets/`.
"""


class Pin(NamedTuple):
    """One line of a lock."""

    name: str
    version: str


def pins(lock: str) -> list[Pin]:
    """Return name and version of every package of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return [Pin(*found) for found in re.findall(r"^([\w.-]+)==([\w.]+)", text, flags=re.MULTILINE)]


def license_of(name: str) -> str:
    """Return the license of a package in one line; empty where nobody said it."""
    if name in READ_BY_A_PERSON:
        return READ_BY_A_PERSON[name]
    try:
        # The protocol that typeshed gives to metadata lacks get(); the object has it.
        found = cast("Message", metadata(name))
    except PackageNotFoundError:
        return ELSEWHERE.get(name, "")
    return _license_in(found)


def _license_in(found: Message) -> str:
    """Return what the metadata says, the precise field first."""
    if found.get("License-Expression"):
        return str(found["License-Expression"])
    classifiers = [
        str(line).rpartition(" :: ")[2]
        for line in found.get_all("Classifier", [])
        if str(line).startswith("License :: ") and not str(line).endswith("OSI Approved")
    ]
    said = str(found.get("License") or "").strip()
    # Some put the whole text there.
    if said and "\n" not in said and len(said) < 60:  # noqa: PLR2004 - one line of a table
        return said
    return ", ".join(classifiers)


def page() -> str:
    """Return the whole page."""
    shipped = pins(LOCKS["shipped"])
    development = [pin for pin in pins(LOCKS["development"]) if pin not in shipped]
    sections = [
        ("What the program uses", shipped),
        ("What only its development uses", development),
        ("What only its set-up uses", pins("tools/uv.lock")),
    ]
    tables = [
        f"## {title}\n\n| Package | Version | License |\n|---|---|---|\n"
        + "\n".join(f"| {pin.name} | {pin.version} | {license_of(pin.name)} |" for pin in listed)
        for title, listed in sections
    ]
    return "\n".join([HEAD, *(f"{table}\n" for table in tables)])


def main() -> int:
    """Write the page; fail where a license is not known."""
    every = [*pins(LOCKS["development"]), *pins("tools/uv.lock")]
    unknown = sorted({pin.name for pin in every if not license_of(pin.name)})
    if unknown:
        print(f"no license known: {', '.join(unknown)}", file=sys.stderr)
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
