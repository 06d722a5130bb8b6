"""Start the built program as a shop would, far from this checkout; exit 0 if all of it works.

    python installer/smoke_test.py dist/pos-loyalty

Standard library only, so that it also runs on a machine that has nothing but a Python.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SECONDS_MAX = 600
CARD = Path(__file__).resolve().with_name("card.png")


class SmokeTest:
    """The steps, each a use of the program with an empty home and no Python settings."""

    def __init__(self, bundle: Path, home: Path) -> None:
        suffix = ".exe" if os.name == "nt" else ""
        self._program = bundle.resolve() / f"pos-loyalty{suffix}"
        self._home = home

    def steps(self) -> Sequence[Callable[[], None]]:
        """Return the steps in their order."""
        return (
            self.says_its_version,
            self.sees_what_the_machine_lacks,
            self.scans_a_card,
            self.plays_a_day_at_the_till,
        )

    def says_its_version(self) -> None:
        """Start at all."""
        assert self._output("--version").startswith("pos-loyalty ")

    def sees_what_the_machine_lacks(self) -> None:
        """Load every library once."""
        self._output("doctor")

    def scans_a_card(self) -> None:
        """Decode the picture of a card, as the camera would."""
        answer = json.loads(self._output("scan", str(CARD)).splitlines()[0])
        assert answer["texts"], answer

    def plays_a_day_at_the_till(self) -> None:
        """Sell through the real window, with a server that is killed and a line that is cut."""
        answer = json.loads(self._output("demo", "--headless", "--json").splitlines()[-1])
        assert answer["lost"] == answer["doubled"] == 0, answer
        assert answer["balances_equal"], answer
        assert answer["chain_ok"], answer

    def _output(self, *words: str) -> str:
        """Run the program with these words and return what it printed."""
        environment = {"HOME": str(self._home), "PATH": "", "LANG": "C.UTF-8"}
        if os.name == "nt":
            environment = {**os.environ, "APPDATA": str(self._home)}
        environment["QT_QPA_PLATFORM"] = "offscreen"
        result = subprocess.run(
            [str(self._program), *words],
            cwd=self._home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert result.returncode == 0, f"{words}: exit {result.returncode}\n{result.stderr}"
        return result.stdout


def main(words: Sequence[str]) -> int:
    """Run the steps and print each with its time."""
    (bundle,) = words
    failed = 0
    with tempfile.TemporaryDirectory() as home:
        for step in SmokeTest(Path(bundle), Path(home)).steps():
            started = time.monotonic()
            try:
                step()
                outcome = "passed"
            except (AssertionError, OSError, ValueError, subprocess.TimeoutExpired) as error:
                outcome = f"FAILED: {error}"
                failed += 1
            name = step.__name__.replace("_", " ")
            print(f"{name}: {outcome} ({time.monotonic() - started:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
