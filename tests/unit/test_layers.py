"""The import contracts bite: each wrong import, planted in a copy, breaks the expected one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# file in pos_loyalty, the line planted at its end, the number of the contract that must break
PLANTS = [
    ("domain/money.py", "import pos_loyalty.store", "1"),
    ("wire/codec.py", "import pos_loyalty.services", "1"),
    ("services/__init__.py", "import pos_loyalty.ui", "1"),
    ("store/__init__.py", "import pos_loyalty.devices", "1"),
    ("stray.py", "import json", "1"),
    ("server/__init__.py", "import pos_loyalty.store", "2"),
    ("server/__init__.py", "import pos_loyalty.services", "2"),
    ("ui/views/__init__.py", "import pos_loyalty.store", "3"),
    ("ui/presenters/__init__.py", "import pos_loyalty.wire", "3"),
    ("ui/presenters/__init__.py", "import pos_loyalty.ui.views", "4"),
    ("ui/widgets/__init__.py", "import pos_loyalty.ui.views", "4"),
    ("ui/stray.py", "import json", "4"),
    ("ui/presenters/__init__.py", "import PySide6.QtCore", "5"),
    ("domain/money.py", "import PySide6.QtGui", "5"),
    ("server/__init__.py", "from PySide6 import QtCore", "5"),
    ("domain/money.py", "import time", "6"),
    ("wire/codec.py", "import socket", "6"),
    ("services/__init__.py", "import httpx", "7a"),
    ("ui/views/__init__.py", "import sqlcipher3", "7b"),
    ("services/__init__.py", "import sqlite_utils", "7b"),
    ("store/__init__.py", "import sqlite3", "7c"),
    ("domain/ids.py", "import pos_loyalty.domain.ledger", "8"),
]


def _broken_contracts(folder: Path) -> set[str]:
    """Run import-linter on a copy of the project; return the numbers of the broken contracts."""
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Contracts: " not in result.stdout:
        pytest.fail(f"import-linter did not run: {result.stdout[-200:]}{result.stderr[-200:]}")
    return set(re.findall(r"^(\d\w?) .* BROKEN", result.stdout, flags=re.MULTILINE))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with the package and the contracts, to spoil."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pos_loyalty", tmp_path / "pos_loyalty", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "line", "contract"), PLANTS)
def test_a_wrong_import_breaks_its_contract(
    copy: Path, name: str, line: str, contract: str
) -> None:
    with (copy / "pos_loyalty" / name).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")

    assert contract in _broken_contracts(copy)


def test_the_project_itself_and_a_right_import_break_nothing(copy: Path) -> None:
    with (copy / "pos_loyalty" / "services" / "__init__.py").open("a", encoding="utf-8") as module:
        module.write("\nimport pos_loyalty.store\n")

    assert _broken_contracts(copy) == set()
