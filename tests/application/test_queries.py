"""Credit queries: paid once, kept as received, never repeated by the software."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.documents import Cpf
from credit_protection.domain.errors import (
    BureauUnavailable,
    ConfigurationError,
    Conflict,
    InvalidInput,
    InvalidReport,
    NoCredit,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ProtocolError,
    RuleViolation,
)
from credit_protection.domain.integrations import IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.queries import (
    LOST_AFTER,
    PDF,
    DocumentReport,
    ExportFormat,
    Purpose,
    QueryStatus,
    StructuredReport,
)
from credit_protection.ports.storage import PageRequest, QueryFilter
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import ANA, CNPJ_WITH_LETTERS, CPF, AppFixture

if TYPE_CHECKING:
    from credit_protection.domain.errors import (
        BureauError,
    )

REPORT = DocumentReport(b"%PDF-1.7\n" + bytes(range(256)) * 3 + b"\r\n\x00%%EOF\n", PDF, "PROT-9")
ELSEWHERE = replace(ANA, id="eva", creditor_ids=frozenset({"2"}))
AUDITOR = Actor.with_role("rui", "Rui", "auditor")


def stored(empty_app: AppFixture) -> list[QueryStatus]:
    return [query.status for query in empty_app.queries.list(ANA).items]


# ------------------------------------------------------------------------------------------------ asking


def test_report_is_stored_byte_for_byte_with_its_details(app: AppFixture) -> None:
    app.bureau.report = REPORT
    answered = app.queries.run(
        ANA,
        integration_id=app.integration_id,
        product_code="BASIC",
        document="900.100.200-55",
        customer_id="c1",
        purpose=Purpose.COLLECTION,
    )
    assert answered.status is QueryStatus.ANSWERED
    assert (answered.actor_id, answered.purpose, answered.cost) == ("ana", Purpose.COLLECTION, Money(250))
    assert (answered.protocol, answered.media_type) == ("PROT-9", PDF)
    assert (answered.size, answered.sha256) == (REPORT.size, REPORT.sha256)

    query, report = app.queries.open(ANA, answered.id)
    assert query == answered
    assert report == REPORT
    assert app.bureau.calls.count("query") == 1
    assert app.listeners.queries == [answered]


def test_audit_trail_masks_the_document(app: AppFixture) -> None:
    query = app.query()
    (entry,) = app.audit(query)
    assert (entry.act, entry.actor_id, entry.creditor_id) == ("query.run", "ana", "1")
    assert entry.after == {"document": "***.100.200-**", "product": "BASIC", "purpose": "credit_granting"}
    assert CPF not in repr(entry)


def test_product_gets_the_inputs_that_it_needs(app: AppFixture) -> None:
    def run(inputs: dict[str, str]) -> None:
        app.queries.run(ANA, integration_id=app.integration_id, product_code="SCORE", document=CPF, inputs=inputs)

    with pytest.raises(InvalidInput) as missing:
        run({})
    assert (missing.value.code, missing.value.field) == ("insumo_obrigatorio", "model")
    run({"model": "V8"})
    assert app.queries.list(ANA).items[0].inputs == {"model": "V8"}


# ------------------------------------------------------------------------------------------------ refused before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"document": "900.100.200-56"}, "cpf_digitos"),
        ({"product_code": "NONE"}, "produto_desconhecido"),
        ({"product_code": "INC"}, "produto_nao_e_consulta"),
        ({"inputs": {"model": "V8"}}, "insumo_desconhecido"),
    ],
)
def test_wrong_request_is_refused_before_it_costs_and_stores_nothing(
    app: AppFixture, changes: dict[str, object], code: str
) -> None:
    trail = app.acts()
    given = {"integration_id": app.integration_id, "product_code": "BASIC", "document": CPF, **changes}
    with pytest.raises(InvalidInput) as refused:
        app.queries.run(ANA, **given)  # type: ignore[arg-type] # wrong on purpose
    assert refused.value.code == code
    assert not stored(app)
    assert app.acts() == trail
    assert "query" not in app.bureau.calls


def test_hidden_product_is_refused(app: AppFixture) -> None:
    app.integrations.remove_products(ANA, app.integration_id, ["BASIC"])
    with pytest.raises(InvalidInput) as refused:
        app.query()
    assert refused.value.code == "produto_indisponivel"


@pytest.mark.parametrize("takes_letters", [True, False])
def test_cnpj_with_letters_is_refused_where_the_bureau_does_not_accept_it(
    empty_app: AppFixture, *, takes_letters: bool
) -> None:
    bureau = FakeBureau(Capabilities(Registry.SPC, alphanumeric_cnpj=takes_letters))
    app = AppFixture(empty_app.storage, bureau)
    app.register()
    if takes_letters:
        app.query(document=CNPJ_WITH_LETTERS)
        assert stored(app) == [QueryStatus.ANSWERED]
        return
    with pytest.raises(InvalidInput) as refused:
        app.query(document=CNPJ_WITH_LETTERS)
    assert refused.value.code == "cnpj_alfanumerico"
    assert not stored(app)


def test_actor_without_permission_sends_no_query(app: AppFixture) -> None:
    with pytest.raises(PermissionDenied):
        app.queries.run(AUDITOR, integration_id=app.integration_id, product_code="NONE", document=CPF)
    with pytest.raises(NotFound):
        app.queries.run(ELSEWHERE, integration_id=app.integration_id, product_code="BASIC", document=CPF)
    assert not stored(app)


def test_gateway_that_can_not_be_created_stores_no_query(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost_key(_: str) -> str:
        raise ConfigurationError("A chave mudou.")

    trail = app.acts()
    fresh = AppFixture(app.storage, app.bureau)  # another process, which has created no gateway yet
    monkeypatch.setattr(fresh.ports.vault, "decrypt", lost_key)
    fresh.integration_id = app.integration_id
    with pytest.raises(ConfigurationError):
        fresh.query()
    assert not stored(app)
    assert app.acts() == trail


# ------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    "lost", [OutcomeUnknown("A resposta se perdeu."), ProtocolError("Resposta estranha."), InvalidReport("Cortado.")]
)
def test_lost_or_unreadable_answer_is_stored_as_unknown_and_perhaps_paid(app: AppFixture, lost: BureauError) -> None:
    app.bureau.fail_next("query", lost, executed=True)
    with pytest.raises(type(lost)) as caught:
        app.query()
    (query,) = app.queries.list(ANA).items
    assert caught.value.context["query_id"] == query.id
    assert (query.status, query.cost) == (QueryStatus.UNKNOWN, Money(250))
    assert (query.error_code, query.error_message) == (lost.code, lost.message)
    assert app.listeners.queries == [query]
    with pytest.raises(NotFound):
        app.queries.open(ANA, query.id)
    assert app.bureau.calls.count("query") == 1  # never repeated by the software


@pytest.mark.parametrize("failure", [NoCredit("Sem crédito."), BureauUnavailable("Fora do ar.", request_id="R-1")])
def test_query_that_was_not_executed_is_stored_with_the_reason_and_no_report(
    app: AppFixture, failure: BureauError
) -> None:
    app.bureau.fail_next("query", failure)
    with pytest.raises(type(failure)):
        app.query()
    (query,) = app.queries.list(ANA).items
    assert (query.status, query.cost, query.error_code) == (QueryStatus.FAILED, None, failure.code)
    assert query.protocol == failure.request_id
    with pytest.raises(Conflict):
        app.queries.export(ANA, query.id, ExportFormat.PDF)


def test_query_whose_process_died_expires_once_and_not_too_soon(app: AppFixture) -> None:
    class Killed(BaseException):
        pass

    def die(operation: str) -> None:
        if operation == "query":
            raise Killed

    app.bureau.after = die
    with pytest.raises(Killed):
        app.query()
    assert stored(app) == [QueryStatus.SENT]
    app.later(LOST_AFTER - timedelta(seconds=1))
    assert app.queries.expire_unanswered() == 0
    app.later(timedelta(seconds=2))
    assert app.queries.expire_unanswered() == 1
    assert app.queries.expire_unanswered() == 0
    (query,) = app.queries.list(ANA).items
    assert (query.status, query.error_code) == (QueryStatus.UNKNOWN, "resultado_desconhecido")
    assert "custo possível" in query.error_message


# ------------------------------------------------------------------------------------------------ the reuse window


def reusing(empty_app: AppFixture, mode: ReuseMode) -> str:
    empty_app.register(IntegrationSettings(reuse=ReuseWindow(30, mode)))
    first = empty_app.query()
    empty_app.later(timedelta(days=29))
    return first


def test_recent_answer_blocks_even_a_forced_query_in_block_mode(empty_app: AppFixture) -> None:
    first = reusing(empty_app, ReuseMode.BLOCK)
    for force in (False, True):
        with pytest.raises(RuleViolation, match=first):
            empty_app.query(force=force)
    assert len(stored(empty_app)) == 1


def test_recent_answer_is_overridden_by_force_in_warn_mode(empty_app: AppFixture) -> None:
    reusing(empty_app, ReuseMode.WARN)
    finding = empty_app.queries.check_reuse_window(ANA, empty_app.integration_id, "BASIC", CPF)
    assert finding is not None
    assert finding.code == "consulta_recente"
    with pytest.raises(RuleViolation) as warned:
        empty_app.query()
    assert warned.value.findings == (finding,)
    empty_app.query(force=True)
    assert len(stored(empty_app)) == 2


def test_recent_answer_gives_no_finding_in_allow_mode(empty_app: AppFixture) -> None:
    reusing(empty_app, ReuseMode.ALLOW)
    assert empty_app.queries.check_reuse_window(ANA, empty_app.integration_id, "BASIC", CPF) is None
    empty_app.query()


def test_reuse_window_is_of_one_document_and_product_and_ends(empty_app: AppFixture) -> None:
    reusing(empty_app, ReuseMode.BLOCK)
    empty_app.query(document=CNPJ_WITH_LETTERS)
    assert empty_app.queries.check_reuse_window(ANA, empty_app.integration_id, "SCORE", CPF) is None
    empty_app.later(timedelta(days=1))
    empty_app.query()


def test_failed_query_is_not_reused(empty_app: AppFixture) -> None:
    empty_app.register(IntegrationSettings(reuse=ReuseWindow(30, ReuseMode.BLOCK)))
    empty_app.bureau.fail_next("query", NoCredit("Sem crédito."))
    with pytest.raises(NoCredit):
        empty_app.query()
    empty_app.query()


# ------------------------------------------------------------------------------------------------ history, export


def test_history_lists_all_or_those_of_a_customer_or_document_newest_first(app: AppFixture) -> None:
    of_customer = app.query(customer_id="c1")
    app.later(timedelta(minutes=1))
    free = app.query()
    app.later(timedelta(minutes=1))
    company = app.query(document=CNPJ_WITH_LETTERS)

    def ids(wanted: QueryFilter = QueryFilter()) -> list[str]:
        return [query.id for query in app.queries.list(ANA, wanted).items]

    assert ids() == [company, free, of_customer]
    assert ids(QueryFilter(customer_id="c1")) == [of_customer]
    assert ids(QueryFilter(document="90010020055")) == [free, of_customer]
    first = app.queries.list(ANA, page=PageRequest(2))
    assert [query.id for query in app.queries.list(ANA, page=PageRequest(2, first.cursor)).items] == [of_customer]


def test_queries_of_another_creditor_do_not_exist_for_the_actor(app: AppFixture) -> None:
    query = app.query()
    assert not app.queries.list(ELSEWHERE).items
    with pytest.raises(NotFound):
        app.queries.get(ELSEWHERE, query)
    with pytest.raises(NotFound):
        app.queries.open(ELSEWHERE, query)
    assert app.acts(query) == ["query.run"]


def test_opening_a_report_costs_nothing_and_is_audited(app: AppFixture) -> None:
    query = app.query()
    app.queries.open(AUDITOR, query)
    assert app.bureau.calls.count("query") == 1
    assert [(entry.act, entry.actor_id) for entry in app.audit(query)] == [("query.run", "ana"), ("query.open", "rui")]


def test_pdf_export_is_the_stored_report_byte_for_byte(app: AppFixture) -> None:
    app.bureau.report = REPORT
    query = app.query()
    assert app.queries.export(ANA, query, ExportFormat.PDF) == REPORT.content
    assert app.acts(query)[-1] == "query.open"


def test_spreadsheet_of_a_ready_made_report_is_refused_with_the_reason(app: AppFixture) -> None:
    query = app.query()
    with pytest.raises(InvalidInput, match="não há dados para uma planilha") as refused:
        app.queries.export(ANA, query, ExportFormat.XLSX)
    assert refused.value.code == "exportacao_sem_dados"


def test_structured_answer_is_stored_and_its_export_is_not_available_yet(app: AppFixture) -> None:
    app.bureau.report = StructuredReport({"ocorrencias": [{"valor": "10.00"}], "nome": "MARIA"}, "P-3", 610)
    query = app.query()
    assert app.queries.open(ANA, query)[1] == app.bureau.report
    with pytest.raises(InvalidInput) as refused:
        app.queries.export(ANA, query, ExportFormat.PDF)
    assert refused.value.code == "exportacao_indisponivel"


def test_actor_without_permission_reads_no_history(app: AppFixture) -> None:
    query = app.query()
    blind = Actor("cego", "Cego", frozenset())
    for read in (lambda: app.queries.list(blind), lambda: app.queries.get(blind, query)):
        with pytest.raises(PermissionDenied):
            read()
    assert app.queries.get(SYSTEM, query).document == Cpf(CPF)
