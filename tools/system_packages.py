"""Libraries and programs of the system that wheels do not bring. Standard library only.

What is needed is probed by loading it, not by asking the package tool: a library
that somebody built by hand is as good as a packaged one.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class MissingSystemPackagesError(Exception):
    """Something is missing, and we may not install it; the text says what to type."""


@dataclass(frozen=True)
class Need:
    """One library (`libX.so.N`), program, or file pattern, and the packages that have it.

    Attributes:
        probe: what to look for
        apt: the package of Debian and its relatives; later names are tried where
            the first is not known (Debian 13 and Ubuntu 24.04 renamed some)
        dnf: the package of Fedora and its relatives
    """

    probe: str
    apt: tuple[str, ...]
    dnf: str

    def is_met(self) -> bool:
        """Tell whether it is there."""
        if self.probe.startswith("/"):
            return any(Path("/").glob(self.probe.removeprefix("/")))
        if ".so." not in self.probe:
            return shutil.which(self.probe) is not None
        try:
            ctypes.CDLL(self.probe)
        except OSError:
            return False
        return True


NEEDS_TO_RUN = (
    # Qt, even where it draws in memory only
    Need("libEGL.so.1", ("libegl1",), "libglvnd-egl"),
    Need("libGL.so.1", ("libgl1",), "libglvnd-glx"),
    Need("libglib-2.0.so.0", ("libglib2.0-0", "libglib2.0-0t64"), "glib2"),
    Need("libxkbcommon.so.0", ("libxkbcommon0",), "libxkbcommon"),
    Need("libfontconfig.so.1", ("libfontconfig1",), "fontconfig"),
    Need("libfreetype.so.6", ("libfreetype6",), "freetype"),
    Need("libdbus-1.so.3", ("libdbus-1-3",), "dbus-libs"),
    Need("libX11.so.6", ("libx11-6",), "libX11"),
    # a real window under X
    Need("libX11-xcb.so.1", ("libx11-xcb1",), "libX11-xcb"),
    Need("libxcb-cursor.so.0", ("libxcb-cursor0",), "xcb-util-cursor"),
    Need("libxcb-icccm.so.4", ("libxcb-icccm4",), "xcb-util-wm"),
    Need("libxcb-image.so.0", ("libxcb-image0",), "xcb-util-image"),
    Need("libxcb-keysyms.so.1", ("libxcb-keysyms1",), "xcb-util-keysyms"),
    Need("libxcb-randr.so.0", ("libxcb-randr0",), "libxcb"),
    Need("libxcb-render-util.so.0", ("libxcb-render-util0",), "xcb-util-renderutil"),
    Need("libxcb-shape.so.0", ("libxcb-shape0",), "libxcb"),
    Need("libxcb-xkb.so.1", ("libxcb-xkb1",), "libxcb"),
    Need("libxkbcommon-x11.so.0", ("libxkbcommon-x11-0",), "libxkbcommon-x11"),
    # a real window under Wayland
    Need("libwayland-cursor.so.0", ("libwayland-cursor0",), "libwayland-cursor"),
    Need("libwayland-egl.so.1", ("libwayland-egl1",), "libwayland-egl"),
    # Qt's network module, which reads the sign-on of a Windows domain
    Need("libgssapi_krb5.so.2", ("libgssapi-krb5-2",), "krb5-libs"),
    # Qt's printing
    Need("libcups.so.2", ("libcups2", "libcups2t64"), "cups-libs"),
    # the second opinion on a code that the first decoder cannot read
    Need("libzbar.so.0", ("libzbar0", "libzbar0t64"), "zbar"),
)
NEEDS_TO_TEST = (
    Need("libatomic.so.1", ("libatomic1",), "libatomic"),  # pyright runs on node
    Need("Xvfb", ("xvfb",), "xorg-x11-server-Xvfb"),
    Need("xauth", ("xauth",), "xorg-x11-xauth"),
    Need("pdftoppm", ("poppler-utils",), "poppler-utils"),
    Need("strace", ("strace",), "strace"),  # counts flushes of a sale
    Need("cc", ("build-essential",), "gcc"),  # the power-cut tests record writes with a shim
    Need("/usr/lib*/*/faketime/libfaketime.so.1", ("libfaketime",), "libfaketime"),
    # the drill of bad lines: network namespaces, and packets that are dropped on their way
    Need("/usr/*bin/ip", ("iproute2",), "iproute"),
    Need("/usr/*bin/nft", ("nftables",), "nftables"),
    Need("unshare", ("util-linux",), "util-linux"),
    Need("/usr/lib/postgresql/*/bin/initdb", ("postgresql",), "postgresql-server"),
    Need("/usr/sbin/pgbouncer", ("pgbouncer",), "pgbouncer"),
    # two PostgreSQL nodes that watch each other: the failover drill
    Need("etcd", ("etcd-server",), "etcd"),
    Need("patroni", ("patroni",), "patroni"),
)


def install_missing(*, for_tests: bool) -> None:
    """Install what is missing, or say which command would.

    Raises:
        MissingSystemPackagesError: this account may not install, or the system is
            one whose package tool we do not know.
    """
    if sys.platform == "darwin":
        _install_on_a_mac()
    elif sys.platform == "linux":
        _install_on_linux(for_tests=for_tests)


def _install_on_a_mac() -> None:
    """Install zbar by brew. Untested: no Mac at hand."""
    places = ("/opt/homebrew/lib/libzbar.dylib", "/usr/local/lib/libzbar.dylib")
    if any(Path(place).exists() for place in places):
        return
    if shutil.which("brew") is None:
        raise MissingSystemPackagesError(
            "zbar is missing. Install Homebrew, then: brew install zbar"
        )
    _run(["brew", "install", "zbar"])


def _install_on_linux(*, for_tests: bool) -> None:
    """Install by apt or dnf."""
    missing = missing_needs(for_tests=for_tests)
    if not missing:
        return
    names = ", ".join(need.probe.rpartition("/")[2] for need in missing)
    if shutil.which("apt-get"):
        _install_by_apt(missing)
    elif shutil.which("dnf"):
        _install_by_dnf(missing)
    else:
        raise MissingSystemPackagesError(
            f"these are missing, and this system has neither apt-get nor dnf: {names}"
        )


def missing_needs(*, for_tests: bool) -> list[Need]:
    """Return what is not there."""
    needs = NEEDS_TO_RUN + (NEEDS_TO_TEST if for_tests else ())
    return [need for need in needs if not need.is_met()]


def _install_by_apt(missing: Sequence[Need]) -> None:
    """Install by apt, each package under the name that this release knows."""
    named = sorted({_known_to_apt(need.apt) for need in missing})
    as_root = _as_root(["apt-get", "install", *named])
    quietly = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
    # apt refreshes nothing by itself, and a bare machine has no list at all.
    _run([*quietly, "update"])
    packages = sorted({_known_to_apt(need.apt) for need in missing})
    print(f"pos: installing {' '.join(packages)} …", file=sys.stderr, flush=True)
    _run([*quietly, "-o", "Dpkg::Use-Pty=0", "install", "--no-install-recommends", *packages])


def _known_to_apt(names: Sequence[str]) -> str:
    """Return the first name that can be installed here."""
    for name in names:
        policy = subprocess.run(
            ["apt-cache", "policy", name],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        if "Candidate:" in policy.stdout and "Candidate: (none)" not in policy.stdout:
            return name
    return names[0]


def _install_by_dnf(missing: Sequence[Need]) -> None:
    """Install by dnf. Untested: no Fedora at hand."""
    packages = sorted({need.dnf for need in missing})
    _run([*_as_root(["dnf", "install", *packages]), "dnf", "install", "-y", *packages])


def _as_root(wanted: Sequence[str]) -> list[str]:
    """Return what goes before a command that needs root.

    Raises:
        MissingSystemPackagesError: we are not root and sudo is no way, either.
    """
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        may = subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True)
        # With a person at the keyboard, sudo may ask for the password.
        if may.returncode == 0 or sys.stdin.isatty():
            return ["sudo"]
    raise MissingSystemPackagesError(
        f"some system libraries are missing. As root, run:\n  {' '.join(wanted)}"
    )


def _run(command: Sequence[str]) -> None:
    """Run a package tool quietly; where it fails, show what it said."""
    result = subprocess.run(
        list(command),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode != 0:
        print(result.stdout, file=sys.stderr)
        result.check_returncode()
