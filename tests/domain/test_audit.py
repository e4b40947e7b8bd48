from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    NotExecuted,
    RecordFound,
    RecordKey,
    RecordState,
)
from credit_protection.domain.documents import Cpf
from credit_protection.testing.strategies import NOW, TODAY


def test_audit_entry_has_only_actor_act_and_subject_by_default() -> None:
    entry = AuditEntry(NOW, "u1", "Rui", "negativation.delete", "n1")

    assert (entry.creditor_id, entry.remark, entry.before, entry.after) == (None, "", {}, {})
    assert entry.before is not AuditEntry(NOW, "u1", "Rui", "negativation.delete", "n1").before


def test_answers_have_empty_defaults() -> None:
    assert Done() == Done(ExecutionResult.EXECUTED, None, None, None, None)
    assert Accepted() == Accepted(None, None, repeated=False)
    assert NotExecuted("x", "y") == NotExecuted("x", "y", None, needs_person=False, still_processing=False)
    assert RecordFound(RecordState.PRESENT) == RecordFound(RecordState.PRESENT, None, "", None, None)


def test_record_key_does_not_show_the_document() -> None:
    assert "90010020055" not in repr(RecordKey(Cpf("90010020055"), "CP-1", TODAY))
