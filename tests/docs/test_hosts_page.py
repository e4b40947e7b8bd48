"""The examples of docs/hosts.md run: the adapters pass the contract."""

import re
import subprocess
import sys
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from credit_protection.ports.host import HostCapabilities
from credit_protection.testing.contracts.host import HostErpContract

PAGE = Path(__file__).parents[2] / "docs" / "hosts.md"


def test_hosts_of_the_page_pass_the_contract(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "test_my_erp.py").write_text("\n".join(blocks), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None
    assert int(passed[1]) > 80


def test_page_names_every_capability_and_every_flag() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = {field.name for field in fields(HostCapabilities)}
    flags = {name for name in vars(HostErpContract) if isinstance(vars(HostErpContract)[name], bool | timedelta)}
    assert {name for name in names | flags | {"today"} if f"`{name}`" not in page} == set()
    assert names <= flags


def test_page_imports_from_three_public_modules() -> None:
    imported = set(
        re.findall(r"^from (credit_protection[\w.]*) import", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert imported == {"credit_protection", "credit_protection.hosts", "credit_protection.testing"}
