"""What this machine lacks, check by check, in plain words.

Each check looks at one thing, answers in one sentence, and never fails itself.
"""

import ctypes.util
import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.services.command_name import command_name
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import connect_reader
from pos_loyalty.store.keys import BestKeys, KeySource, SystemKeys
from pos_loyalty.store.opening import read_key
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories

PYTHON_MIN = (3, 11)
FREE_BYTES_MIN = 500_000_000
_BYTES_PER_MB = 1_000_000
_FIRST_POSSIBLE_MS = 1_760_000_000_000
"""October 2025: a clock before that is wrong."""
_CLOCK_BACK_MS_MAX = 24 * 60 * 60 * 1000
_CONNECT_SECONDS_MAX = 3.0
_PORTS = {"http": 80, "https": 443}


class Verdict(StrEnum):
    """How a check ended. A warning costs comfort, a lack costs the till."""

    GOOD = "good"
    WARNING = "warning"
    LACKING = "lacking"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``advice`` is empty where there is nothing to do."""

    name: str
    verdict: Verdict
    what: str
    advice: str = ""


def check_machine(data: Path | None, clock: Clock, keys: KeySource | None = None) -> list[Check]:
    """Look at everything that the till needs from this machine."""
    checks = [
        check_python(sys.version_info[:2]),
        check_qt(),
        check_display(os.environ),
        check_zbar(),
        check_camera(),
        check_key_store(keys or BestKeys()),
        check_clock(clock.now_ms()),
    ]
    if data is not None:
        checks += [check_folder(data), check_space(data)]
        checks += check_till(DataFolder(data), clock, keys or BestKeys())
    return checks


def check_python(version: tuple[int, ...]) -> Check:
    """Is Python new enough?"""
    words = f"Python {platform.python_version()}"
    if version < PYTHON_MIN:
        return Check("python", Verdict.LACKING, f"{words} is too old.", "Install Python 3.11.")
    return Check("python", Verdict.GOOD, f"{words}.")


def check_qt() -> Check:
    """Can the window's library be loaded?"""
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        return Check(
            "window",
            Verdict.LACKING,
            f"The window's library cannot be loaded: {error}.",
            "Run `./pos run` once, or install the library named here.",
        )
    return Check("window", Verdict.GOOD, "The window's library is there.")


def check_display(environment: Mapping[str, str]) -> Check:
    """Is there a screen to show the window on?"""
    is_there = (
        sys.platform in {"win32", "darwin"}
        or bool(environment.get("DISPLAY"))
        or bool(environment.get("WAYLAND_DISPLAY"))
    )
    if is_there:
        return Check("display", Verdict.GOOD, "There is a display.")
    return Check(
        "display",
        Verdict.WARNING,
        "There is no display here.",
        "Start the till in a desktop session; `run --headless` and `counter` need none.",
    )


def check_zbar() -> Check:
    """Is the second QR reader's library there?"""
    if importlib.util.find_spec("pyzbar") is not None and (
        sys.platform == "win32" or ctypes.util.find_library("zbar") is not None
    ):
        return Check("second reader", Verdict.GOOD, "Both card readers are there.")
    return Check(
        "second reader",
        Verdict.WARNING,
        "The library zbar is missing; worn cards may need a second try.",
        "Install it: `apt install libzbar0`, `dnf install zbar` or `brew install zbar`.",
    )


def check_camera(devices: Path = Path("/dev")) -> Check:
    """Is a camera plugged in? Only Linux tells without switching it on."""
    if sys.platform != "linux":
        return Check("camera", Verdict.GOOD, "A camera is looked for when the till starts.")
    cameras = sorted(path.name for path in devices.glob("video[0-9]*"))
    if not cameras:
        return Check(
            "camera",
            Verdict.WARNING,
            "No camera found.",
            "Plug one in, or use a hand scanner; typing the number works, too.",
        )
    if not any(os.access(devices / name, os.R_OK) for name in cameras):
        return Check(
            "camera",
            Verdict.WARNING,
            "The camera may not be used by this account.",
            "Add the account to the group `video` and sign in again.",
        )
    return Check("camera", Verdict.GOOD, f"Camera found: {', '.join(cameras)}.")


def check_key_store(keys: KeySource) -> Check:
    """Where do keys go?"""
    words = f"Keys are kept in {keys.place}."
    if keys.place == SystemKeys.place:
        return Check("key store", Verdict.GOOD, words)
    return Check(
        "key store",
        Verdict.WARNING,
        words,
        "A desktop session with a key store (GNOME Keyring, KWallet) keeps them better.",
    )


def check_clock(now_ms: int) -> Check:
    """Is the clock plausible?"""
    if now_ms < _FIRST_POSSIBLE_MS:
        return Check("clock", Verdict.LACKING, "This PC's clock is years behind.", "Set the clock.")
    return Check("clock", Verdict.GOOD, "The clock is plausible.")


def check_folder(data: Path) -> Check:
    """May we write where the data is to be?"""
    if data.exists() and not data.is_dir():
        return Check(
            "data folder", Verdict.LACKING, f"{data} is not a folder.", "Name the till's folder."
        )
    place = _nearest_existing(data)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Check(
            "data folder",
            Verdict.LACKING,
            f"{place} cannot be written: {error.strerror}.",
            "Give this account the right to write there, or choose another folder.",
        )
    if place != data.absolute():
        return Check(
            "data folder",
            Verdict.WARNING,
            f"{data} does not exist.",
            f"Check its name; a new till can be made there, as {place} can be written.",
        )
    return Check("data folder", Verdict.GOOD, f"{data} can be written.")


def free_bytes(place: Path) -> int:
    """Return how much room a disk has left."""
    return shutil.disk_usage(place).free


def check_space(data: Path, measure: Callable[[Path], int] = free_bytes) -> Check:
    """Is there room for a while?"""
    free = measure(_nearest_existing(data))
    words = f"{free // _BYTES_PER_MB} MB are free."
    if free < FREE_BYTES_MIN:
        return Check("disk space", Verdict.WARNING, words, "Free at least 500 MB on this disk.")
    return Check("disk space", Verdict.GOOD, words)


def check_till(folder: DataFolder, clock: Clock, keys: KeySource) -> Iterator[Check]:
    """Can the till's data be read, is its clock still right, does its server answer?"""
    if not folder.exists:
        yield Check(
            "till",
            Verdict.WARNING,
            f"There is no till in {folder.path}.",
            "The first start makes one. If yours is elsewhere, check the folder's name.",
        )
        return
    try:
        with closing(connect_reader(folder.database, read_key(folder, keys))) as connection:
            work = Repositories(connection)
            server = work.settings.text(Setting.SERVER_URL)
            newest = connection.execute("SELECT MAX(at_ms) FROM event").fetchone()[0] or 0
    except LoyaltyError as error:
        yield Check("till", Verdict.LACKING, error.message, "See the manual under " + error.code)
        return
    yield Check("till", Verdict.GOOD, "The till's data opens.")
    if newest > clock.now_ms() + _CLOCK_BACK_MS_MAX:
        yield Check(
            "clock since", Verdict.WARNING, "The clock is behind the newest sale.", "Set the clock."
        )
    if not folder.recovery.exists():
        yield Check(
            "backup",
            Verdict.WARNING,
            "No backup was ever made of this till.",
            f"Run `{command_name()} backup` and keep the recovery code it prints.",
        )
    if server:
        yield check_server(server)


def check_server(url: str) -> Check:
    """Does anything answer at the server's address?"""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, _PORTS["https"])
    try:
        with socket.create_connection((parts.hostname or "", port), _CONNECT_SECONDS_MAX):
            pass
    except OSError as error:
        return Check(
            "server",
            Verdict.WARNING,
            f"The server does not answer at {url}: {error.strerror or error}.",
            "Sales go on without it. Check this PC's network and the server.",
        )
    return Check("server", Verdict.GOOD, f"The server's address answers: {url}.")


def _nearest_existing(path: Path) -> Path:
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return place
