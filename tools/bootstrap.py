"""Set up what the program needs, then start it. Standard library only.

Called by `pos` and `pos.cmd`; see there for the words. A set-up that is still
right costs a few milliseconds: it is known by a stamp in the virtual environment.
"""

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pip_settings
import system_packages

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "pos-stamp.json"
ON_WINDOWS = os.name == "nt"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if ON_WINDOWS else "bin/python")
RUN_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-dev.lock"
UV_LOCK = ROOT / "tools" / "uv.lock"

EXIT_NO_DISPLAY = 3
EXIT_SYSTEM_PACKAGE_MISSING = 4
EXIT_SET_UP_FAILED = 5

NAME_VARIABLE = "POS_LOYALTY_COMMAND"
"""How this was called: `pos` puts it here, and the program prints it in its commands."""

OWN_WORDS = """
of this folder, beside the program's own:
    test                every check and every test
    check               the quick part: style, types, layers, house rules
    coverage            which lines of the core no test reached"""

NO_DISPLAY = """\
pos: this machine has no display, so there is nowhere to show the window.

To see it, start it where a desktop runs: sit at the machine, or connect with
`ssh -X`, or use a remote desktop, and say `./pos run` there.

To try it without a display, say:

    ./pos run --headless

It plays a cashier's day through the same window drawn in memory, and prints
what was sold and whether every balance is right."""


def main(words: Sequence[str]) -> int:
    """Set up for the first word, then do what it says."""
    command, rest = (words[0], list(words[1:])) if words else ("--help", [])
    if command == "run" and not _can_show(rest):
        print(NO_DISPLAY, file=sys.stderr)
        return EXIT_NO_DISPLAY
    for_tests = command in {"test", "check", "coverage"}
    os.environ.setdefault(NAME_VARIABLE, "pos" if ON_WINDOWS else "./pos")
    try:
        _set_up(for_tests=for_tests)
    except system_packages.MissingSystemPackagesError as error:
        print(f"pos: {error}", file=sys.stderr)
        return EXIT_SYSTEM_PACKAGE_MISSING
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"pos: the set-up did not finish: {error}", file=sys.stderr)
        print("pos: nothing is lost; the same command goes on from here.", file=sys.stderr)
        return EXIT_SET_UP_FAILED
    if for_tests:
        # What the program prints by itself is what the tests look at.
        del os.environ[NAME_VARIABLE]
        return _hand_over([str(ROOT / "tools" / "checks.py"), command, *rest])
    if command in {"help", "--help", "-h"} and not rest:
        return _list_words()
    return _hand_over(["-m", "pos_loyalty", command, *rest])


def _list_words() -> int:
    """Print the program's words, then those that only this folder has."""
    sys.stdout.flush()
    done = subprocess.run([str(PYTHON), "-m", "pos_loyalty", "--help"], check=False)
    print(OWN_WORDS)
    return done.returncode


def _can_show(words: Sequence[str]) -> bool:
    """Tell whether a window can be shown, or none is asked for."""
    if {"--headless", "--help", "-h"} & set(words) or sys.platform != "linux":
        return True
    wanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in wanted)


def _set_up(*, for_tests: bool) -> None:
    """Bring the virtual environment and the system's libraries to what the locks say."""
    wanted = _wanted_stamp()
    with _one_at_a_time():
        found = _found_stamp()
        if _is_enough(found, wanted, for_tests=for_tests):
            return
        system_packages.install_missing(for_tests=for_tests)
        if found.get("python") != wanted["python"] or not PYTHON.exists():
            _say("making the virtual environment")
            venv.EnvBuilder(clear=True, with_pip=True).create(ENVIRONMENT)
        _install_packages(TEST_LOCK if for_tests or "test" in found else RUN_LOCK)
        levels = ("run", "test") if for_tests or "test" in found else ("run",)
        stamp = {name: wanted[name] for name in ("python", *levels)}
        STAMP.write_text(json.dumps(stamp), encoding="utf-8")


def _is_enough(found: dict[str, str], wanted: dict[str, str], *, for_tests: bool) -> bool:
    """Tell whether an earlier set-up still holds. One for tests holds for running, too."""
    level = "test" if for_tests or "test" in found else "run"
    return PYTHON.exists() and all(
        found.get(name) == wanted[name] for name in ("python", "run", level)
    )


def _wanted_stamp() -> dict[str, str]:
    """Return what the stamp says after a set-up from today's files."""
    code = (ROOT / "tools" / "system_packages.py").read_bytes()
    project = (ROOT / "pyproject.toml").read_bytes()
    return {
        "python": sys.version,
        "run": hashlib.sha256(RUN_LOCK.read_bytes() + code + project).hexdigest(),
        "test": hashlib.sha256(TEST_LOCK.read_bytes() + code).hexdigest(),
    }


def _found_stamp() -> dict[str, str]:
    """Return the stamp of the last set-up, or nothing."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _install_packages(lock: Path) -> None:
    """Make the environment hold exactly the packages of the lock, and this project."""
    _say(f"installing the packages of {lock.name}")
    python = str(PYTHON)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-qq"]
    subprocess.run([*pip, "install", "--require-hashes", "-r", str(UV_LOCK)], check=True)
    # uv draws progress bars; into a file they would be noise.
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    uv = [str(PYTHON.parent / "uv"), "--no-config", *quiet, "pip"]
    settings = pip_settings.as_uv_environment(python)
    environment = {**settings, **os.environ, "VIRTUAL_ENV": str(ENVIRONMENT)}
    sync = [*uv, "sync", "--require-hashes", "--link-mode=copy", str(lock)]
    subprocess.run(sync, check=True, env=environment, cwd=ROOT)
    editable = ["install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    subprocess.run([*uv, *editable], check=True, env=environment, cwd=ROOT)


@contextmanager
def _one_at_a_time() -> Generator[None]:
    """Let a second `./pos` wait until the first has set up."""
    if ON_WINDOWS:
        yield
        return
    import fcntl

    with (ROOT / ".venv.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hand_over(words: Sequence[str]) -> int:
    """Become the program; on Windows, start it and wait, as there is no exec."""
    command = [str(PYTHON), *words]
    if ON_WINDOWS:
        return subprocess.run(command, check=False).returncode
    sys.stdout.flush()
    sys.stderr.flush()
    return os.execv(command[0], command)


def _say(text: str) -> None:
    """Tell on standard error, so that standard output stays the program's."""
    print(f"pos: {text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
