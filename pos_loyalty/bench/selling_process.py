"""A process that opens a till, sells and closes: what is counted from outside.

    python -m pos_loyalty.bench.selling_process DATA KEYS MEMBERS SALES

prints the peak of its memory in MB.
"""

import sys
from pathlib import Path

from pos_loyalty.bench.measuring import peak_mb
from pos_loyalty.bench.sale import sell, some_sales
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import SampleFolder


def main(data: str, keys: str, members: int, sales: int) -> None:
    """Record so many sales of a membership of this size."""
    sample = SampleFolder(Path(data), Path(keys))
    sell(sample.folder.database, sample.key, some_sales(SampleMembers(members), sales))
    print(peak_mb())  # noqa: T201 - its answer to the process that started it


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
