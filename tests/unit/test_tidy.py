"""The house rules that neither the linter nor the import contracts can see."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import pos_loyalty

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70

BANNED_MODULE_NAMES = {
    "base",
    "common",
    "constants",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "types",
    "util",
    "utils",
}
# One word, one meaning: what to say instead. Checked in names that we define.
BANNED_IN_NAMES = {
    "customer": "member",
    "customers": "members",
    "user": "cashier, owner or member",
    "users": "cashiers, owners or members",
    "programme": "program",
    "register": "enroll (a person), till (the thing)",
    "transaction": "sale or ledger entry; a transaction is SQL's",
    "helper": "what it is about",
    "helpers": "what it is about",
    "manager": "what it does",
    "util": "what it is about",
    "utils": "what it is about",
}
# Where the word is right: SQL lives here, and Python, Qt or a mail give these names.
SQL_FOLDERS = ("pos_loyalty/store/", "pos_loyalty/server/database/", "tests/", "tools/")
# American English; checked in every word of our texts, docstrings and comments.
BRITISH = re.compile(
    r"(?<![.\w])(programmes?|colours?|coloured|behaviours?|catalogues?|favourites?|honour\w*|labelled"
    r"|cancelled|cancelling|centres?|grey\w*|licences?|organis\w+|recognis\w+|initialis\w+"
    r"|serialis\w+|normalis\w+|synchronis\w+|summaris\w+|minimis\w+|authoris\w+|whilst)\b",
    re.IGNORECASE,
)
TEXT_SUFFIXES = {".py", ".md", ".toml", ".html", ".css", ".sh", ".cmd", ".yaml"}

pytestmark = pytest.mark.xdist_group("tidy")


def _python_files() -> list[Path]:
    """Return every Python file of ours, tests and tools included."""
    folders = ("pos_loyalty", "tests", "tools", "installer")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _text_files() -> list[Path]:
    """Return every file of ours that holds words."""
    tops = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".")]
    folders = ("pos_loyalty", "tests", "tools", "installer", "docs")
    below = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    ours = [path for path in sorted([*tops, *below]) if "vendored" not in path.parts]
    return [path for path in ours if path.suffix in TEXT_SUFFIXES or path.name == "pos"]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of everything that a file names itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def _words(name: str) -> list[str]:
    """Split `a_b` and `AbcDef` into lower-case words."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def test_no_file_is_longer_than_the_limit() -> None:
    too_long = {
        _name(path): lines
        for path in _python_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    }

    assert not too_long


def test_no_function_is_longer_than_the_limit() -> None:
    too_long = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in _python_files()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert not too_long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _name(path)
        for path in _python_files()
        if path.stat().st_size > 0 and not ast.get_docstring(_tree(path))
    ]
    empty_in_product = [
        _name(path) for path in (ROOT / "pos_loyalty").rglob("*.py") if path.stat().st_size == 0
    ]

    assert not [name for name in silent if not name.startswith("tests/")]
    assert not empty_in_product


def test_module_names_say_what_the_module_is_about() -> None:
    drawers = [
        _name(path)
        for path in [*_python_files(), *(path.parent for path in _python_files())]
        if path != ROOT and path.stem in BANNED_MODULE_NAMES
    ]

    assert not drawers


def test_names_use_the_words_of_the_glossary() -> None:
    wrong: list[str] = []
    for path in _python_files():
        may_say_transaction = _name(path).startswith(SQL_FOLDERS)
        for line, name in _defined_names(_tree(path)):
            words = set(_words(name)) & set(BANNED_IN_NAMES)
            if may_say_transaction:
                words -= {"transaction"}
            if _name(path).startswith("tests/"):
                words -= {"user"}  # the account of the system under which PostgreSQL runs
            if name.startswith("register_") and not name.startswith("register_member"):
                words -= {"register"}  # fonts and the like, with a library
            wrong += [f"{_name(path)}:{line} {name}: say {BANNED_IN_NAMES[word]}" for word in words]

    assert not wrong


def test_our_words_are_american_english() -> None:
    wrong = [
        f"{_name(path)}:{number} {found.group()}"
        for path in _text_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for found in BRITISH.finditer(line)
    ]

    assert not wrong


def test_changelog_and_package_agree_on_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[?([^\]\s]+)\]?", changelog, flags=re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert headings[1] == pos_loyalty.__version__


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "tools/uv.lock"])
def test_locks_hold_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pinned = [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip()]

    assert pinned
    assert all("--hash=sha256:" in entry for entry in pinned)
    assert not re.search(r"://|@ |--index|--find-links|--extra-index|/home/|/root/|/opt/", text)


def test_the_lock_for_tests_only_adds_to_the_lock_for_running() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / name).read_text(encoding="utf-8")
        return set(re.findall(r"^([\w.-]+==[\w.]+)", text, flags=re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    to_run = [*project["dependencies"]]
    to_run += [need for extra, needs in optional.items() if extra != "dev" for need in needs]

    for lock, needs in {
        "requirements.lock": to_run,
        "requirements-dev.lock": optional["dev"],
    }.items():
        text = (ROOT / lock).read_text(encoding="utf-8")
        names = {re.split(r"[\[<>=]", need)[0].lower() for need in needs}
        missing = [name for name in names if f"\n{name}==" not in f"\n{text}"]
        assert not missing, lock


def test_no_file_names_a_folder_of_somebody_s_machine() -> None:
    pattern = re.compile(r"(?<![\w.])/(home|Users)/\w+/|(?<![\w.])/root/\w|C:\\Users\\")
    wrong = [
        f"{_name(path)}:{number}"
        for path in _text_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]

    assert not wrong


def test_every_silenced_finding_gives_its_reason() -> None:
    silencer = re.compile(r"#\s*(noqa|type: ignore|pyright: ignore|pragma:)(?P<rest>.*)")
    reasonless = [
        f"{_name(path)}:{number}"
        for path in _python_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := silencer.search(line)) and " - " not in found["rest"]
    ]

    assert not reasonless
