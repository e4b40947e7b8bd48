"""Findings of the rules, grouped for display."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from credit_protection.domain.findings import Finding, Severity
from credit_protection.ui.tables import Row, Table, make_columns, make_row

_COLUMNS = make_columns(severity="Gravidade", code="Código", message="Motivo")


@dataclass(frozen=True, slots=True)
class GroupedFindings:
    """Findings that refuse, findings that a person decides about, and all of them by the input at fault."""

    blocks: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    by_field: Mapping[str, tuple[Finding, ...]]


def group_findings(findings: Iterable[Finding]) -> GroupedFindings:
    """Group findings; each group keeps their order."""
    all_findings = tuple(findings)
    fields = dict.fromkeys(finding.field for finding in all_findings)
    return GroupedFindings(
        blocks=tuple(finding for finding in all_findings if finding.severity is Severity.BLOCK),
        warnings=tuple(finding for finding in all_findings if finding.severity is Severity.WARN),
        by_field={field: tuple(one for one in all_findings if one.field == field) for field in fields},
    )


def findings_table(findings: Iterable[Finding]) -> Table:
    """What the rules say of a request."""
    rows = [finding_row(finding) for finding in findings]
    return Table("findings", "O que as regras dizem", _COLUMNS, rows, "Nenhuma regra se opõe.")


def finding_row(finding: Finding) -> Row:
    """A finding as a row of `findings_table`."""
    return make_row(finding, "code", "severity", "message", "field", "invoice_id")
