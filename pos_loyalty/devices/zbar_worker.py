"""The second QR reader, in a process of its own: some codes make it abort the whole process.

Started by `zbar_process`, which also tells the messages: a frame is height, width (4 bytes each)
and its gray pixels; the answer is a count and each text with its length before it. This file
imports nothing of the product, so that it starts fast.
"""

import signal
import struct
import sys
from typing import BinaryIO

READY = 0
MISSING = -1


def serve(frames: BinaryIO, answers: BinaryIO) -> int:
    """Answer frames until there are no more; return the exit code."""
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode
        from pyzbar.pyzbar_error import PyZbarError
    except (ImportError, OSError):  # the shared library, or what it needs on Windows
        _send(answers, MISSING)
        return 1
    _send(answers, READY)
    while len(head := frames.read(8)) == struct.calcsize(">II"):
        height, width = struct.unpack(">II", head)
        pixels = frames.read(height * width)
        if len(pixels) < height * width:
            break
        try:
            found = decode((pixels, width, height), symbols=[ZBarSymbol.QRCODE])
        except (ValueError, PyZbarError):
            # WORKAROUND: parts of a structured append raise ValueError (pyzbar issue 139).
            found = []
        _send(answers, len(found), *(code.data for code in found))
    return 0


def _send(answers: BinaryIO, count: int, *texts: bytes) -> None:
    body = b"".join(struct.pack(">I", len(text)) + text for text in texts)
    answers.write(struct.pack(">i", count) + body)
    answers.flush()


def main() -> int:
    """Serve the standard streams."""
    # Ctrl+C reaches the whole group; the till ends this process when it is done with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    sys.exit(main())
