"""Check the text files named on the command line: line ends, merge marks, valid TOML."""

import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

MERGE_MARKS = ("<<<<<<< ", ">>>>>>> ")


def main(names: Sequence[str]) -> int:
    """Print what is wrong; return 0 where nothing is."""
    wrong = [finding for name in names for finding in findings(Path(name))]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


def findings(path: Path) -> Iterator[str]:
    """Yield one line for each thing that is wrong with a file."""
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        yield f"{path}: the last line has no end"
    if b"\r\n" in data and path.suffix != ".cmd":
        yield f"{path}: line ends of Windows"
    text = data.decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(MERGE_MARKS):
            yield f"{path}:{number}: a merge is not finished"
        if line != line.rstrip() and path.suffix != ".md":
            yield f"{path}:{number}: blanks at the end"
    if path.suffix == ".toml":
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            yield f"{path}: {error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
