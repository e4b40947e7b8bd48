"""Credit queries: paid once, kept as received, never repeated by the software."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.application.queries import LOST_AFTER
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
from credit_protection.domain.integrations import ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.queries import (
    PDF,
    DocumentReport,
    ExportFormat,
    Purpose,
    QueryStatus,
    StructuredReport,
)
from credit_protection.ports.storage import Page
from credit_protection.testing.fakes import FakeBureau
from tests.application.desk import ANA, CNPJ_WITH_LETTERS, CPF, Desk

if TYPE_CHECKING:
    from credit_protection.domain.errors import (
        BureauError,
    )

REPORT = DocumentReport(b"%PDF-1.7\n" + bytes(range(256)) * 3 + b"\r\n\x00%%EOF\n", PDF, "PROT-9")
ELSEWHERE = replace(ANA, id="eva", creditor_ids=frozenset({"2"}))
AUDITOR = Actor.with_role("rui", "Rui", "auditor")


def stored(desk: Desk) -> list[QueryStatus]:
    return [query.status for query in desk.queries.list(ANA).items]


# ------------------------------------------------------------------------------------------------ asking


def test_an_answer_is_kept_byte_for_byte_with_its_particulars(shop: Desk) -> None:
    shop.bureau.report = REPORT
    answered = shop.queries.run(
        ANA,
        integration_id=shop.integration_id,
        product_code="BASIC",
        document="900.100.200-55",
        customer_id="c1",
        purpose=Purpose.COLLECTION,
    )
    assert answered.status is QueryStatus.ANSWERED
    assert (answered.actor_id, answered.purpose, answered.cost) == ("ana", Purpose.COLLECTION, Money(250))
    assert (answered.protocol, answered.media_type) == ("PROT-9", PDF)
    assert (answered.size, answered.sha256) == (REPORT.size, REPORT.sha256)

    query, report = shop.queries.open(ANA, answered.id)
    assert query == answered
    assert report == REPORT
    assert shop.bureau.calls.count("query") == 1
    assert shop.listeners.queries == [answered]


def test_the_trail_masks_the_document(shop: Desk) -> None:
    query = shop.query()
    (entry,) = shop.audit(query)
    assert (entry.act, entry.actor_id, entry.creditor_id) == ("query.run", "ana", "1")
    assert entry.after == {"document": "***.100.200-**", "product": "BASIC", "purpose": "credit_granting"}
    assert CPF not in repr(entry)


def test_a_product_gets_the_inputs_that_it_needs(shop: Desk) -> None:
    def run(inputs: dict[str, str]) -> None:
        shop.queries.run(ANA, integration_id=shop.integration_id, product_code="SCORE", document=CPF, inputs=inputs)

    with pytest.raises(InvalidInput) as missing:
        run({})
    assert (missing.value.code, missing.value.field) == ("insumo_obrigatorio", "model")
    run({"model": "V8"})
    assert shop.queries.list(ANA).items[0].inputs == {"model": "V8"}


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
def test_what_is_wrong_is_refused_before_it_costs_and_leaves_no_record(
    shop: Desk, changes: dict[str, object], code: str
) -> None:
    trail = shop.acts()
    given = {"integration_id": shop.integration_id, "product_code": "BASIC", "document": CPF, **changes}
    with pytest.raises(InvalidInput) as refused:
        shop.queries.run(ANA, **given)  # type: ignore[arg-type] # wrong on purpose
    assert refused.value.code == code
    assert not stored(shop)
    assert shop.acts() == trail
    assert "query" not in shop.bureau.calls


def test_a_product_that_was_taken_off_is_refused(shop: Desk) -> None:
    shop.integrations.remove_products(ANA, shop.integration_id, ["BASIC"])
    with pytest.raises(InvalidInput) as refused:
        shop.query()
    assert refused.value.code == "produto_indisponivel"


@pytest.mark.parametrize("takes_letters", [True, False])
def test_a_cnpj_with_letters_is_refused_early_where_the_bureau_does_not_take_it(
    desk: Desk, *, takes_letters: bool
) -> None:
    bureau = FakeBureau(Capabilities(Registry.SPC, alphanumeric_cnpj=takes_letters))
    shop = Desk(desk.storage, bureau)
    shop.register()
    if takes_letters:
        shop.query(document=CNPJ_WITH_LETTERS)
        assert stored(shop) == [QueryStatus.ANSWERED]
        return
    with pytest.raises(InvalidInput) as refused:
        shop.query(document=CNPJ_WITH_LETTERS)
    assert refused.value.code == "cnpj_alfanumerico"
    assert not stored(shop)


def test_who_may_not_query_is_told_so_and_nothing_is_asked(shop: Desk) -> None:
    with pytest.raises(PermissionDenied):
        shop.queries.run(AUDITOR, integration_id=shop.integration_id, product_code="NONE", document=CPF)
    with pytest.raises(NotFound):
        shop.queries.run(ELSEWHERE, integration_id=shop.integration_id, product_code="BASIC", document=CPF)
    assert not stored(shop)


def test_a_gateway_that_can_not_be_opened_leaves_no_query_behind(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost_key(_: str) -> str:
        raise ConfigurationError("A chave mudou.")

    trail = shop.acts()
    fresh = Desk(shop.storage, shop.bureau)  # another process: no gateway is open yet
    monkeypatch.setattr(fresh.tenant.vault, "open", lost_key)
    fresh.integration_id = shop.integration_id
    with pytest.raises(ConfigurationError):
        fresh.query()
    assert not stored(shop)
    assert shop.acts() == trail


# ------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    "lost", [OutcomeUnknown("A resposta se perdeu."), ProtocolError("Resposta estranha."), InvalidReport("Cortado.")]
)
def test_a_lost_or_unreadable_answer_is_stored_as_unknown_perhaps_paid(shop: Desk, lost: BureauError) -> None:
    shop.bureau.fail_next("query", lost, executed=True)
    with pytest.raises(type(lost)) as told:
        shop.query()
    (query,) = shop.queries.list(ANA).items
    assert told.value.context["query_id"] == query.id
    assert (query.status, query.cost) == (QueryStatus.UNKNOWN, Money(250))
    assert (query.error_code, query.error_message) == (lost.code, lost.message)
    assert shop.listeners.queries == [query]
    with pytest.raises(NotFound):
        shop.queries.open(ANA, query.id)
    assert shop.bureau.calls.count("query") == 1  # never repeated by the software


@pytest.mark.parametrize("failure", [NoCredit("Sem crédito."), BureauUnavailable("Fora do ar.", request_id="R-1")])
def test_a_query_that_was_not_executed_is_stored_with_the_reason_and_no_report(
    shop: Desk, failure: BureauError
) -> None:
    shop.bureau.fail_next("query", failure)
    with pytest.raises(type(failure)):
        shop.query()
    (query,) = shop.queries.list(ANA).items
    assert (query.status, query.cost, query.error_code) == (QueryStatus.FAILED, None, failure.code)
    assert query.protocol == failure.request_id
    with pytest.raises(Conflict):
        shop.queries.export(ANA, query.id, ExportFormat.PDF)


def test_a_query_whose_process_died_becomes_unknown_once_and_not_too_soon(shop: Desk) -> None:
    class Killed(BaseException):
        pass

    def die(operation: str) -> None:
        if operation == "query":
            raise Killed

    shop.bureau.after = die
    with pytest.raises(Killed):
        shop.query()
    assert stored(shop) == [QueryStatus.SENT]
    shop.later(LOST_AFTER - timedelta(seconds=1))
    assert shop.queries.give_up_lost() == 0
    shop.later(timedelta(seconds=2))
    assert shop.queries.give_up_lost() == 1
    assert shop.queries.give_up_lost() == 0
    (query,) = shop.queries.list(ANA).items
    assert (query.status, query.error_code) == (QueryStatus.UNKNOWN, "resultado_desconhecido")
    assert "custo possível" in query.error_message


# ------------------------------------------------------------------------------------------------ the reuse window


def reusing(desk: Desk, mode: ReuseMode) -> str:
    desk.register(IntegrationSettings(reuse=ReuseWindow(30, mode)))
    first = desk.query()
    desk.later(timedelta(days=29))
    return first


def test_a_newer_answer_blocks_where_the_integration_says_so_even_for_who_insists(desk: Desk) -> None:
    first = reusing(desk, ReuseMode.BLOCK)
    for insist in (False, True):
        with pytest.raises(RuleViolation, match=first):
            desk.query(insist=insist)
    assert len(stored(desk)) == 1


def test_a_warning_is_passed_by_who_insists(desk: Desk) -> None:
    reusing(desk, ReuseMode.WARN)
    finding = desk.queries.reuse(ANA, desk.integration_id, "BASIC", CPF)
    assert finding is not None
    assert finding.code == "consulta_recente"
    with pytest.raises(RuleViolation) as warned:
        desk.query()
    assert warned.value.findings == (finding,)
    desk.query(insist=True)
    assert len(stored(desk)) == 2


def test_where_it_is_allowed_nothing_is_said(desk: Desk) -> None:
    reusing(desk, ReuseMode.ALLOW)
    assert desk.queries.reuse(ANA, desk.integration_id, "BASIC", CPF) is None
    desk.query()


def test_the_window_is_of_one_document_and_product_and_it_ends(desk: Desk) -> None:
    reusing(desk, ReuseMode.BLOCK)
    desk.query(document=CNPJ_WITH_LETTERS)
    assert desk.queries.reuse(ANA, desk.integration_id, "SCORE", CPF) is None
    desk.later(timedelta(days=1))
    desk.query()


def test_a_failed_query_is_no_answer_to_reuse(desk: Desk) -> None:
    desk.register(IntegrationSettings(reuse=ReuseWindow(30, ReuseMode.BLOCK)))
    desk.bureau.fail_next("query", NoCredit("Sem crédito."))
    with pytest.raises(NoCredit):
        desk.query()
    desk.query()


# ------------------------------------------------------------------------------------------------ history, export


def test_the_history_is_of_all_of_a_customer_or_of_a_document_newest_first(shop: Desk) -> None:
    of_customer = shop.query(customer_id="c1")
    shop.later(timedelta(minutes=1))
    free = shop.query()
    shop.later(timedelta(minutes=1))
    company = shop.query(document=CNPJ_WITH_LETTERS)

    def ids(**wanted: str) -> list[str]:
        return [query.id for query in shop.queries.list(ANA, **wanted).items]  # type: ignore[arg-type] # by name

    assert ids() == [company, free, of_customer]
    assert ids(customer_id="c1") == [of_customer]
    assert ids(document="900.100.200-55") == [free, of_customer]
    first = shop.queries.list(ANA, page=Page(2))
    assert [query.id for query in shop.queries.list(ANA, page=Page(2, first.cursor)).items] == [of_customer]


def test_another_creditors_queries_do_not_exist_for_the_actor(shop: Desk) -> None:
    query = shop.query()
    assert not shop.queries.list(ELSEWHERE).items
    with pytest.raises(NotFound):
        shop.queries.get(ELSEWHERE, query)
    with pytest.raises(NotFound):
        shop.queries.open(ELSEWHERE, query)
    assert shop.acts(query) == ["query.run"]


def test_opening_an_answer_costs_nothing_and_is_logged(shop: Desk) -> None:
    query = shop.query()
    shop.queries.open(AUDITOR, query)
    assert shop.bureau.calls.count("query") == 1
    assert [(entry.act, entry.actor_id) for entry in shop.audit(query)] == [("query.run", "ana"), ("query.open", "rui")]


def test_an_export_to_pdf_is_byte_for_byte_what_came(shop: Desk) -> None:
    shop.bureau.report = REPORT
    query = shop.query()
    assert shop.queries.export(ANA, query, ExportFormat.PDF) == REPORT.content
    assert shop.acts(query)[-1] == "query.open"


def test_a_spreadsheet_of_a_ready_made_report_is_refused_with_the_reason(shop: Desk) -> None:
    query = shop.query()
    with pytest.raises(InvalidInput, match="não há dados para uma planilha") as refused:
        shop.queries.export(ANA, query, ExportFormat.XLSX)
    assert refused.value.code == "exportacao_sem_dados"


def test_a_structured_answer_is_kept_and_its_export_says_that_it_is_to_come(shop: Desk) -> None:
    shop.bureau.report = StructuredReport({"ocorrencias": [{"valor": "10.00"}], "nome": "MARIA"}, "P-3", 610)
    query = shop.query()
    assert shop.queries.open(ANA, query)[1] == shop.bureau.report
    with pytest.raises(InvalidInput) as refused:
        shop.queries.export(ANA, query, ExportFormat.PDF)
    assert refused.value.code == "exportacao_indisponivel"


def test_who_may_not_read_the_history_reads_none(shop: Desk) -> None:
    query = shop.query()
    blind = Actor("cego", "Cego", frozenset())
    for read in (lambda: shop.queries.list(blind), lambda: shop.queries.get(blind, query)):
        with pytest.raises(PermissionDenied):
            read()
    assert shop.queries.get(SYSTEM, query).document == Cpf(CPF)
