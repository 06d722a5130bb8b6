"""The network of one drill: a server and tills in namespaces of their own, and a wire to spoil.

    till-1 ── t1 ┐
    till-2 ── t2 ┼ (router: the namespace in which the drill itself runs) ── srv ── server
    till-3 ── t3 ┘

What is dropped is dropped in the router, so that both ends see what a real wire would
show them: silence, not an error of their own machine. Needs `ip` and `nft`, and
root within a network namespace of one's own.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

SERVER = "server"
SERVER_ADDRESS = "10.77.0.1"
SERVER_PORT = 8000
SERVER_URL = f"http://{SERVER_ADDRESS}:{SERVER_PORT}"
_SERVER_WIRE = "srv"
_ALL = 100
_SHOP_WIRE = "shop"
"""The name of the wire at the far end, within the namespace of a till or of the server."""


class Wire:
    """Links the tills' namespaces with the server's, and breaks the links as told."""

    def __init__(self, tills: Iterable[str]) -> None:
        self._wires = {SERVER: _SERVER_WIRE}
        self._wires |= {till: f"t{number}" for number, till in enumerate(tills, start=1)}
        self._drops: dict[str, tuple[str, ...]] = {}
        """Rules of the router, by the place whose line they spoil."""

    def build(self) -> None:
        """Make namespaces, links and routes."""
        # Namespaces are kept by name under /run; ours are nobody else's business.
        _run("mount", "-t", "tmpfs", "drill", "/run")
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
        _run("ip", "link", "set", "lo", "up")
        for number, (place, wire) in enumerate(self._wires.items(), start=1):
            router, own = f"10.77.{number}.1", f"10.77.{number}.2"
            _run("ip", "netns", "add", place)
            inside = ("ip", "-n", place)
            _run("ip", "link", "add", wire, "type", "veth", "peer", _SHOP_WIRE, "netns", place)
            _run("ip", "address", "add", f"{router}/30", "dev", wire)
            _run("ip", "link", "set", wire, "up")
            _run(*inside, "link", "set", "lo", "up")
            _run(*inside, "address", "add", f"{own}/30", "dev", _SHOP_WIRE)
            self._plug_in(place)
        _run("ip", "-n", SERVER, "address", "add", f"{SERVER_ADDRESS}/32", "dev", "lo")
        _run("ip", "route", "add", SERVER_ADDRESS, "via", "10.77.1.2")

    def drop(self, place: str, *, inwards: bool, outwards: bool, percent: int = _ALL) -> None:
        """Lose packets to and from a place: all of them, or some at random."""
        odds = "" if percent == _ALL else f"numgen random mod 100 < {percent} "
        wire = self._wires[place]
        rules = [f'oifname "{wire}" {odds}drop'] if inwards else []
        rules += [f'iifname "{wire}" {odds}drop'] if outwards else []
        self._drops[place] = tuple(rules)
        self._write_rules()

    def pass_again(self, place: str) -> None:
        """Lose nothing of a place any more."""
        self._drops.pop(place, None)
        self._write_rules()

    def pull_out(self, place: str) -> None:
        """Take the plug out at a place: its machine sees that the link is down."""
        _run("ip", "-n", place, "link", "set", _SHOP_WIRE, "down")

    def plug_in(self, place: str) -> None:
        """Put the plug in; the route comes back as it does by DHCP."""
        self._plug_in(place)

    def _plug_in(self, place: str) -> None:
        number = list(self._wires).index(place) + 1
        _run("ip", "-n", place, "link", "set", _SHOP_WIRE, "up")
        _run("ip", "-n", place, "route", "replace", "default", "via", f"10.77.{number}.1")

    def _write_rules(self) -> None:
        """Replace all rules in one step."""
        rules = "\n".join(rule for place in self._drops.values() for rule in place)
        chain = f"chain wire {{ type filter hook forward priority 0; policy accept;\n{rules}\n}}"
        text = f"table inet drill\ndelete table inet drill\ntable inet drill {{\n{chain}\n}}\n"
        _run("nft", "-f", "-", text=text)


def _run(*words: str, text: str = "") -> None:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
