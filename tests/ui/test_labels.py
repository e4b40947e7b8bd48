"""Every code that a screen can show has a Portuguese label."""

import enum
import re
from pathlib import Path

import pytest

import credit_protection
from credit_protection.domain import (
    adoption_assessment,
    alarms,
    breaker,
    capabilities,
    customers,
    documents,
    events,
    findings,
    guards,
    integrations,
    products,
    queries,
    reasons,
    removal_policy,
    settlements,
    state_table,
    statuses,
)
from credit_protection.ui import act_label, label_for

ENUMS: list[type[enum.Enum]] = [
    adoption_assessment.Verdict,
    alarms.AlarmSeverity,
    breaker.CallState,
    capabilities.Registry,
    customers.InvoiceStatus,
    customers.SubscriptionStatus,
    events.EventKind,
    findings.Severity,
    guards.TelecomGuard,
    integrations.Environment,
    integrations.ReuseMode,
    removal_policy.RemovalCause,
    state_table.Action,
    state_table.Desired,
    state_table.Observed,
    products.ProductKind,
    queries.Purpose,
    queries.QueryStatus,
    reasons.RemovalReason,
    removal_policy.RemovalRule,
    settlements.SettlementKind,
]
LABELLED_BY_VALUE: list[type[enum.Enum]] = [
    statuses.Status,  # its value is the operator's text
    documents.PersonType,  # PF and PJ are what operators say
    queries.ExportFormat,  # a file name's suffix
    alarms.AlarmCode,  # a code for programs; the alarm's message is for people
]
NOT_SHOWN = {
    "ExecutionResult", "Fault", "InvoiceOutcome", "Overflow", "Permission", "RecordState", "RecordStatus", "RemovalKey",
}  # fmt: skip
"""Of the gateways, of the rules among themselves, or of the installation."""


@pytest.mark.parametrize("kind", ENUMS)
def test_every_member_has_a_label_of_its_own(kind: type[enum.Enum]) -> None:
    labels = [label_for(member) for member in kind]
    assert len(set(labels)) == len(labels)
    assert all(label != member.value for label, member in zip(labels, kind, strict=True))


@pytest.mark.parametrize("kind", LABELLED_BY_VALUE)
def test_label_of_other_members_is_their_value(kind: type[enum.Enum]) -> None:
    assert [label_for(member) for member in kind] == [member.value for member in kind]


def test_every_enum_of_the_domain_is_labelled_or_not_shown() -> None:
    defined: set[str] = set()
    for path in (Path(credit_protection.__file__).parent / "domain").rglob("*.py"):
        defined.update(re.findall(r"^class (\w+)\(\w*Enum\)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert defined - {kind.__name__ for kind in ENUMS + LABELLED_BY_VALUE} <= NOT_SHOWN


def test_equal_codes_of_two_enums_have_their_own_labels() -> None:
    assert label_for(state_table.Desired.REMOVED) != label_for(events.EventKind.REMOVED)


def test_every_act_of_the_audit_trail_has_a_label() -> None:
    acts: set[str] = set()
    for path in (Path(credit_protection.__file__).parent / "application").glob("*.py"):
        subjects = "integration|query|negativation|payment|transmission|settlement|adoption"
        acts.update(re.findall(rf'"((?:{subjects})\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    assert acts
    assert {act for act in acts if act_label(act) == act} == set()
