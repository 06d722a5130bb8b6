"""Write assets/programs/program.schema.json from the shapes that read a program."""

import sys
from pathlib import Path

from pos_loyalty.wire.program_schema import schema_text

TARGET = Path(__file__).parent.parent / "assets" / "programs" / "program.schema.json"


if __name__ == "__main__":
    TARGET.write_text(schema_text(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes\n")
