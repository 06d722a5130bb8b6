"""The page of licenses is true to the locks, and nothing of Qt's GPL-only parts comes in."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Not under the LGPL: the GPL or a commercial license only.
GPL_ONLY_QT = {
    "QtCharts",
    "QtCoap",
    "QtDataVisualization",
    "QtGraphs",
    "QtGraphsWidgets",
    "QtGrpc",
    "QtHttpServer",
    "QtLottie",
    "QtMqtt",
    "QtNetworkAuth",
    "QtProtobuf",
    "QtQuick3D",
    "QtQuick3DPhysics",
    "QtQuickTimeline",
    "QtShaderTools",
    "QtVirtualKeyboard",
    "QtWaylandCompositor",
}


def _pins(name: str) -> set[tuple[str, str]]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==([\w.]+)", text, flags=re.MULTILINE))


def _rows() -> dict[tuple[str, str], str]:
    """Return license by name and version, as the page has them."""
    text = (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w.-]+) \| (\d[\w.]*) \| (.*) \|$", text, flags=re.MULTILINE)
    return {(name, version): said for name, version, said in rows}


def test_the_page_lists_every_locked_package_and_no_other() -> None:
    locked = _pins("requirements-dev.lock") | _pins("tools/uv.lock")

    assert set(_rows()) == locked


def test_every_package_has_a_license() -> None:
    assert [name for (name, _), said in _rows().items() if not said.strip()] == []


def test_what_is_shipped_is_never_under_the_gpl_alone() -> None:
    shipped = _pins("requirements.lock")
    under_gpl = [
        name
        for (name, version), said in _rows().items()
        if (name, version) in shipped
        and re.search(r"(?<!L)GPL|General Public", said)
        and "LGPL" not in said
    ]

    assert under_gpl == []


def test_no_lock_brings_the_add_ons_of_qt() -> None:
    names = {name for name, _ in _pins("requirements-dev.lock")}

    assert {name for name in names if name.startswith("pyside6")} == {"pyside6-essentials"}


def test_no_source_imports_a_part_of_qt_under_the_gpl_alone() -> None:
    imported: list[str] = []
    for path in sorted((ROOT / "pos_loyalty").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [f"{node.module}.{alias.name}" for alias in node.names] + [
                    node.module or ""
                ]
            else:
                continue
            imported += [
                f"{path.name}: {module}"
                for module in modules
                if module.startswith("PySide6.") and module.split(".")[1] in GPL_ONLY_QT
            ]

    assert imported == []
