"""Build the bundle: a folder with the program, a Python and every library in it.

    .venv/bin/python installer/build.py [--output FOLDER] [--no-smoke-test]

The result, `dist/pos-loyalty/`, runs where neither Python nor these packages are
installed. It runs on the kind of system that it was built on, and on newer ones. On
Linux it takes the libraries of the display from the system, as they belong to its
drivers: on Debian, libegl1 libgl1 libx11-6 libx11-xcb1.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NAME = "pos-loyalty"
BYTES_IN_A_MEGABYTE = 1_000_000


def main(words: Sequence[str]) -> int:
    """Build, report size and time, and try what was built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="where the folder goes")
    parser.add_argument("--no-smoke-test", action="store_true", help="do not start what was built")
    arguments = parser.parse_args(words)
    started = time.monotonic()
    bundle = build(arguments.output.resolve())
    seconds = time.monotonic() - started
    # Links within the bundle weigh nothing.
    size = sum(path.lstat().st_size for path in bundle.rglob("*"))
    print(f"{bundle}: {size / BYTES_IN_A_MEGABYTE:.0f} MB in {seconds:.0f} s")
    if arguments.no_smoke_test:
        return 0
    smoke_test = [sys.executable, str(HERE / "smoke_test.py"), str(bundle)]
    return subprocess.run(smoke_test, check=False).returncode


def build(output: Path) -> Path:
    """Run PyInstaller; return the folder of the bundle.

    Raises:
        subprocess.CalledProcessError: PyInstaller failed; it has said why.
    """
    bundle = output / NAME
    shutil.rmtree(bundle, ignore_errors=True)
    pyinstaller = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    places = ["--distpath", str(output), "--workpath", str(output / "work")]
    spec = str(HERE / "pos_loyalty.spec")
    subprocess.run([*pyinstaller, *places, spec], check=True, cwd=ROOT)
    shutil.rmtree(output / "work", ignore_errors=True)
    shutil.copy(ROOT / "LICENSE", bundle)
    shutil.copy(ROOT / "docs" / "licenses.md", bundle)
    return bundle


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
