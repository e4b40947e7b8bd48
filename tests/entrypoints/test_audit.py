"""`audit`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.entrypoints.command_line import Cli, StoredData

BRASILIA = ZoneInfo("America/Sao_Paulo")


def subjects(cli: Cli, *wanted: str) -> list[str]:
    return [row["subject"] for row in cli.json("audit", "list", *wanted).document["audit"]]


def test_audit_trail_is_listed_newest_first_page_by_page(cli: Cli) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    cli.run("negativations", "delete", made["id"], "--yes")
    first = cli.json("audit", "list", "--limit", "1").document
    assert [(row["act"], row["subject"]) for row in first["audit"]] == [("negativation.delete", made["id"])]
    rest = cli.json("audit", "list", "--after", first["next"]).document
    assert [row["act"] for row in rest["audit"]][:1] == ["negativation.create"]
    assert rest["next"] is None
    said = cli.run("audit", "list").stdout
    assert "remoção pedida" in said
    assert "negativação pedida" in said


def test_audit_trail_is_filtered(cli: Cli) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    entry = cli.json("audit", "list", "--subject", made["id"]).document["audit"][0]
    assert entry["actor_id"].startswith("os:")
    assert subjects(cli, "--actor", entry["actor_id"]) == [made["id"], entry["actor_id"]]  # it made the installation
    assert subjects(cli, "--act", "negativation.create") == [made["id"]]
    assert subjects(cli, "--act", "negativation.delete") == []
    today = datetime.now(BRASILIA).date()
    for since, until, expected in (
        (today, today, [made["id"]]),
        (today + timedelta(days=1), today + timedelta(days=1), []),
        (today - timedelta(days=9), today - timedelta(days=1), []),
    ):
        days = ("--since", f"{since:%d/%m/%Y}", "--until", f"{until:%d/%m/%Y}")
        assert subjects(cli, "--subject", made["id"], *days) == expected


@pytest.mark.parametrize(
    ("option", "code"), [(("--since", "ontem"), "data_formato"), (("--until", "31/02/2026"), "data_formato")]
)
def test_invalid_filter_is_refused(cli: Cli, option: tuple[str, str], code: str) -> None:
    assert cli.json("audit", "list", *option, expect=2).error["code"] == code


@pytest.mark.parametrize(("role", "exit_code"), [("auditor", 0), ("operador", 5), ("atendente", 5)])
def test_audit_trail_needs_its_permission(cli: Cli, monkeypatch: pytest.MonkeyPatch, role: str, exit_code: int) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", role)
    cli.run("audit", "list", expect=exit_code)


def test_instants_are_in_the_creditors_time_zone(cli: Cli) -> None:
    cli.negativate("9001", "60003", "DEV")
    (row,) = cli.json("audit", "list", "--limit", "1").document["audit"]
    shown = f"{datetime.fromisoformat(row['at']).astimezone(BRASILIA):%d/%m/%Y %H:%M:%S}"
    assert shown in cli.run("audit", "list").stdout


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_list_does_not_need_the_erp(cli: Cli, stored: StoredData, content: bytes) -> None:
    cli.negativate("9001", "60003", "DEV")
    expected = cli.run("audit", "list").stdout
    (stored.home / "erp.sqlite").write_bytes(content)
    for name in ("erp.sqlite-wal", "erp.sqlite-shm"):
        (stored.home / name).unlink(missing_ok=True)
    assert cli.run("audit", "list").stdout == expected
