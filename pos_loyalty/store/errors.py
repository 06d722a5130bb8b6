"""Driver errors, sorted at the edge: what the shop can act on, and what only we can."""

import errno
from collections.abc import Generator
from contextlib import contextmanager

from sqlcipher3 import dbapi2

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreBug, StoreUnavailable

OWNER = "the owner"
"""Whom a cashier calls where the shop has not told us a name."""

_CODES = {
    "SQLITE_FULL": Code.DISK_FULL,
    "SQLITE_READONLY": Code.DISK_READ_ONLY,
    "SQLITE_CANTOPEN": Code.DATA_GONE,
    "SQLITE_PERM": Code.DISK_READ_ONLY,
    "SQLITE_BUSY": Code.DATA_BUSY,
    "SQLITE_LOCKED": Code.DATA_BUSY,
    "SQLITE_CORRUPT": Code.DATA_DAMAGED,
    "SQLITE_NOTADB": Code.DATA_DAMAGED,
    "SQLITE_IOERR": Code.DISK_TROUBLE,
    "SQLITE_NOMEM": Code.DISK_TROUBLE,
}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def translated(error: Exception) -> LoyaltyError:
    """Return the error of ours that says what a driver's or the system's error means."""
    if isinstance(error, OSError):
        return _from_system(error)
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith("SQLITE_READONLY_DBMOVED"):
        return StoreUnavailable(Code.DATA_GONE, owner=OWNER)
    for prefix, code in _CODES.items():
        if name == prefix or name.startswith(prefix + "_"):
            return StoreUnavailable(code, owner=OWNER)
    return StoreBug(Code.PROGRAM_FAULT, owner=OWNER, detail=f"{name} {error}")


def _from_system(error: OSError) -> StoreUnavailable:
    if error.errno in _FULL:
        return StoreUnavailable(Code.DISK_FULL, owner=OWNER)
    if error.errno in _READ_ONLY:
        return StoreUnavailable(Code.DISK_READ_ONLY, owner=OWNER)
    if error.errno == errno.ENOENT:
        return StoreUnavailable(Code.DATA_GONE, owner=OWNER)
    return StoreUnavailable(Code.DISK_TROUBLE, owner=OWNER)


@contextmanager
def translating() -> Generator[None]:
    """Turn every driver or system error inside into one of ours, keeping the cause."""
    try:
        yield
    except (dbapi2.Error, OSError) as error:
        raise translated(error) from error
