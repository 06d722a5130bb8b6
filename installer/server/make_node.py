"""Fill a template of this folder in for one machine. Standard library only.

    python make_node.py patroni.yml FILE [NAME=VALUE …] > /etc/patroni/config.yml

FILE holds lines NAME=VALUE that both machines share, passwords among them; what differs
stands behind it. What is given nowhere takes the usual value; passwords have none.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
USUAL = {
    "patroni.yml": {
        "API_PORT": "8008",
        "PORT": "5432",
        "DATA": "/var/lib/postgresql/15/pos-loyalty",
        "POSTGRES_BIN": "/usr/lib/postgresql/15/bin",
        "SOCKETS": "/var/run/postgresql",
    },
    "etcd.env": {
        "CLIENT_PORT": "2379",
        "PEER_PORT": "2380",
        "DATA": "/var/lib/etcd/pos-loyalty",
    },
}
_PLACE = re.compile(r"@([A-Z_]+)@")


class MissingValueError(Exception):
    """A template has places for which nothing was given."""


def fill(name: str, values: Mapping[str, str]) -> str:
    """Return a template with its places filled in.

    Raises:
        MissingValueError: something was not given.
    """
    # Lines of explanation name places, too; they are filled where a value is known.
    text = (FOLDER / name).read_text()
    known = {**USUAL[name], **values}
    wanted = {
        place
        for line in text.splitlines()
        if not line.lstrip().startswith("#")
        for place in _PLACE.findall(line)
    }
    if wanted - known.keys():
        raise MissingValueError(f"{name} needs {', '.join(sorted(wanted - known.keys()))}")
    return _PLACE.sub(lambda found: known.get(found[1], found[0]), text)


def main(words: Sequence[str] | None = None) -> int:
    """Print one template, filled in."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("template", choices=sorted(USUAL))
    parser.add_argument("shared", type=Path, metavar="FILE")
    parser.add_argument("own", nargs="*", metavar="NAME=VALUE")
    arguments = parser.parse_args(words)
    lines = [*arguments.shared.read_text().splitlines(), *arguments.own]
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    try:
        print(fill(arguments.template, values), end="")
    except MissingValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
