"""Make the till's own sounds: plain sine tones with soft edges, each shorter than 300 ms.

python tools/make_sounds.py [FOLDER]
"""

import math
import struct
import sys
import wave
from pathlib import Path

RATE = 44100
LOUDNESS = 0.35
EDGE_SECONDS = 0.012
DECAY = 9.0
FULL_SCALE = 32767
# Pitch in hertz and length in seconds of each note.
SOUNDS = {
    "found": ((659.3, 0.09), (987.8, 0.14)),
    "saved": ((784.0, 0.18),),
    "reward": ((659.3, 0.075), (830.6, 0.075), (1046.5, 0.13)),
    "look": ((220.0, 0.13), (174.6, 0.15)),
}
OWN_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "sounds"


def main(words: list[str]) -> int:
    """Write every sound; print name and length."""
    folder = Path(words[0]) if words else OWN_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, notes in SOUNDS.items():
        samples = [sample for pitch, seconds in notes for sample in note(pitch, seconds)]
        write(folder / f"{name}.wav", samples)
        print(f"{name}.wav  {1000 * len(samples) / RATE:.0f} ms")
    return 0


def note(pitch: float, seconds: float) -> list[float]:
    """Return one note: a sine with a quiet octave above it, fading like a small bell."""
    count = round(seconds * RATE)
    samples: list[float] = []
    for index in range(count):
        at = index / RATE
        edge = min(1.0, at / EDGE_SECONDS, (count - index) / RATE / EDGE_SECONDS)
        wave_form = math.sin(math.tau * pitch * at) + 0.2 * math.sin(2 * math.tau * pitch * at)
        samples.append(LOUDNESS * edge * math.exp(-DECAY * at) * wave_form)
    return samples


def write(path: Path, samples: list[float]) -> None:
    """Write 16-bit mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        frames = (struct.pack("<h", round(FULL_SCALE * sample)) for sample in samples)
        file.writeframes(b"".join(frames))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
