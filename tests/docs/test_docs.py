"""The documents hold together: links lead somewhere, decisions have their four parts, twins have the same chapters."""

import re
from pathlib import Path

import pytest
import typer

from credit_protection.entrypoints.cli.app import app
from credit_protection.plugins import configuration

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
GROUPS = (
    "integration",
    "products",
    "natures",
    "queries",
    "invoices",
    "negativations",
    "removals",
    "plugins",
    "audit",
    "users",
)
LINK = re.compile(r"\[[^\]]+\]\(([^)#]*)(#[^)]*)?\)")
MENTION = re.compile(r"(?<![\w/])((?:docs|src|tests|benchmarks|examples)/[\w./-]+\.(?:md|py|yaml))")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target, _ in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_of_links_are_headings(page: Path) -> None:
    links = [(page.parent / target if target else page, anchor) for target, anchor in LINK.findall(page.read_text())]
    assert [anchor for target, anchor in links if anchor and target.is_file() and anchor not in anchors(target)] == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = [heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {"#" + re.sub(r"[^\w -]", "", heading).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_mentioned_exist(page: Path) -> None:
    mentioned = MENTION.findall(page.read_text())
    assert [name for name in mentioned if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_a_decision_says_why_and_what_follows(page: Path) -> None:
    text = page.read_text()
    assert re.search(r"^Status: \w+, \d{4}-\d{2}-\d{2}", text, re.MULTILINE)
    assert [part for part in ("## Context", "## Decision", "## Consequences") if part not in text] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_readme_names_every_make_target() -> None:
    helped = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "check", "property", "bench", "clean", "help"} <= set(helped)


def test_the_environment_variables_of_the_readme_are_those_of_the_code() -> None:
    readme = set(re.findall(r"CREDIT_PROTECTION_([A-Z_]+)`", (ROOT / "README.md").read_text()))
    assert {name.lower() for name in readme if not name.startswith("PARAM_")} == {*configuration._KNOWN, "home"} - {
        "host"
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_commands_exist(page: Path) -> None:
    text = page.read_text()
    tree = typer.main.get_command(app)
    named = re.findall(rf"`(?:credit-protection )?((?:{'|'.join(GROUPS)}) [a-z]+)`", text)
    named += re.findall(r"credit-protection ([a-z]+(?: [a-z]+)?)", text)
    assert [each for each in named if not exists(tree, each.split())] == []


def exists(command: object, path: list[str]) -> bool:
    """Whether the words name a command, or a command and its first argument."""
    commands = getattr(command, "commands", None)
    return not path or commands is None or (path[0] in commands and exists(commands[path[0]], path[1:]))
