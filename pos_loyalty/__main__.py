"""Make `python -m pos_loyalty` the same as the command `pos-loyalty`."""

import sys

from pos_loyalty.cli import main

if __name__ == "__main__":
    sys.exit(main())
