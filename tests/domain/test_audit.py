from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.bureau_answers import Accepted, Done, Found, ExecutionResult, NotExecuted, RecordKey, RecordState
from credit_protection.domain.documents import Cpf
from credit_protection.testing.strategies import NOW, TODAY


def test_an_entry_says_who_did_what_and_nothing_more_unless_told() -> None:
    entry = AuditEntry(NOW, "u1", "Rui", "negativation.delete", "n1")

    assert (entry.creditor_id, entry.why, entry.before, entry.after) == (None, "", {}, {})
    assert entry.before is not AuditEntry(NOW, "u1", "Rui", "negativation.delete", "n1").before


def test_an_answer_claims_no_more_than_it_says() -> None:
    assert Done() == Done(ExecutionResult.EXECUTED, None, None, None, None)
    assert Accepted() == Accepted(None, None, repeated=False)
    assert NotExecuted("x", "y") == NotExecuted("x", "y", None, needs_person=False, still_processing=False)
    assert Found(RecordState.PRESENT) == Found(RecordState.PRESENT, None, "", None, None)


def test_a_key_does_not_show_the_document() -> None:
    assert "90010020055" not in repr(RecordKey(Cpf("90010020055"), "CP-1", TODAY))
