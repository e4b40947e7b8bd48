"""Day one: what was at the bureau before is taken over, once, and leaves on payment like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.adoption import BATCH_SIZE
from credit_protection.application.rereading import Rereading
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.adoption_assessment import ExtractRow, Verdict
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.documents import Cpf
from credit_protection.domain.errors import BureauUnavailable, Conflict, PermissionDenied, ProtocolError, RuleViolation
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalPolicy
from credit_protection.domain.requests import InclusionOrder
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.statuses import Status, status
from credit_protection.testing.fakes import FakeRecord
from tests.application.app import ANA, CPF, DAY, DUE, MANY, PRICE, TODAY
from tests.application.test_payments import payment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.domain.adoption import AdoptionSummary
    from credit_protection.domain.adoption_assessment import Assessment
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import UnitOfWork
    from tests.application.app import AppFixture

ROW = ExtractRow(2, CPF, "MARIA", "contrato 77/2020", DUE + DAY, PRICE, RecordState.PRESENT)


@dataclass
class Rows:
    """`ports.extracts.Extract` in memory."""

    given: list[ExtractRow]
    is_operation_log: bool = False
    name: str = "extrato"
    failure: Exception | None = None

    def rows(self) -> Iterator[ExtractRow]:
        yield from self.given
        if self.failure is not None:
            raise self.failure


def adopt(
    app: AppFixture, *rows: ExtractRow, without_invoice: bool = False, is_operation_log: bool = False
) -> AdoptionSummary:
    source = Rows(list(rows), is_operation_log)
    return app.adoption.adopt(ANA, app.integration_id, source, without_invoice=without_invoice)


def stored(app: AppFixture) -> list[Negativation]:
    return list(reversed(app.negativations.list(ANA, page=MANY).items))


def counts(summary: AdoptionSummary) -> dict[str, int]:
    return {verdict.value: count for verdict, count in summary.by_verdict.items() if count}


def at_the_bureau(app: AppFixture, reference: str, invoice_id: str) -> FakeRecord:
    """A record that an earlier system included."""
    bill, client = app.erp.invoices_by_id[invoice_id], app.erp.customers_by_id["c1"]
    order = InclusionOrder(
        Cpf(CPF), client.name, None, client.address, "", "", app.erp.creditor.document, reference, "DEV",
        bill.due_date, bill.amount,
    )  # fmt: skip
    record = FakeRecord(order, f"B{len(app.bureau.records) + 1}", RecordState.PRESENT)
    app.bureau.records.append(record)
    return record


def test_adopted_record_is_removed_when_it_is_paid(app: AppFixture) -> None:
    record = at_the_bureau(app, "contrato 77/2020", "i1")
    source = app.adoption.bureau_list(ANA, app.integration_id)
    assert counts(app.adoption.adopt(ANA, app.integration_id, source)) == {"adopted": 1}
    (made,) = stored(app)
    assert (made.observed, made.desired, made.is_adopted) == (Observed.PRESENT, Desired.INCLUDED, True)
    assert (made.reference, made.bureau_id, made.requested_by) == ("contrato 77/2020", "B1", "ana")
    assert status(made, TODAY) is Status.NEGATIVATED
    assert app.event_kinds(made) == ["adopted"]
    assert app.acts(made.id) == ["negativation.adopt"]
    with app.storage.read_only() as unit:
        assert unit.negativations.request(made.request_id).actor_id == "ana"
    app.paid("i1")
    gone = app.work(made)
    assert (gone.observed, record.state) == (Observed.GONE, RecordState.GONE)
    assert [order.reason for order in app.bureau.removal_orders] == [RemovalReason.PAYMENT]
    assert "include" not in app.bureau.calls


@pytest.mark.parametrize("is_recorded", [False, True])
def test_record_of_a_paid_invoice_goes_to_the_removal_queue_at_once(app: AppFixture, is_recorded: bool) -> None:
    at_the_bureau(app, "contrato 77/2020", "i1")
    if is_recorded:
        app.paid("i1")
    else:
        app.erp.set_status("i1", InvoiceStatus.PAID, TODAY - 20 * DAY)
    assert counts(adopt(app, ROW)) == {"adopted_for_removal": 1}
    (made,) = stored(app)
    assert (made.desired, made.transmission.action) == (Desired.REMOVED, Action.LOOK_UP)  # a file is not believed
    assert made.transmission.deadline is not None
    assert (made.transmission.deadline < TODAY) is not is_recorded
    assert app.event_kinds(made) == ["adopted", "removal_wanted"]
    adoption, removal = app.audit(made.id)
    assert (adoption.act, adoption.actor_id, adoption.after["desired"]) == ("negativation.adopt", "ana", "removed")
    assert (removal.act, removal.actor_id, removal.creditor_id) == ("removal.request", "system", "1")
    (recorded,) = [entry for entry in app.audit() if entry.act == "payment.record"]
    assert (recorded.actor_id, recorded.after) == ("system", {"invoice": "i1"})
    assert recorded.remark == ("" if is_recorded else "lida do ERP")
    assert app.queue.woken[-1] is None
    app.sweep.run()
    assert app.work(made).observed is Observed.GONE


def test_payment_known_only_to_the_ledger_removes_too(app: AppFixture) -> None:
    app.paid("i1")
    app.erp.set_status("i1", InvoiceStatus.OPEN)
    assert counts(adopt(app, ROW)) == {"adopted": 1}
    assert stored(app)[0].desired is Desired.REMOVED


def test_record_that_only_a_file_told_of_and_the_bureau_does_not_find_is_never_told_as_removed(app: AppFixture) -> None:
    """A spreadsheet dropped the zeros of its contract number: it stands at the bureau under another key."""
    adopt(app, ROW)
    (made,) = stored(app)
    assert (made.known_at, made.is_unconfirmed) == (None, True)
    app.paid("i1")
    asked = app.work(made)
    assert (asked.observed, asked.is_closed) == (Observed.PRESENT, False)
    assert asked.transmission.block is not None
    assert asked.transmission.block.code == "nao_encontrada"


def test_adopting_twice_is_adopting_once(app: AppFixture) -> None:
    at_the_bureau(app, ROW.reference, "i1")
    adopt(app, ROW)
    before = stored(app)
    assert counts(adopt(app, ROW, replace(ROW, line=3))) == {"already_known": 2}
    assert stored(app) == before
    app.paid("i1")
    app.work(before[0])
    summary = adopt(app, ROW)
    assert counts(summary) == {"already_known": 1}
    assert summary.by_code == {"encerrada_mas_consta": 1}


def test_records_of_one_contract_are_distinguished_by_due_date(app: AppFixture) -> None:
    rows = [replace(ROW, line=number, due_date=DUE + number * DAY) for number in (1, 2, 3)]
    assert counts(adopt(app, *rows)) == {"adopted": 3}
    assert [made.reference for made in stored(app)] == ["contrato 77/2020"] * 3
    assert counts(adopt(app, *rows)) == {"already_known": 3}


def test_own_records_are_already_known(app: AppFixture) -> None:
    app.included("i1")
    source = app.adoption.bureau_list(ANA, app.integration_id)
    assert counts(app.adoption.adopt(ANA, app.integration_id, source)) == {"already_known": 1}


def test_invoice_is_adopted_once(app: AppFixture) -> None:
    twin = replace(ROW, line=3, reference="another")
    assert counts(adopt(app, ROW, twin)) == {"adopted": 1, "refused": 1}
    assert counts(adopt(app, twin)) == {"refused": 1}
    with pytest.raises(RuleViolation):
        app.negativate("i1")


def test_preview_gives_the_same_verdicts_and_stores_nothing(app: AppFixture) -> None:
    rows = [
        ROW,
        replace(ROW, line=3),
        replace(ROW, line=4, reference="another"),
        replace(ROW, line=5, document="11144477735"),
        replace(ROW, line=6, due_date=TODAY),
        replace(ROW, line=7, state=RecordState.GONE),
    ]
    seen: list[Assessment] = []
    preview = app.adoption.preview(ANA, app.integration_id, Rows(rows), report=seen.append)
    assert [each.verdict for each in seen] == [
        Verdict.ADOPTED,
        Verdict.ALREADY_KNOWN,
        Verdict.REFUSED,
        Verdict.REFUSED,
        Verdict.REFUSED,
        Verdict.NOT_AT_BUREAU,
    ]
    assert stored(app) == []
    assert adopt(app, *rows) == preview


def test_operation_log_gives_a_removal_in_a_row_of_its_own(app: AppFixture) -> None:
    included = replace(ROW, operated_at=TODAY - DAY)
    removal = replace(ROW, line=9, state=RecordState.GONE, operated_at=TODAY)
    assert counts(adopt(app, removal, included, is_operation_log=True)) == {"not_at_bureau": 2}
    assert counts(adopt(app, ROW, replace(removal, operated_at=None))) == {"adopted": 1, "not_at_bureau": 1}


def test_newest_operation_by_date_decides_and_rows_without_a_date_are_refused(app: AppFixture) -> None:
    included, removed = replace(ROW, line=2), replace(ROW, line=3, state=RecordState.GONE)
    app.bureau.fail_next("find", BureauUnavailable("fora do ar"))
    summary = adopt(app, included, removed, is_operation_log=True)
    assert counts(summary) == {"refused": 1, "not_at_bureau": 1}
    assert summary.by_code["ordem_desconhecida"] == 1
    again = replace(ROW, line=4, operated_at=TODAY)
    dated = [replace(row, operated_at=TODAY - (5 - row.line) * DAY) for row in (included, removed)]
    assert counts(adopt(app, again, *dated, is_operation_log=True)) == {
        "adopted": 1,
        "not_at_bureau": 1,
        "already_known": 1,
    }


def test_contradicting_rows_without_a_date_are_looked_up_once(app: AppFixture) -> None:
    at_the_bureau(app, ROW.reference, "i1")
    due = app.erp.invoices_by_id["i1"].due_date
    rows = [replace(ROW, line=line, due_date=due, state=state) for line, state in enumerate(CONTRADICTING, 2)]
    source = Rows(rows, is_operation_log=True)
    calls = app.bureau.calls.count("find")
    assert counts(app.adoption.preview(ANA, app.integration_id, source)) == counts(
        adopt(app, *rows, is_operation_log=True)
    )
    (adopted,) = stored(app)
    assert (adopted.is_unconfirmed, adopted.bureau_id) == (False, app.bureau.records[-1].bureau_id)
    assert app.bureau.calls.count("find") - calls == 2  # the preview and the import


def test_contradicting_rows_that_the_bureau_does_not_have_are_not_adopted(app: AppFixture) -> None:
    rows = [replace(ROW, line=line, state=state) for line, state in enumerate(CONTRADICTING, 2)]
    assert counts(adopt(app, *rows, is_operation_log=True)) == {"not_at_bureau": 3}
    app.bureau.capabilities = Capabilities(Registry.SPC, find=False, polling=False, callback=True)
    assert counts(adopt(app, *rows, is_operation_log=True)) == {"refused": 2, "not_at_bureau": 1}


CONTRADICTING = (RecordState.PRESENT, RecordState.GONE, RecordState.PRESENT)


def test_record_without_an_invoice_is_removed_only_by_a_person(app: AppFixture) -> None:
    row = replace(ROW, due_date=TODAY - 90 * DAY)
    assert counts(adopt(app, row)) == {"refused": 1}
    assert counts(adopt(app, row, without_invoice=True)) == {"without_invoice": 1}
    (made,) = stored(app)
    app.paid("i1")
    Rereading(app.ports).reread_all()
    assert app.get(made).desired is Desired.INCLUDED
    assert counts(adopt(app, row, without_invoice=True)) == {"already_known": 1}
    app.negativations.delete(ANA, made.id)
    at_the_bureau(app, ROW.reference, "i1")
    assert app.work(made).observed is Observed.GONE


def test_record_still_processed_by_the_bureau_is_polled(app: AppFixture) -> None:
    at_the_bureau(app, ROW.reference, "i1").state = RecordState.INCLUDING
    adopt(app, replace(ROW, state=RecordState.INCLUDING, bureau_id="B1"))
    (made,) = stored(app)
    assert (made.observed, made.transmission.action) == (Observed.INCLUDING, Action.POLL)
    app.bureau.process_pending()
    assert app.work(made).observed is Observed.PRESENT
    assert "include" not in app.bureau.calls


def test_failure_keeps_the_batches_before_it(app: AppFixture) -> None:
    many = 2 * BATCH_SIZE + 7
    for number in range(many):
        app.erp.add_invoice(f"m{number}", "c1", DUE - timedelta(days=number), Money(1000 + number))
    rows = [
        replace(ROW, line=number, reference=f"C{number}", due_date=DUE - timedelta(days=number))
        for number in range(many)
    ]
    adoption = app.adoption
    failing = Rows(rows[:-1], failure=BureauUnavailable("O birô saiu do ar."))
    with pytest.raises(BureauUnavailable):
        adoption.adopt(ANA, app.integration_id, failing)
    assert len(stored(app)) == many - 1
    partial = Rows(rows, failure=ProtocolError("Um registro ilegível.", code="registros_ilegiveis"))
    summary = adoption.adopt(ANA, app.integration_id, partial)
    assert (counts(summary), summary.unreadable) == ({"adopted": 1, "already_known": many - 1}, "Um registro ilegível.")


def test_unavailable_erp_stops_the_adoption_before_anything_is_stored(app: AppFixture) -> None:
    def down(_: str) -> None:
        raise BureauUnavailable("x")

    app.erp.before = down
    with pytest.raises(BureauUnavailable):
        adopt(app, ROW)
    app.erp.before = lambda _: None
    assert stored(app) == []


def test_conflict_with_a_concurrent_adoption_is_a_refusal(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> None:
        raise Conflict("Outra pessoa a adotou.")

    with app.storage.read_only() as unit:
        kind = type(unit.negativations)
    monkeypatch.setattr(kind, "add", taken)
    summary = adopt(app, ROW)
    assert (counts(summary), summary.by_code) == ({"refused": 1}, {"conflito": 1})


def test_adoption_needs_a_person_who_may_configure_and_negativate(app: AppFixture) -> None:
    adoption = app.adoption
    for missing in (Permission.CONFIGURE, Permission.NEGATIVATE):
        actor = replace(ANA, permissions=ANA.permissions - {missing})
        for act in (adoption.preview, adoption.adopt):
            with pytest.raises(PermissionDenied):
                act(actor, app.integration_id, Rows([ROW]))
    machine = Actor("m", "máquina", frozenset(Permission), is_person=False)
    for actor in (SYSTEM, machine):
        with pytest.raises(RuleViolation, match="pessoa"):
            adoption.adopt(actor, app.integration_id, Rows([ROW]))
    assert stored(app) == []


def test_setting_changed_during_an_adoption_holds_for_the_next_batch(app: AppFixture) -> None:
    rows = []
    for number in range(BATCH_SIZE + 1):
        due = DUE - timedelta(days=number)
        app.erp.add_invoice(f"m{number}", "c1", due, PRICE)
        app.erp.pay(f"m{number}", TODAY, Money(1))
        rows.append(replace(ROW, line=number, reference=f"C{number}", due_date=due))
        app.payments.record(SYSTEM, payment(f"m{number}", "p1", amount=Money(1)))

    def tolerate(assessment: Assessment) -> None:
        if assessment.row.line == 0:
            policy = RemovalPolicy(tolerance=PRICE)
            app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(removal_policy=policy))

    app.adoption.adopt(ANA, app.integration_id, Rows(rows), report=tolerate)
    removed = {made.reference for made in stored(app) if made.desired is Desired.REMOVED}
    assert (len(stored(app)), removed) == (BATCH_SIZE + 1, {f"C{BATCH_SIZE}"})


def test_adoption_ends_where_the_erp_takes_the_transmission_back(app: AppFixture) -> None:
    rows = [replace(ROW, line=number, due_date=DUE - timedelta(days=number)) for number in range(BATCH_SIZE + 1)]
    with pytest.raises(RuleViolation) as refused:
        app.adoption.adopt(ANA, app.integration_id, Rows(rows), without_invoice=True, report=lambda _: disown(app))
    assert refused.value.code == "transmissao_do_erp"
    assert len(stored(app)) == BATCH_SIZE


def test_record_of_an_invoice_of_another_creditor_is_refused(app: AppFixture) -> None:
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], creditor_id="2")
    summary = adopt(app, ROW)
    assert (counts(summary), summary.by_code) == ({"refused": 1}, {"fatura_de_outra_empresa": 1})


def test_customer_whom_the_actor_does_not_see_is_not_matched(app: AppFixture) -> None:
    app.erp.customers_by_id["c1"] = replace(app.erp.customers_by_id["c1"], creditor_id="2")
    bound = replace(ANA, creditor_ids=frozenset({"1"}))
    summary = app.adoption.adopt(bound, app.integration_id, Rows([ROW]), without_invoice=True)
    assert (counts(summary), summary.by_code) == ({"refused": 1}, {"cliente_desconhecido": 1})


def disown(app: AppFixture) -> None:
    with app.storage.unit() as unit:
        change_owner(unit, app.integration_id, owns=False)
        unit.commit()


def change_owner(unit: UnitOfWork, integration_id: str, *, owns: bool) -> None:
    integration = unit.integrations.get(integration_id)
    settings = replace(integration.settings, owns_transmission=owns)
    unit.integrations.save(replace(integration, settings=settings))


def test_integration_whose_erp_transmits_is_refused(app: AppFixture) -> None:
    waiting, included = app.negativate("i2"), app.included("i3")
    app.negativations.delete(ANA, included.id)
    disown(app)
    for act in (lambda: adopt(app, ROW), lambda: app.negativate("i1")):
        with pytest.raises(RuleViolation) as refused:
            act()
        assert refused.value.code == "transmissao_do_erp"
    app.bureau.calls.clear()
    for one in (waiting, included):
        app.perform(one)
        assert app.get(one).transmission.last_error == "transmissao_do_erp"
        assert app.get(one).transmission.due_at > app.clock.now()
    assert app.bureau.calls == []
    with app.storage.unit() as unit:
        change_owner(unit, app.integration_id, owns=True)
        unit.commit()
    assert app.work(included).observed is Observed.GONE


def test_gateway_that_cannot_list_needs_an_extract(app: AppFixture) -> None:
    app.bureau.capabilities = Capabilities(Registry.SPC, list_records=False)
    with pytest.raises(RuleViolation) as refused:
        app.adoption.bureau_list(ANA, app.integration_id)
    assert refused.value.code == "sem_lista"
