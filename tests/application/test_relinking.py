"""An invoice that got another id, or is in another ERP now, is matched by a person; its old ledger keeps counting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.relinking import Relinking
from credit_protection.application.rereading import Rereading
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import Conflict, InvalidInput, NotFound, PermissionDenied, RuleViolation
from credit_protection.domain.events import EventKind
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import FORMER_ID, Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Desired
from credit_protection.ports.host import HostCapabilities
from tests.application.app import ANA, DAY, DUE, PRICE, TODAY
from tests.application.test_payments import payment

if TYPE_CHECKING:
    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

HOUR = timedelta(hours=1)
REMARK = "conferido com o boleto"


@pytest.fixture
def grouped_app(empty_app: AppFixture) -> AppFixture:
    empty_app.register(IntegrationSettings(grouped=True))
    return empty_app


def renumber(app: AppFixture, old: str = "i1", new: str = "n1", /, **changes: object) -> None:
    """The ERP gives the invoice another id, and possibly other values."""
    invoice = app.erp.invoices_by_id.pop(old)
    app.erp.invoices_by_id[new] = replace(invoice, id=new, number=f"NF-{new}", **changes)  # type: ignore[arg-type]


def migrate(app: AppFixture, code: str = "new-erp") -> None:
    """Another ERP takes the first one's place, with other ids for everything."""
    app.erp.code = code
    app.erp.customers_by_id = {f"x{key}": replace(each, id=f"x{key}") for key, each in app.erp.customers_by_id.items()}
    app.erp.invoices_by_id = {
        f"x{key}": replace(each, id=f"x{key}", customer_id=f"x{each.customer_id}", subscription_id=None)
        for key, each in app.erp.invoices_by_id.items()
    }
    app.erp.subscriptions_by_id.clear()


def relink(app: AppFixture, negativation: Negativation, **invoices: str) -> Negativation:
    return app.negativations.relink(ANA, negativation.id, invoices, REMARK)


def reread(app: AppFixture, after: timedelta = HOUR) -> None:
    app.later(after)
    Rereading(app.ports).reread_all()
    app.payments.apply()


def old_payment(app: AppFixture, host: str, invoice_id: str, cents: int | None = None, key: str = "late") -> None:
    """The old ERP's last event arrives."""
    amount = None if cents is None else Money(cents)
    entry = Settlement(key, invoice_id, SettlementKind.PAYMENT, TODAY, amount)
    with app.storage.unit() as unit:
        unit.settlements.record(host, entry, app.clock.now())
        unit.commit()


def follow(app: AppFixture) -> int:
    copied = Relinking(app.ports).follow()
    app.payments.apply()
    return copied


def test_renumbered_invoice_is_found_and_followed(app: AppFixture) -> None:
    included = app.included("i1")
    renumber(app)
    reread(app)
    reread(app, 2 * DAY)
    assert [each.code.value for each in app.divergences.list(ANA).items] == ["fatura_sem_leitura"]
    found = app.negativations.relink_candidates(ANA, included.id)
    assert {old: [each.invoice.id for each in matches] for old, matches in found.items()} == {"i1": ["n1"]}

    relinked = relink(app, included, i1="n1")
    (invoice,) = relinked.invoices
    assert (invoice.invoice_id, invoice.number) == ("n1", "NF-n1")
    assert (invoice.principal, invoice.amount) == (included.invoices[0].principal, included.invoices[0].amount)
    assert relinked.reference == included.reference
    reread(app)
    assert app.divergences.list(ANA).items == []
    app.paid("n1")
    app.payments.apply()
    assert app.get(included).desired is Desired.REMOVED


def test_it_is_audited_and_in_the_history(app: AppFixture) -> None:
    included = app.included("i1")
    renumber(app)
    relink(app, included, i1="n1")
    (entry,) = [each for each in app.audit(included.id) if each.act == "negativation.relink"]
    assert (entry.remark, entry.before["invoices"], entry.after["invoices"]) == (
        REMARK,
        "fake-erp/i1",
        "fake-erp/n1",
    )
    event = app.negativations.history(ANA, included.id)[-1]
    assert (event.kind, event.actor_id, event.cause) == (EventKind.RELINKED, "ana", REMARK)


def test_invoices_of_another_erp_are_linked_all_at_once(app: AppFixture) -> None:
    included = app.included("i1")
    migrate(app)
    relinked = relink(app, included, i1="xi1")
    assert (relinked.host, relinked.customer_id, relinked.subscription_id) == ("new-erp", "xc1", "")
    app.erp.set_status("xi1", InvoiceStatus.PAID, TODAY)
    reread(app)
    assert app.get(included).desired is Desired.REMOVED


def test_group_is_linked_whole_where_the_erp_changed(grouped_app: AppFixture) -> None:
    app = grouped_app
    included = app.included("i1", "i2")
    migrate(app)
    with pytest.raises(InvalidInput) as refusal:
        relink(app, included, i1="xi1")
    assert refusal.value.code == "falta_fatura"
    assert {each.invoice_id for each in relink(app, included, i1="xi1", i2="xi2").invoices} == {"xi1", "xi2"}


@pytest.mark.parametrize("is_migrated", [False, True])
@pytest.mark.parametrize("is_late", [False, True])
def test_old_ledger_keeps_counting(app: AppFixture, *, is_migrated: bool, is_late: bool) -> None:
    included = app.included("i1")
    host = app.erp.code
    old_payment(app, host, "i1", 60_00, "first")
    if is_migrated:
        migrate(app)
    else:
        renumber(app)
    new = "xi1" if is_migrated else "n1"
    if not is_late:
        old_payment(app, host, "i1", PRICE.cents - 60_00)
    relink(app, included, i1=new)
    if is_late:
        old_payment(app, host, "i1", PRICE.cents - 60_00)
        assert follow(app) == 1
    assert follow(app) == 0
    assert app.get(included).desired is Desired.REMOVED
    with app.storage.unit() as unit:
        unit.settlements.record(host, Reversal("late", "i1", TODAY), app.clock.now())
        unit.commit()
    assert follow(app) == 1
    assert app.get(included).desired is Desired.INCLUDED


def test_no_reading_undoes_what_the_old_ledger_says(app: AppFixture) -> None:
    """The new ERP shows the whole amount open: what was paid in the old one counts all the same."""
    app.erp.capabilities = HostCapabilities(settled_invoices=True, reversals=False)
    included = app.included("i1")
    app.payments.record(SYSTEM, payment("i1"))
    migrate(app)
    relink(app, included, i1="xi1")
    for _ in range(3):
        reread(app)
        assert app.get(included).desired is Desired.REMOVED
    with app.storage.read_only() as unit:
        (entry,) = unit.settlements.entries("new-erp", ["xi1"])
    assert entry.settlement_key.startswith(FORMER_ID)


def test_link_of_a_link_follows_the_first_ledger(app: AppFixture) -> None:
    included = app.included("i1")
    renumber(app)
    relink(app, included, i1="n1")
    renumber(app, "n1", "m1")
    relink(app, included, n1="m1")
    old_payment(app, app.erp.code, "i1")
    assert follow(app) + follow(app) >= 2
    assert app.get(included).desired is Desired.REMOVED


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"customer_id": "c2"}, "documento"),
        ({"due_date": DUE + 9 * DAY}, "vencimento"),
        ({"amount": Money(119_91)}, "valor"),
        ({"creditor_id": "2"}, "empresa"),
    ],
)
def test_invoice_that_differs_is_refused(app: AppFixture, changes: dict[str, object], word: str) -> None:
    included = app.included("i1")
    renumber(app, "i1", "n1", **changes)
    with pytest.raises(RuleViolation) as refusal:
        relink(app, included, i1="n1")
    assert refusal.value.code == "fatura_nao_confere"
    assert word in refusal.value.message
    assert app.negativations.relink_candidates(ANA, included.id) == {"i1": []}
    assert app.get(included) == included


def test_original_due_date_agrees_too(app: AppFixture) -> None:
    included = app.included("i1")
    renumber(app, due_date=DUE + 90 * DAY, original_due_date=DUE + DAY)
    assert relink(app, included, i1="n1").invoices[0].due_date == DUE + DAY


def test_invoice_of_another_open_negativation_is_refused(app: AppFixture) -> None:
    included = app.included("i1")
    kept = app.erp.invoices_by_id["i1"]
    renumber(app)
    second = app.negativate("n1")
    with pytest.raises(RuleViolation) as refusal:
        relink(app, included, i1="n1")
    assert refusal.value.code == "fatura_ja_negativada"
    app.negativations.delete(ANA, second.id)
    assert relink(app, included, i1="n1").invoices[0].invoice_id == "n1"
    app.erp.invoices_by_id["i1"] = kept
    assert app.negativate("i1").invoices[0].invoice_id == "i1"  # and its old id is free again


def test_invoice_that_the_erp_still_gives_is_not_replaced(app: AppFixture) -> None:
    included = app.included("i1")
    app.erp.invoices_by_id["n1"] = replace(app.erp.invoices_by_id["i1"], id="n1")
    assert app.negativations.relink_candidates(ANA, included.id) == {}
    with pytest.raises(RuleViolation) as refusal:
        relink(app, included, i1="n1")
    assert refusal.value.code == "fatura_existe"


def test_what_is_refused(app: AppFixture) -> None:
    included = app.included("i1")
    renumber(app)
    for invoices, remark, code in (
        ({"i1": "n1"}, "  ", "motivo_obrigatorio"),
        ({"i9": "n1"}, REMARK, "fatura_alheia"),
        ({}, REMARK, "fatura_alheia"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            app.negativations.relink(ANA, included.id, invoices, remark)
        assert refusal.value.code == code
    with pytest.raises(NotFound):
        relink(app, included, i1="n9")
    for actor, error in (
        (Actor.with_role("davi", "Davi", "atendente"), PermissionDenied),
        (replace(ANA, creditor_ids=frozenset({"2"})), NotFound),
    ):
        with pytest.raises(error):
            app.negativations.relink(actor, included.id, {"i1": "n1"}, REMARK)
        with pytest.raises(error):
            app.negativations.relink_candidates(actor, included.id)
    app.negativations.delete(ANA, included.id)
    app.work(included)
    with pytest.raises(Conflict):
        relink(app, included, i1="n1")


def test_two_invoices_are_not_linked_to_one(grouped_app: AppFixture) -> None:
    app = grouped_app
    included = app.included("i1", "i2")
    renumber(app)
    with pytest.raises(InvalidInput) as refusal:
        relink(app, included, i1="i2")
    assert refusal.value.code == "fatura_repetida"
