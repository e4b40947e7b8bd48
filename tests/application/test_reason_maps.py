"""The map of removal reasons of an integration, and what is sent from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credit_protection.domain.actors import Actor
from credit_protection.domain.errors import BureauUnavailable, InvalidInput, PermissionDenied, RuleViolation
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.reasons import BureauReason, ReasonCode, ReasonMap, RemovalReason
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Observed
from credit_protection.ports.storage import NegativationFilter
from tests.application.app import ANA, AppFixture

R = RemovalReason
SECOND_BUREAU = (
    BureauReason("PG", "Pagamento da dívida"),
    BureauReason("RN", "Renegociação"),
    BureauReason("OJ", "Ordem judicial"),
    BureauReason("SC", "Solicitação do credor"),
)
BLOCKED = NegativationFilter(blocked=True)


@pytest.fixture
def second(empty_app: AppFixture) -> AppFixture:
    """A tenant whose bureau has codes of its own."""
    empty_app.bureau.reason_catalogue = SECOND_BUREAU
    empty_app.register()
    return empty_app


def reasons_of(app: AppFixture) -> ReasonMap:
    return app.integrations.get(ANA, app.integration_id).reason_map


def forget_map(app: AppFixture, reasons: ReasonMap) -> None:
    """As a database from before the map was kept."""
    with app.storage.unit() as unit:
        unit.integrations.save(replace(unit.integrations.get(app.integration_id), reason_map=reasons))
        unit.commit()


def sent(app: AppFixture) -> list[str]:
    return [order.reason_code for order in app.bureau.removal_orders]


# ----------------------------------------------------------------------------------------------- synchronisation


def test_synchronisation_proposes_and_says_what_goes_by_the_fallback(second: AppFixture) -> None:
    assert {reason: each.code for reason, each in reasons_of(second).codes.items()} == {
        R.PAYMENT: "PG",
        R.RENEGOTIATION: "RN",
        R.CREDITOR_REQUEST: "SC",
        R.COURT_ORDER: "OJ",
    }
    (finding,) = second.integrations.synchronise(ANA, second.integration_id).findings
    assert finding.code == "motivo_sem_codigo"
    assert second.integrations.test(ANA, second.integration_id) == [finding]


def test_persons_code_stays_while_the_bureau_lists_it(second: AppFixture) -> None:
    after = second.integrations.set_reasons(ANA, second.integration_id, {R.DEATH: "OJ", R.PAYMENT: "SC"}, fallback="RN")
    assert after == reasons_of(second)
    entry = second.audit(second.integration_id)[-1]
    assert (entry.act, entry.actor_id) == ("integration.set_reasons", "ana")
    assert (entry.before["payment"], entry.after["payment"], entry.after["death"]) == ("PG", "SC", "OJ")
    assert (entry.before["fallback"], entry.after["fallback"]) == ("SC", "RN")
    second.integrations.synchronise(ANA, second.integration_id)
    assert reasons_of(second) == after
    second.bureau.reason_catalogue = SECOND_BUREAU[:2]
    second.integrations.synchronise(ANA, second.integration_id)
    assert reasons_of(second).codes[R.PAYMENT] == ReasonCode("PG")
    assert R.DEATH not in reasons_of(second).codes
    assert reasons_of(second).fallback == ReasonCode("RN", "ana")


def test_empty_synchronisation_keeps_map_and_list(second: AppFixture) -> None:
    before = reasons_of(second)
    second.bureau.reason_catalogue = ()
    findings = second.integrations.synchronise(ANA, second.integration_id).findings
    assert [finding.code for finding in findings] == ["motivos_nao_listados", "motivo_sem_codigo"]
    assert reasons_of(second) == before
    assert second.integrations.reasons(ANA, second.integration_id) == list(SECOND_BUREAU)


def test_unlisted_code_and_missing_permission_change_nothing(second: AppFixture) -> None:
    before = reasons_of(second)
    with pytest.raises(InvalidInput, match="PG, RN, OJ, SC"):
        second.integrations.set_reasons(ANA, second.integration_id, {R.PAYMENT: "PAGAMENTO"})
    attendant = Actor.with_role("davi", "Davi", "atendente")
    with pytest.raises(PermissionDenied):
        second.integrations.set_reasons(attendant, second.integration_id, {R.PAYMENT: "SC"})
    assert reasons_of(second) == before


# --------------------------------------------------------------------------------------------------- inclusions


@pytest.mark.parametrize("listed", [SECOND_BUREAU[1:], SECOND_BUREAU[:3], ()])
def test_nothing_is_included_that_could_not_be_removed(empty_app: AppFixture, listed: tuple[BureauReason, ...]) -> None:
    empty_app.bureau.reason_catalogue = listed
    empty_app.register()
    with pytest.raises(RuleViolation) as caught:
        empty_app.negativate("i1")
    assert "baixa_sem_motivo" in [finding.code for finding in caught.value.findings]
    assert "baixa_sem_motivo" in [one.code for one in empty_app.integrations.test(ANA, empty_app.integration_id)]


def test_reason_that_went_missing_cancels_before_sending(second: AppFixture) -> None:
    made = second.negativate("i1")
    second.bureau.reason_catalogue = SECOND_BUREAU[1:]
    second.integrations.synchronise(ANA, second.integration_id)
    second.perform(made)
    cancelled = second.get(made)
    assert cancelled.is_closed
    assert [trigger.cause for trigger in cancelled.triggers] == [RemovalCause.GUARD]
    assert "motivo de baixa pagamento" in cancelled.triggers[0].note
    assert "include" not in second.bureau.calls


def test_gateway_without_synchronised_reasons_needs_none(empty_app: AppFixture) -> None:
    empty_app.bureau.capabilities = replace(empty_app.bureau.capabilities, nature_sync=False)
    empty_app.register()
    assert empty_app.integrations.test(ANA, empty_app.integration_id) == []
    with pytest.raises(RuleViolation) as caught:  # it has no natures either; a plugin's gateway gives them otherwise
        empty_app.negativate("i1")
    assert [finding.code for finding in caught.value.findings] == ["natureza_desconhecida"]


# ----------------------------------------------------------------------------------------------------- removals


def test_mapped_code_is_sent_and_kept(second: AppFixture) -> None:
    made = second.included("i1")
    second.paid("i1")
    gone = second.work(made)
    assert (gone.observed, gone.removal_reason, gone.removal_code) == (Observed.GONE, R.PAYMENT, "PG")
    assert sent(second) == ["PG"]
    claims = [one for one in second.negativations.history(ANA, made.id) if one.detail.get("action") == "remove"]
    assert [one.detail["reason_code"] for one in claims] == ["PG"]


def test_reason_without_a_code_goes_by_the_fallback(second: AppFixture) -> None:
    made = second.included("i1")
    second.negativations.delete(ANA, made.id, reason=R.DEATH)
    assert second.work(made).removal_code == "SC"


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (ReasonMap(), ""),
        (ReasonMap(listed=("OJ", "PG")), "OJ"),
        (ReasonMap(("OJ", "PG"), {R.PAYMENT: ReasonCode("PG")}), "PG"),
        (ReasonMap(("OJ", "PG"), {}, ReasonCode("SC")), "SC"),
    ],
)
def test_missing_map_blocks_no_removal(second: AppFixture, reasons: ReasonMap, expected: str) -> None:
    made = second.included("i1")
    forget_map(second, reasons)
    second.paid("i1")
    assert second.work(made).observed is Observed.GONE
    assert sent(second) == [expected]


def test_declared_hint_is_sent_where_nothing_was_listed(empty_app: AppFixture) -> None:
    hints = {R.PAYMENT: "payment"}
    empty_app.bureau.capabilities = replace(empty_app.bureau.capabilities, reason_hints=hints)
    empty_app.register()
    made = empty_app.included("i1")
    forget_map(empty_app, ReasonMap())
    empty_app.paid("i1")
    assert empty_app.work(made).removal_code == "payment"


def test_unknown_code_is_followed_by_the_fallback_and_the_first_listed(second: AppFixture) -> None:
    made = second.included("i1")
    second.integrations.set_reasons(ANA, second.integration_id, {R.PAYMENT: "RN"})
    second.bureau.reason_catalogue = (SECOND_BUREAU[0],)  # the bureau changed its list, and nobody synchronised
    second.paid("i1")
    gone = second.work(made)
    assert sent(second) == ["RN", "SC", "PG"]
    assert (gone.observed, gone.removal_code) == (Observed.GONE, "PG")
    assert second.event_kinds(made).count("removal_refused") == 2


def test_transient_failure_between_codes_makes_none_sent_twice(second: AppFixture) -> None:
    made = second.included("i1")
    second.bureau.reason_catalogue = (BureauReason("OJ", ""),)
    forget_map(second, ReasonMap(("OJ",), {R.PAYMENT: ReasonCode("PG")}, ReasonCode("SC")))
    second.paid("i1")
    second.perform(made)
    second.bureau.fail_next("remove", BureauUnavailable("Fora do ar."))
    assert second.work(made).observed is Observed.GONE
    assert sent(second) == ["PG", "SC", "OJ"]


def blocked(app: AppFixture, *invoice_ids: str) -> list[Negativation]:
    """Removals that wait for a person, since the bureau knows none of the codes."""
    made = [app.included(each) for each in invoice_ids]
    app.bureau.reason_catalogue = (BureauReason("01", "PAGAMENTO"), BureauReason("02", "PEDIDO DO CREDOR"))
    for one, invoice_id in zip(made, invoice_ids, strict=True):
        app.paid(invoice_id)
        app.work(one)
    return made


def test_person_is_asked_after_each_code_was_tried_once(second: AppFixture) -> None:
    (made,) = blocked(second, "i1")
    assert sent(second) == ["PG", "SC"]
    waiting = second.get(made)
    assert waiting.refused_codes == ("PG", "SC")
    assert waiting.transmission.block is not None
    assert waiting.transmission.block.code == "motivo_desconhecido"
    assert waiting.transmission.deadline is not None


def test_synchronisation_or_a_persons_map_resumes_what_waits_for_it(second: AppFixture) -> None:
    made = blocked(second, "i1", "i2", "i3")
    second.negativations.resume(ANA, made[2].id)
    second.negativations.stop_trying(ANA, made[2].id, "conferir")
    second.integrations.synchronise(ANA, second.integration_id)
    (stopped,) = second.negativations.list(ANA, BLOCKED).items
    assert stopped.id == made[2].id
    for one in made[:2]:
        assert (second.work(one).observed, second.get(one).removal_code) == (Observed.GONE, "01")
    second.negativations.resume(ANA, made[2].id)
    assert second.work(made[2]).removal_code == "01"


def test_settings_of_an_integration_are_not_touched_by_its_map(second: AppFixture) -> None:
    second.integrations.edit(ANA, second.integration_id, settings=IntegrationSettings(grouped=True))
    assert reasons_of(second).codes[R.PAYMENT] == ReasonCode("PG")
    second.integrations.set_reasons(ANA, second.integration_id, fallback="RN")
    assert second.integrations.get(ANA, second.integration_id).settings.grouped
