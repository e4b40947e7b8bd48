"""What must hold before an inclusion is requested, and again when it is claimed (rules 2, 3 and 7).

Each guard gives typed findings. All are evaluated, and the operator sees all. They read facts that were read once for a
whole batch (`InclusionTerms`), so a hundred thousand candidates cost no query.

These are rules of software, not legal advice: each is a setting with a safe default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from credit_protection.domain.findings import Finding
from credit_protection.domain.guards.debt import (
    allowed_charges,
    check_amount,
    check_invoices,
    check_telecom,
)
from credit_protection.domain.guards.facts import (
    NOTICE_DAYS_BY_STATE,
    Candidate,
    GuardSettings,
    InclusionTerms,
    TelecomGuard,
    years_before,
)
from credit_protection.domain.guards.person import (
    check_address,
    check_document,
    check_field_lengths,
    check_holds,
    check_nature,
    check_person,
    field_text,
)

__all__ = [
    "NOTICE_DAYS_BY_STATE",
    "Candidate",
    "Guard",
    "GuardSettings",
    "InclusionTerms",
    "TelecomGuard",
    "allowed_charges",
    "evaluate",
    "field_text",
    "years_before",
]

Guard = Callable[[Candidate, InclusionTerms], Iterable[Finding]]
"""A guard; plugins add their own of this shape."""


def evaluate(candidate: Candidate, terms: InclusionTerms, extra: Iterable[Guard] = ()) -> list[Finding]:
    """All findings about a candidate, in the order of the guards.

    Args:
        candidate: what is to be negativated.
        terms: the shared facts.
        extra: guards that plugins add.
    """
    findings: list[Finding] = []
    document = check_document(candidate, terms, findings)
    person_type = None if document is None else document.person_type
    check_nature(candidate, terms, person_type, findings)
    check_person(candidate, terms, person_type, findings)
    check_invoices(candidate, terms, findings)
    check_amount(candidate, terms, findings)
    check_address(candidate, findings)
    check_field_lengths(candidate, terms, findings)
    check_holds(candidate, terms, findings)
    check_telecom(candidate, terms, findings)
    for guard in extra:
        findings.extend(guard(candidate, terms))
    return findings
