"""`scan`: decode pictures as the camera would, one line of JSON a picture."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pos_loyalty.domain.errors import LoyaltyError

if TYPE_CHECKING:
    from pos_loyalty.devices.qr_decoder import QrDecoder

_BUDGET_MS: Final = 5_000.0
"""Per picture: enough for every stage, as nobody waits at a counter."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "files", metavar="FILE", type=Path, nargs="+", help="a picture: PNG, JPEG, WebP, BMP, TIFF"
    )
    parser.epilog = (
        'Each line: {"file", "texts": what the codes say, "card": its parts if one of them is a'
        ' loyalty card, "ms"}; with "code" and "message" if the file cannot be read (exit 1).'
    )


def run(arguments: argparse.Namespace) -> int:
    """Decode the files in order; a bad file does not stop the others."""
    from pos_loyalty.devices.qr_decoder import QrDecoder

    files: list[Path] = arguments.files
    decoder = QrDecoder()
    exit_code = 0
    try:
        for file in files:
            try:
                line = _scan(file, decoder)
            except LoyaltyError as error:
                print(error, file=sys.stderr)
                line = _line(file, [], 0.0) | {"code": error.code.value, "message": error.message}
                exit_code = 1
            print(json.dumps(line, ensure_ascii=False), flush=True)
    finally:
        decoder.close()
    return exit_code


def _scan(file: Path, decoder: "QrDecoder") -> dict[str, object]:
    from pos_loyalty.devices.frames import load_frame

    started = time.perf_counter()
    texts = decoder.decode(load_frame(file), _BUDGET_MS)
    return _line(file, texts, (time.perf_counter() - started) * 1_000)


def _line(file: Path, texts: list[str], spent_ms: float) -> dict[str, object]:
    return {"file": str(file), "texts": texts, "card": _card(texts), "ms": round(spent_ms, 1)}


def _card(texts: list[str]) -> dict[str, str] | None:
    """Return the parts of the first card among the texts."""
    from pos_loyalty.domain.card_payload import TAG_LENGTH, whole_payload

    for text in texts:
        payload = whole_payload(text)
        if payload is not None:
            return {
                "payload": payload,
                "version": payload[0],
                "merchant_tag": payload[1 : 1 + TAG_LENGTH],
            }
    return None
