"""Every command with `--json` prints what its schema in docs/json says. `Cli.json` checks it in every test."""

import enum
import sqlite3
from typing import Any

import pytest
import typer

from credit_protection.domain import (
    adoption_assessment,
    alarms,
    breaker,
    capabilities,
    customers,
    divergences,
    documents,
    events,
    findings,
    guards,
    integrations,
    products,
    queries,
    reasons,
    removal_policy,
    state_table,
    statuses,
)
from credit_protection.entrypoints.cli.app import app
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints import json_schemas
from tests.entrypoints.command_line import SECRET, Cli, StoredData

ENUMS: dict[str, type[enum.Enum]] = {
    "action": state_table.Action,
    "alarm_code": alarms.AlarmCode,
    "alarm_severity": alarms.AlarmSeverity,
    "calls": breaker.CallState,
    "desired": state_table.Desired,
    "divergence_code": divergences.DivergenceCode,
    "divergence_decision": divergences.Decision,
    "divergence_policy": divergences.DivergencePolicy,
    "divergence_severity": divergences.DivergenceSeverity,
    "divergence_side": divergences.Side,
    "environment": integrations.Environment,
    "event_kind": events.EventKind,
    "invoice_status": customers.InvoiceStatus,
    "observed": state_table.Observed,
    "person_type": documents.PersonType,
    "product_kind": products.ProductKind,
    "purpose": queries.Purpose,
    "query_status": queries.QueryStatus,
    "registry": capabilities.Registry,
    "removal_cause": removal_policy.RemovalCause,
    "removal_reason": reasons.RemovalReason,
    "removal_rule": removal_policy.RemovalRule,
    "reuse_mode": integrations.ReuseMode,
    "severity": findings.Severity,
    "telecom": guards.TelecomGuard,
    "verdict": adoption_assessment.Verdict,
}


def commands(group: Any, path: tuple[str, ...] = ()) -> set[str]:  # noqa: ANN401 - the library's group or command
    """Names of the schemas of all commands that have `--json`."""
    found: set[str] = set()
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= commands(command, (*path, name))
        elif any(parameter.name == "json" for parameter in command.params):
            found.add("-".join((*path, name)))
    return found


def test_every_command_with_json_has_a_schema_and_no_schema_is_left_over() -> None:
    assert commands(typer.main.get_command(app)) == json_schemas.names()


def test_schema_enums_are_those_of_the_domain() -> None:
    published = {name: each["enum"] for name, each in json_schemas.schema("common")["$defs"].items() if "enum" in each}
    status = published.pop("status")
    assert status == [member.name.lower() for member in statuses.Status]
    assert published == {name: [member.value for member in kind] for name, kind in ENUMS.items()}


def test_every_command_prints_what_its_schema_says(
    cli: Cli, bureau: BureauSimulator, stored: StoredData, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: set[str] = set()

    def run(*arguments: str, expect: int = 0) -> dict[str, Any]:
        printed.add(json_schemas.name_of(arguments))
        return cli.json(*arguments, expect=expect).document

    def negativate(customer: str, invoice: str, nature: str, *further: str) -> dict[str, Any]:
        return run("negativate", "--customer", customer, "--invoice", invoice, "--nature", nature, *further)

    for plain in ("list", "show", "test", "edit --set reuse_days=1", "deactivate", "activate"):
        run("integration", *plain.split())
    for plain in (
        "products sync",
        "products list --all",
        "products remove SCORE",
        "products restore SCORE",
        "customers find 9001",
        "creditors list",
        "products reasons",
        "natures list",
        "plugins list",
    ):
        run(*plain.split())
    run("reconcile")
    query_id = run("query", "--customer", "9001", "-p", "ESSENCIAL")["id"]
    run("audit", "list")
    run("host", "show")
    run("host", "accept")
    for command in (("list",), ("show", query_id), ("open", query_id), ("export", query_id, "-o", "again.pdf")):
        run("queries", *command)
    run("invoices", "overdue", "--limit", "3")
    negativate("9001", "60003", "DEV", "--dry-run")
    first, second, third = (
        negativate(*chosen, "--yes")["negativations"][0]["id"]
        for chosen in (("9001", "60003", "DEV"), ("9001", "60004", "DEV"), ("9002", "60007", "DUP"))
    )
    run("negativations", "stop", first, "--remark", "conferir")
    run("negativations", "resume", first)
    run("removals", "run", "--timeout", "20")
    run("negativations", "delete", first, "--yes", "--reason", "dispute")
    run("removals", "list")
    run("negativations", "withdraw", first)
    with sqlite3.connect(stored.home / "erp.sqlite") as erp:  # the ERP gives an invoice another id
        erp.execute("UPDATE invoices SET id = '70003' WHERE id = '60003'")
    run("negativations", "relink", first, "--remark", "mesmo boleto", "--yes")
    paid = run("invoices", "pay", "60004")
    run("negativations", "show", second)
    run("negativations", "stop", second, "--remark", "conferir")
    run("removals", "check", expect=1)
    run("negativations", "resume", second)
    run("sweep")
    run("invoices", "reverse", paid["settlement_id"])
    with sqlite3.connect(stored.home / "erp.sqlite") as erp:  # the ERP moves a debt to another person
        erp.execute("UPDATE invoices SET customer_id = '9001' WHERE id = '60007'")
    run("payments", "recheck", "60007")
    run("sweep")
    (moved,) = run("divergences", "list", "--negativation", third)["divergences"]
    run("divergences", "show", moved["id"])
    run("divergences", "decide", moved["id"], "keep", "--remark", "conferido")
    run("negativations", "attest", third, "--remark", "visto no portal", "--yes")
    run("negativations", "list")
    run("negativations", "adopt", "--from-bureau", "--dry-run")
    monkeypatch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", SECRET)
    given = ("--description", "Segunda", "--param", "client_id=demo-client", "--param", f"base_url={bureau.url}")
    run("integration", "add", *given)
    run("integration", "delete", "Segunda", "--yes")
    run("invoices", "import", "--yes")
    run("restored", "--remark", "backup de ontem")
    for act in ("add bia --role operador --role auditor", "role bia --role auditor", "list", "remove bia"):
        run("users", *act.split())
    assert printed == json_schemas.names()
