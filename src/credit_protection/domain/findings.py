"""Findings of the guards about a candidate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """`BLOCK` refuses; `WARN` is shown and a person decides."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why an inclusion is refused or doubtful.

    Args:
        code: stable, for programs (`natureza_pessoa`).
        message: Portuguese sentence that says what to do.
        invoice_id: the host's invoice, where the finding is about one.
    """

    code: str
    severity: Severity
    message: str
    field: str
    invoice_id: str | None = None


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether any finding refuses."""
    return any(finding.severity is Severity.BLOCK for finding in findings)
