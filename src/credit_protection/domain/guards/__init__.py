"""What must hold before an inclusion is requested, and again when it is claimed (rules 2, 3 and 7).

Each guard gives typed findings. All are evaluated, and the operator sees all. They read facts that were read once for a
whole batch (`InclusionTerms`), so a hundred thousand candidates cost no query.

These are rules of software, not legal advice: each is a setting with a safe default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from credit_protection.domain.findings import Finding
from credit_protection.domain.guards import checks
from credit_protection.domain.guards.facts import (
    NOTICE_DAYS_BY_STATE,
    Candidate,
    GuardSettings,
    InclusionTerms,
    TelecomGuard,
    years_before,
)
from credit_protection.domain.guards.plugin_answers import BROKEN_GUARD, broken_guards, findings_of, guard_name

__all__ = [
    "BROKEN_GUARD",
    "NOTICE_DAYS_BY_STATE",
    "Candidate",
    "Guard",
    "GuardSettings",
    "InclusionTerms",
    "TelecomGuard",
    "broken_guards",
    "evaluate",
    "years_before",
]

Guard = Callable[[Candidate, InclusionTerms], Iterable[Finding]]
"""A guard; plugins add their own of this shape."""


def evaluate(candidate: Candidate, terms: InclusionTerms, extra: Iterable[Guard] = ()) -> list[Finding]:
    """All findings about a candidate, in the order of the guards; plugins add the `extra` ones.

    A plugin's guard that fails, or gives anything but findings, refuses (`BROKEN_GUARD`): a veto is never lost.
    """
    findings: list[Finding] = []
    document = checks.check_document(candidate, terms, findings)
    person_type = None if document is None else document.person_type
    checks.check_nature(candidate, terms, person_type, findings)
    checks.check_removal_reasons(terms, findings)
    checks.check_person(candidate, terms, person_type, findings)
    checks.check_invoices(candidate, terms, findings)
    checks.check_amount(candidate, terms, findings)
    checks.check_address(candidate, findings)
    checks.check_field_lengths(candidate, terms, findings)
    checks.check_holds(candidate, terms, findings)
    checks.check_telecom(candidate, terms, findings)
    for guard in extra:
        findings += findings_of(guard_name(guard), guard, candidate, terms)
    return findings
