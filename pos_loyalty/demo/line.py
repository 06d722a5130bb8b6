"""The line between till and server, as a proxy on a real port that can be cut and mended."""

import asyncio
import threading
from contextlib import suppress
from typing import Self

_CHUNK_BYTES = 64 * 1024
_START_SECONDS = 10.0


class Line:
    """Carries connections to a port of this machine while it is not cut."""

    def __init__(self, *, port: int = 0) -> None:
        """Take a port; 0 takes any. Raises OSError where the port is in use."""
        self._wanted_port = port
        self._target_port = 0
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self.port = 0
        self._thread = threading.Thread(target=self._run, name="demo line", daemon=True)
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    @property
    def url(self) -> str:
        """What the till takes for the server's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_cut(self) -> bool:
        """Whether nothing gets through."""
        return self._is_cut

    def lead_to(self, port: int) -> None:
        """Lead new connections to this port."""
        self._target_port = port

    def cut(self) -> None:
        """Break every connection and let no new one through."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._drop_all)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """Break everything and give the port back."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        try:
            server = self._loop.run_until_complete(
                asyncio.start_server(self._carry, "127.0.0.1", self._wanted_port)
            )
        except OSError as error:
            self._failure = error
        else:
            self.port = int(server.sockets[0].getsockname()[1])
            self._ready.set()
            self._loop.run_forever()
            server.close()
            self._loop.run_until_complete(self._end())
        self._loop.close()
        self._ready.set()

    async def _end(self) -> None:
        self._drop_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _drop_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways, until either side ends it."""
        self._writers.add(writer)
        try:
            if self._is_cut:
                return
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(there)
            try:
                await asyncio.gather(_pump(reader, there), _pump(there_reader, writer))
            finally:
                self._writers.discard(there)
                there.close()
        except (OSError, asyncio.CancelledError):
            # The server is not there, or somebody hung up, or the line is closed for good:
            # whichever it is, the till sees a line that ends.
            return
        finally:
            self._writers.discard(writer)
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        # The other way may still have something to say; this one has not.
        writer.write_eof()
