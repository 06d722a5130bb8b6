"""What every door to a network needs: its address, a clean end by signal, a word to its loop."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Generator
from types import FrameType

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable


def bind(host: str, port: int) -> socket.socket:
    """Take an address; port 0 takes any free one.

    Raises:
        StoreUnavailable: somebody else has it, or it is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StoreUnavailable(Code.ADDRESS_TAKEN, address=f"{host}:{port}") from error
    return listener


@contextlib.contextmanager
def quiet_signals() -> Generator[None]:
    """Make a stop by signal a clean end: uvicorn raises the signal again when it is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ignore(number: int, frame: FrameType | None) -> None:
        del number, frame

    before = {number: signal.signal(number, ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def soon(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """Call a function in the loop, from any thread, if it still runs."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(work)
