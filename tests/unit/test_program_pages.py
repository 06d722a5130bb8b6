"""What the pages of the templates say is what a till sells by them."""

import subprocess
import sys
from pathlib import Path

import pytest

from pos_loyalty.domain.program_fault import ProgramFault
from pos_loyalty.wire.program_document import read_document
from pos_loyalty.wire.program_schema import json_schema

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "programs"
TEMPLATES = sorted(path.stem for path in (ROOT / "assets" / "programs").glob("*.toml"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_s_page_is_made_from_the_template(template: str) -> None:
    code = "import sys, write_program_pages as w; print(w.page(sys.argv[1]), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code, template],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
        timeout=120,
    )

    assert (PAGES / f"{template}.md").read_text("utf-8") == made.stdout


def test_every_page_belongs_to_a_template_and_is_linked() -> None:
    guide = (ROOT / "docs" / "program.md").read_text("utf-8")

    assert sorted(path.stem for path in PAGES.glob("*.md")) == TEMPLATES
    assert all(f"(programs/{template}.md)" in guide for template in TEMPLATES)


def test_the_guide_names_every_fault_and_every_key() -> None:
    guide = (ROOT / "docs" / "program.md").read_text("utf-8")
    schema = json_schema()
    shapes = [schema, *schema["$defs"].values()]
    keys = {name for shape in shapes for name in shape["properties"]} - {"kind"}
    words = {
        word
        for shape in shapes
        for each in shape["properties"].values()
        for word in each.get("enum", ())
    }

    assert {fault for fault in ProgramFault if f"`{fault}`" not in guide} == set()
    assert {key for key in keys if key not in guide} == set()
    assert {word for word in words if f"`{word}`" not in guide} == set()


def test_the_example_of_the_guide_is_a_program() -> None:
    guide = (ROOT / "docs" / "program.md").read_text("utf-8")
    example = guide.partition("```toml\n")[2].partition("```")[0]

    assert read_document(example.encode()).name == "Corner café"
