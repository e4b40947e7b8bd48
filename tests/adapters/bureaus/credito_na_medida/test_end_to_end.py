"""The gateway against the simulator, over real sockets: complete operations, and every fault of the simulator."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.adapters.bureaus.credito_na_medida.provider import CAPABILITIES, CreditoNaMedidaProvider
from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    RecordNotFound,
    RecordState,
    Rejected,
)
from credit_protection.domain.errors import (
    BureauError,
    BureauUnavailable,
    CredentialsRejected,
    InclusionStillProcessing,
    InvalidReport,
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.integrations import Environment
from credit_protection.domain.queries import DocumentReport
from credit_protection.testing.simulator import BureauSimulator
from tests.adapters.bureaus.credito_na_medida.samples import COMPANY, ID, inclusion, key, query, record_found, removal

SHORT_DEADLINE = replace(CAPABILITIES, call_deadline=timedelta(seconds=2))
Act = Callable[[CreditoNaMedidaGateway], object]


@pytest.fixture
def simulator() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=60) as one:
        yield one


@pytest.fixture
def gateway(simulator: BureauSimulator) -> Iterator[CreditoNaMedidaGateway]:
    one = opened(simulator)
    yield one
    one.close()


def opened(simulator: BureauSimulator, **parameters: str) -> CreditoNaMedidaGateway:
    given = {"client_id": "demo-client", "client_secret": "demo-secret", "base_url": simulator.url, **parameters}
    return CreditoNaMedidaProvider(SHORT_DEADLINE).create(given, Environment.PRODUCTION)


def requests(simulator: BureauSimulator, operation: str) -> int:
    return sum(request["operation"] == operation for request in simulator.ledger()["requests"])


def test_record_is_included_found_and_removed(simulator: BureauSimulator, gateway: CreditoNaMedidaGateway) -> None:
    assert gateway.find(key(None)) == RecordNotFound()
    assert gateway.include(inclusion()) == Accepted(ID)
    assert gateway.include(inclusion()) == Accepted(ID, repeated=True)
    assert gateway.find(key()) == record_found(RecordState.INCLUDING, ID)
    with pytest.raises(InclusionStillProcessing):
        gateway.remove(removal())
    simulator.advance(60)
    assert gateway.find(key(None)) == record_found(RecordState.PRESENT, ID)
    assert gateway.remove(removal()) == Accepted(ID)
    assert gateway.remove(removal()) == Accepted(ID, repeated=True)
    assert gateway.find(key()) == record_found(RecordState.REMOVING, ID)
    simulator.advance(60)
    assert gateway.find(key()) == record_found(RecordState.GONE, ID)
    assert gateway.remove(removal()) == Done(ExecutionResult.ALREADY_IN_EFFECT, ID)
    assert simulator.record(ID)["motivo"] == "PAGAMENTO"


def test_unknown_record_is_not_found_and_needs_no_removal(gateway: CreditoNaMedidaGateway) -> None:
    assert gateway.find(key("NEG99999999")) == RecordNotFound()
    assert gateway.remove(removal("NEG99999999")) == Done(ExecutionResult.NOT_FOUND)
    assert gateway.remove(removal(None)) == Done(ExecutionResult.NOT_FOUND)


def test_record_without_a_known_id_is_removed_by_its_natural_key(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway
) -> None:
    gateway.include(inclusion())
    simulator.advance(60)
    assert gateway.remove(removal(None)) == Accepted(ID)


@pytest.mark.parametrize("situation", ["include", "remove"])
def test_lookup_finds_a_rejection_during_processing(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway, situation: str
) -> None:
    simulator.add_fault(situation, "processing_error", message="sub judice")
    gateway.include(inclusion())
    simulator.advance(60)
    if situation == "include":
        assert gateway.find(key()) == record_found(RecordState.REJECTED, ID, "sub judice")
        assert gateway.remove(removal()) == Done(ExecutionResult.NOT_FOUND)
        return
    gateway.remove(removal())
    simulator.advance(60)
    assert gateway.find(key()) == record_found(RecordState.REMOVAL_REFUSED, ID, "sub judice")


def test_products_natures_and_reasons_come_from_the_bureau(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway
) -> None:
    catalogue = simulator.catalogue()
    assert [product.code for product in gateway.products()] == [entry["codigo"] for entry in catalogue["produtos"]]
    assert [nature.code for nature in gateway.natures()] == [entry["codigo"] for entry in catalogue["naturezas"]]
    assert [reason.code for reason in gateway.reasons()] == [entry["codigo"] for entry in catalogue["motivos"]]


@pytest.mark.parametrize("form", ["json", "form", "basic"])
def test_bureau_accepts_credentials_in_each_form(simulator: BureauSimulator, form: str) -> None:
    opened(simulator, credenciais=form).check()
    with pytest.raises(CredentialsRejected):
        opened(simulator, credenciais=form, client_secret="wrong").check()


@pytest.mark.parametrize("form", ["pdf", "base64", "url"])
def test_report_is_the_same_in_each_form(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway, form: str
) -> None:
    first = gateway.query(query())
    simulator.set_options(report_form=form)
    assert gateway.query(query()) == first
    assert isinstance(first, DocumentReport)
    assert first.protocol is not None


def test_report_on_another_origin_is_downloaded_if_allowed_and_without_the_token(simulator: BureauSimulator) -> None:
    simulator.set_options(report_form="other_origin")
    assert isinstance(opened(simulator, permitir_pdf_externo="sim").query(query()), DocumentReport)
    with pytest.raises(OutcomeUnknown):
        opened(simulator).query(query())
    assert simulator.counts()["tokens_leaked"] == 0


def test_query_without_credit_and_refused_query_have_their_errors(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway
) -> None:
    with pytest.raises(Refused) as caught:
        gateway.query(replace(query(), product_code="NONE"))
    assert caught.value.field == "produto"
    simulator.set_options(balance="0")
    with pytest.raises(NoCredit):
        gateway.query(query())


def test_nature_not_valid_for_the_person_is_rejected(gateway: CreditoNaMedidaGateway) -> None:
    receipt = gateway.include(inclusion(COMPANY))
    assert isinstance(receipt, Rejected)
    assert (receipt.code, receipt.field) == ("NATUREZA_NAO_ADMITE_PESSOA", "natureza")


def test_all_records_are_listed(simulator: BureauSimulator, gateway: CreditoNaMedidaGateway) -> None:
    debts = [
        {
            "documento": COMPANY.value,
            "contrato": f"OLD-{number}",
            "vencimento": "2026-01-05",
            "valor": "10.00",
            "natureza": "DUP",
        }
        for number in range(1203)
    ]
    simulator.add_records(debts)
    listed = list(gateway.list_records())
    assert [record.key.reference for record in listed] == [debt["contrato"] for debt in debts]


ACTS: dict[str, Act] = {
    "query": lambda gateway: gateway.query(query()),
    "include": lambda gateway: gateway.include(inclusion()),
    "remove": lambda gateway: gateway.remove(removal()),
}
FAULTS: list[tuple[str, dict[str, object], type[BureauError]]] = [
    ("rate_limited", {"retry_after": 7}, RateLimited),
    ("unavailable", {"retry_after": 7}, RateLimited),
    ("unavailable", {}, OutcomeUnknown),
    ("server_error", {"effect": True}, OutcomeUnknown),
    ("bad_gateway", {}, OutcomeUnknown),
    ("gateway_timeout", {"effect": True}, OutcomeUnknown),
    ("lost_reply", {}, OutcomeUnknown),
    ("cut", {}, OutcomeUnknown),
    ("delayed_effect", {"delay": 0.1}, OutcomeUnknown),
    ("garbage", {}, ProtocolError),
    ("garbage", {"effect": False}, ProtocolError),
]


@pytest.mark.parametrize("operation", ACTS)
@pytest.mark.parametrize(("kind", "details", "error"), FAULTS)
def test_faulty_answer_has_its_error_and_the_call_is_sent_once(
    simulator: BureauSimulator,
    gateway: CreditoNaMedidaGateway,
    operation: str,
    kind: str,
    details: dict[str, object],
    error: type[BureauError],
) -> None:
    if operation == "remove":
        gateway.include(inclusion())
        simulator.advance(60)
    simulator.add_fault(operation, kind, times=1, **details)
    with pytest.raises(error) as caught:
        ACTS[operation](gateway)
    assert isinstance(caught.value, error)
    assert type(caught.value) in {error, InvalidReport}
    if kind != "delayed_effect":
        assert requests(simulator, operation) == 1


@pytest.mark.parametrize("operation", ACTS)
def test_expired_token_is_renewed_and_the_call_repeated_once(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway, operation: str
) -> None:
    gateway.include(inclusion())
    simulator.advance(60)
    simulator.clear_ledger() if operation == "include" else None
    simulator.add_fault(operation, "expired_token", times=1)
    ACTS[operation](gateway)
    outcomes = [request["outcome"] for request in simulator.ledger()["requests"] if request["operation"] == operation]
    assert outcomes[-2] in {"TOKEN_EXPIRADO", "TOKEN_INVALIDO"}
    assert outcomes[-1] in {"ACEITA", "RESPONDIDA"}


def test_token_always_refused_is_reported_after_two_calls(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway
) -> None:
    simulator.add_fault("include", "expired_token")
    with pytest.raises(CredentialsRejected):
        gateway.include(inclusion())
    assert requests(simulator, "include") == 2


@pytest.mark.parametrize("operation", ACTS)
def test_trickling_bureau_is_cut_off_at_the_deadline(simulator: BureauSimulator, operation: str) -> None:
    gateway = opened(simulator, tempo_limite="1")
    gateway.include(inclusion())
    simulator.advance(60)
    simulator.add_fault(operation, "trickle", interval=0.05)
    start = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        ACTS[operation](gateway)
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("kind", ["html_instead_of_pdf", "empty_pdf", "truncated_pdf"])
@pytest.mark.parametrize("form", ["pdf", "base64", "url"])
def test_damaged_report_is_never_kept(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway, kind: str, form: str
) -> None:
    simulator.set_options(report_form=form)
    simulator.add_fault("query", kind)
    with pytest.raises(InvalidReport):
        gateway.query(query())
    assert requests(simulator, "query") == 1


def test_download_of_a_charged_report_is_retried(simulator: BureauSimulator, gateway: CreditoNaMedidaGateway) -> None:
    simulator.set_options(report_form="url")
    simulator.add_fault("report", "server_error", times=1)
    assert isinstance(gateway.query(query()), DocumentReport)
    simulator.add_fault("report", "reject", status=404, code="NAO_ENCONTRADA")
    with pytest.raises(OutcomeUnknown) as caught:
        gateway.query(query())
    assert caught.value.request_id is not None
    assert requests(simulator, "query") == 2


def test_lookup_is_retried_after_a_failure_of_the_bureau(
    simulator: BureauSimulator, gateway: CreditoNaMedidaGateway
) -> None:
    gateway.include(inclusion())
    simulator.add_fault("find", "lost_reply", times=1)
    simulator.add_fault("find", "unavailable", times=1)
    assert gateway.find(key()) == record_found(RecordState.INCLUDING, ID)


def test_bureau_that_is_down_means_not_sent_and_works_again_at_once(simulator: BureauSimulator) -> None:
    gateway = opened(simulator)
    gateway.check()
    simulator.stop()
    with pytest.raises(BureauUnavailable) as caught:
        gateway.include(inclusion())
    assert "Nada foi enviado" in caught.value.message
    simulator.start()
    assert gateway.include(inclusion()) == Accepted(ID)


def test_thirty_two_threads_include_each_record_once(simulator: BureauSimulator) -> None:
    gateway = opened(simulator)
    receipts: list[object] = []

    def include(number: int) -> None:
        receipts.append(gateway.include(inclusion(reference=f"FAT-{number}")))

    threads = [threading.Thread(target=include, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 32
    counts = simulator.counts()
    assert (counts["records"], counts["duplicates"], counts["repeated"]) == (32, 0, 0)
