"""A hold counts for the person: on whatever customer record with the same document it stands."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.application.holds import read_holds
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.holds import Hold, HoldKind, as_hold, decisive
from credit_protection.domain.state_table import Observed
from tests.application.app import ANA, CPF, DAY, TODAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture

HOLDS = st.builds(Hold, st.sampled_from(HoldKind), st.sampled_from(("", "a pedido")), st.none() | st.dates())


@given(st.lists(HOLDS, min_size=1), st.dates())
def test_decisive_hold_is_effective_if_any_is(holds: list[Hold], today: date) -> None:
    assert decisive(holds).is_effective(today) is any(each.is_effective(today) for each in holds)
    assert decisive(holds) in holds
    assert decisive(holds).text


def test_plain_reason_is_a_hold_of_another_kind_without_end() -> None:
    assert as_hold("falecimento") == Hold(HoldKind.OTHER, "falecimento")
    assert as_hold("").text == "sem motivo registrado"
    assert as_hold("").is_effective(date.max)


def found(app: AppFixture) -> list[str]:
    preview = app.negativations.preview(ANA, app.request("i1"))
    return [finding.code for finding in preview.findings if finding.code == "nao_negativar"]


@pytest.mark.parametrize("document", [CPF, "900.100.200-55"])
@pytest.mark.parametrize("hold", [*(Hold(kind) for kind in HoldKind), "falecimento"])
def test_hold_on_another_record_of_the_person_refuses(app: AppFixture, document: str, hold: Hold | str) -> None:
    app.erp.add_customer("twin", document)
    app.erp.hold_reasons["twin"] = hold
    with pytest.raises(RuleViolation) as refusal:
        app.negativate()
    (finding,) = refusal.value.findings
    assert finding.code == "nao_negativar"
    assert as_hold(hold).text in finding.message


def test_hold_on_another_person_does_not(app: AppFixture) -> None:
    app.erp.hold_reasons["c2"] = Hold(HoldKind.DEATH)
    assert found(app) == []


def test_hold_counts_until_its_last_day(app: AppFixture) -> None:
    for until, expected in ((TODAY - DAY, []), (TODAY, ["nao_negativar"]), (None, ["nao_negativar"])):
        app.erp.hold_reasons["c1"] = Hold(HoldKind.DISPUTE, until=until)
        assert found(app) == expected


def test_hold_that_came_between_the_request_and_the_claim_cancels(app: AppFixture) -> None:
    negativation = app.negativate()
    app.erp.add_customer("twin", CPF)
    app.erp.hold_reasons["twin"] = Hold(HoldKind.COURT_ORDER)
    app.perform(negativation)
    assert app.get(negativation).is_closed
    assert app.get(negativation).observed is Observed.ABSENT


def test_holds_of_many_customers_are_two_calls_of_the_host(app: AppFixture) -> None:
    calls: list[str] = []
    app.erp.before = calls.append
    customers = [app.erp.add_customer(f"x{number}", CPF if number % 2 else "") for number in range(50)]
    app.erp.hold_reasons["x1"] = Hold(HoldKind.DEATH)
    holds = read_holds(app.ports, customers)
    assert {key: set(value) for key, value in holds.items()} == {f"x{n}": {"x1"} for n in range(50) if n % 2}
    assert calls.count("holds") == 1
