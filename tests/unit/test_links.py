"""Every link and picture of our documents leads somewhere in this project."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?[^)]*\)")
_TAG = re.compile(r"<(?:img|a)\s[^>]*?(?:src|href)=\"([^\"]+)\"")
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
_ELSEWHERE = ("http://", "https://", "mailto:")


def _documents() -> list[Path]:
    """Return every document of ours, not those that come with packages or tests."""
    folders = ("docs", "installer", "tools", "tests", "pos_loyalty")
    below = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *below])


def _links(text: str) -> Iterator[str]:
    """Yield what a text links to inside the project; what is code is no link."""
    words = _CODE.sub("", _FENCE.sub("", text))
    for pattern in (_LINK, _TAG):
        for target in pattern.findall(words):
            if not target.startswith(_ELSEWHERE):
                yield target


def _anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


def _broken(document: Path, root: Path = ROOT) -> list[str]:
    """Return the links of a document that lead nowhere, or out of the project."""
    broken: list[str] = []
    for link in _links(document.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = (document.parent / unquote(name)).resolve() if name else document
        is_ours = target.exists() and target.is_relative_to(root.resolve())
        if not is_ours or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    return broken


def test_every_link_and_picture_leads_somewhere() -> None:
    documents = _documents()

    broken = {path.relative_to(ROOT).as_posix(): _broken(path) for path in documents}
    assert ROOT / "README.md" in documents
    assert {name: links for name, links in broken.items() if links} == {}


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "# One heading\n\n[here](#one-heading) [gone](#other) ![no picture](shop.png)\n"
        "[web](https://example.org) `[code](nowhere.md)`\n\n```\n[code](nowhere.md)\n```\n",
        encoding="utf-8",
    )

    assert _broken(document, root=tmp_path) == ["#other", "shop.png"]
