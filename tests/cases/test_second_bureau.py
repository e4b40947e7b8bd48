"""A bureau whose codes nobody has seen before: products, natures and removal reasons come from its lists alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.application.negativations import NegativationRequest
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.products import ProductKind
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Observed
from credit_protection.testing import FakeClock, FakeErp, Tenant, make_tenant, sqlite_storage
from credit_protection.testing.simulator import BureauSimulator

ANA = Actor.with_role("ana", "Ana", "administrador")
TODAY = date(2026, 11, 24)
CODE_SETS = ("declared", "short", "numeric")
PAYMENT_CODES = {"declared": "PAGAMENTO", "short": "PG", "numeric": "03"}


class Provider:
    """An internet provider with one account at the simulated bureau: a customer `c1` (PF) and a company `c2` (PJ)."""

    def __init__(self, folder: Path, bureau: BureauSimulator) -> None:
        self.bureau = bureau
        self.erp = FakeErp()
        self.erp.add_customer("c1", "90010020055")
        self.erp.add_customer("c2", "99009000000110", name="PADARIA DE EXEMPLO LTDA", birth_date=None)
        for number, customer in enumerate(("c1", "c1", "c2"), 1):
            self.erp.add_invoice(f"i{number}", customer, date(2026, 10, 5))
        self.clock = FakeClock()
        self.tenant: Tenant = make_tenant(
            sqlite_storage(folder / "test.sqlite"),
            host=self.erp,
            gateways=[CreditoNaMedidaProvider()],
            clock=self.clock,
        )
        account = {"client_id": "demo-client", "client_secret": "demo-secret", "base_url": bureau.url}
        self.integration_id = self.tenant.integrations.register(
            ANA, gateway="credito_na_medida", description="Birô", creditor_id="1", parameters=account
        ).id

    def synchronise(self) -> list[str]:
        """The codes of what the bureau's lists lack."""
        result = self.tenant.integrations.synchronise(ANA, self.integration_id)
        return [finding.code for finding in result.findings]

    def nature_of(self, person_type: PersonType) -> str:
        natures = self.tenant.integrations.natures(ANA, self.integration_id)
        return next(each.code for each in natures if each.admits(person_type))

    def negativate(self, customer_id: str, invoice_id: str) -> Negativation:
        nature = self.nature_of(PersonType.PF if customer_id == "c1" else PersonType.PJ)
        request = NegativationRequest(self.integration_id, customer_id, [invoice_id], nature)
        (made,) = self.tenant.negativations.create(ANA, request)
        return made

    def pay(self, invoice_id: str) -> None:
        self.tenant.payments.record(SYSTEM, self.erp.pay(invoice_id, TODAY))

    def work(self, made: Negativation) -> Negativation:
        """Perform calls until none is due."""
        for _ in range(20):
            current = self.tenant.negativations.get(ANA, made.id)
            if not current.transmission.action.is_call or current.transmission.block is not None:
                return current
            self.clock.advance(max(current.transmission.due_at - self.clock.now(), timedelta(0)))
            self.tenant.transmissions.perform(made.id, "w1")
        raise AssertionError("a call is due after every call")

    def reason_at_bureau(self, made: Negativation) -> tuple[str, str | None]:
        record = self.bureau.record(self.tenant.negativations.get(ANA, made.id).bureau_id or "")
        return record["situacao"], record["motivo"]


@pytest.fixture
def bureau() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def provider(tmp_path: Path, bureau: BureauSimulator) -> Iterator[Provider]:
    made = Provider(tmp_path, bureau)
    yield made
    made.tenant.close()


@pytest.mark.parametrize("code_set", CODE_SETS)
def test_who_pays_leaves_every_bureau_with_the_true_reason(provider: Provider, code_set: str) -> None:
    provider.bureau.set_options(code_set=code_set)
    assert provider.synchronise() in ([], ["motivo_sem_codigo"])
    person, company = provider.negativate("c1", "i1"), provider.negativate("c2", "i3")
    assert [provider.work(one).observed for one in (person, company)] == [Observed.PRESENT] * 2
    provider.pay("i1")
    gone = provider.work(person)
    assert (gone.observed, gone.removal_reason) == (Observed.GONE, RemovalReason.PAYMENT)
    assert gone.removal_code == PAYMENT_CODES[code_set]
    assert provider.reason_at_bureau(person) == ("EXCLUSAO", PAYMENT_CODES[code_set])
    provider.tenant.negativations.delete(ANA, company.id)
    assert provider.work(company).observed is Observed.GONE
    requests = [each for each in provider.bureau.ledger()["requests"] if each["operation"] == "remove"]
    assert [each["outcome"] for each in requests] == ["ACEITA", "ACEITA"]


@pytest.mark.parametrize("code_set", CODE_SETS)
@pytest.mark.parametrize("reason", [reason for reason in RemovalReason if reason is not RemovalReason.PAYMENT])
def test_no_reason_of_ours_is_unknown_to_a_bureau(provider: Provider, code_set: str, reason: RemovalReason) -> None:
    provider.bureau.set_options(code_set=code_set)
    provider.synchronise()
    made = provider.negativate("c1", "i1")
    provider.work(made)
    provider.tenant.negativations.delete(ANA, made.id, reason=reason)
    gone = provider.work(made)
    assert (gone.observed, gone.removal_reason) == (Observed.GONE, reason)


@pytest.mark.parametrize("code_set", CODE_SETS)
def test_every_code_set_has_what_a_query_and_an_inclusion_need(provider: Provider, code_set: str) -> None:
    provider.bureau.set_options(code_set=code_set)
    provider.synchronise()
    kinds = {each.kind for each in provider.tenant.integrations.products(ANA, provider.integration_id)}
    assert kinds == set(ProductKind)
    assert provider.nature_of(PersonType.PF)
    assert provider.nature_of(PersonType.PJ)


@pytest.mark.parametrize("code_set", ["short", "numeric"])
def test_who_pays_leaves_although_the_bureau_changed_its_codes(provider: Provider, code_set: str) -> None:
    provider.synchronise()
    made = provider.negativate("c1", "i1")
    provider.work(made)
    provider.bureau.set_options(code_set=code_set)  # and nobody synchronised
    provider.pay("i1")
    waiting = provider.work(made)
    assert waiting.transmission.block is not None
    assert waiting.transmission.block.code == "motivo_desconhecido"
    assert waiting.refused_codes == ("PAGAMENTO", "OUTROS")
    provider.synchronise()  # nobody has to resume each one
    assert provider.work(made).observed is Observed.GONE
    assert provider.reason_at_bureau(made) == ("EXCLUSAO", PAYMENT_CODES[code_set])


def test_empty_lists_of_reasons_stop_inclusions_only(provider: Provider) -> None:
    provider.synchronise()
    made = provider.negativate("c1", "i1")
    provider.work(made)
    reasons = provider.bureau.catalogue()["motivos"]
    provider.bureau.set_catalogue(motivos=[])
    assert provider.synchronise() == ["motivos_nao_listados"]
    provider.bureau.set_catalogue(motivos=reasons)
    provider.pay("i1")
    assert provider.work(made).removal_code == "PAGAMENTO"


def test_bureau_that_never_listed_a_reason_takes_no_inclusion(provider: Provider) -> None:
    provider.bureau.set_catalogue(motivos=[])
    assert provider.synchronise() == ["motivos_nao_listados", "baixa_sem_motivo"]
    with pytest.raises(RuleViolation) as caught:
        provider.negativate("c1", "i1")
    assert [finding.code for finding in caught.value.findings] == ["baixa_sem_motivo"]


def test_removal_without_any_list_is_sent_with_the_gateways_own_code(provider: Provider) -> None:
    provider.bureau.set_catalogue(motivos=[])
    provider.synchronise()
    codes = {RemovalReason.PAYMENT: "PAGAMENTO", RemovalReason.CREDITOR_REQUEST: "SOLICITACAO_CREDOR"}
    provider.tenant.integrations.set_reasons(ANA, provider.integration_id, codes)
    made = provider.negativate("c1", "i1")
    provider.work(made)
    provider.bureau.set_options(code_set="declared")
    provider.tenant.negativations.delete(ANA, made.id, reason=RemovalReason.FRAUD)
    assert provider.work(made).removal_code == "FRAUDE"
