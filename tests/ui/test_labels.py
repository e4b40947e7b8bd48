"""Every code that a screen can show has a Portuguese label."""

import enum
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import credit_protection
from credit_protection import domain
from credit_protection.domain import alarms, documents, events, queries, state_table, statuses
from credit_protection.ui import act_label, label_for

LABELLED_BY_VALUE: list[type[enum.Enum]] = [
    statuses.Status,  # its value is the operator's text
    documents.PersonType,  # PF and PJ are what operators say
    queries.ExportFormat,  # a file name's suffix
    alarms.AlarmCode,  # a code for programs; the alarm's message is for people
]
NOT_SHOWN = {
    "ExecutionResult", "Fault", "InvoiceOutcome", "KeyState", "Overflow", "Proof", "RecordState", "RemovalKey",
    "TroubleKind",
}  # fmt: skip
"""Of the gateways, of the rules among themselves, or of the installation."""


def enums_of_the_domain() -> list[type[enum.Enum]]:
    names = [info.name for info in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}.")]
    values = [(name, value) for name in names for value in vars(importlib.import_module(name)).values()]
    types = [value for name, value in values if isinstance(value, type) and value.__module__ == name]
    return [each for each in types if issubclass(each, enum.Enum)]


ENUMS = [kind for kind in enums_of_the_domain() if kind not in LABELLED_BY_VALUE and kind.__name__ not in NOT_SHOWN]


@pytest.mark.parametrize("kind", ENUMS)
def test_every_member_has_a_label_of_its_own(kind: type[enum.Enum]) -> None:
    labels = [label_for(member) for member in kind]
    assert len(set(labels)) == len(labels)
    assert all(label != member.value for label, member in zip(labels, kind, strict=True))


@pytest.mark.parametrize("kind", LABELLED_BY_VALUE)
def test_label_of_other_members_is_their_value(kind: type[enum.Enum]) -> None:
    assert [label_for(member) for member in kind] == [member.value for member in kind]


def test_enums_that_are_not_shown_exist() -> None:
    assert len(ENUMS) > 20
    assert NOT_SHOWN - {kind.__name__ for kind in enums_of_the_domain()} == set()


def test_equal_codes_of_two_enums_have_their_own_labels() -> None:
    assert label_for(state_table.Desired.REMOVED) != label_for(events.EventKind.REMOVED)


def test_every_act_of_the_audit_trail_has_a_label() -> None:
    acts: set[str] = set()
    for path in (Path(credit_protection.__file__).parent / "application").glob("*.py"):
        subjects = "integration|query|negativation|payment|transmission|settlement|adoption"
        acts.update(re.findall(rf'"((?:{subjects})\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    assert acts
    assert {act for act in acts if act_label(act) == act} == set()
