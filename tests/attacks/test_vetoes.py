"""A plugin's guard vetoes whatever it gives, unless that is a well-formed warning; it stops no removal."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.errors import RuleViolation
from credit_protection.domain.findings import Finding, Severity, blocks
from credit_protection.domain.guards import BROKEN_GUARD
from credit_protection.domain.guards.plugin_answers import findings_of
from credit_protection.domain.state_table import Desired, Observed
from tests.application.app import ANA, AppFixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credit_protection.domain.guards import Guard
    from credit_protection.ports.storage import Storage

WARNING = Finding("aviso", Severity.WARN, "Confira o contrato.", "customer")


class Vanished(BaseException):
    """Neither an error nor an end of the process."""


class Moody(str):
    """A text that is true or false as it likes."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


class Mild(Finding):
    """A subclass that hides its severity."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401
        if name == "severity":
            raise ValueError("não digo")
        return super().__getattribute__(name)


def raising(error: BaseException) -> Callable[..., Any]:
    def guard(*_: object) -> Any:  # noqa: ANN401
        raise error

    return guard


def failing_midway(*_: object) -> Iterator[Finding]:
    yield WARNING
    raise RuntimeError("o plugin falhou")


async def awaited(*_: object) -> list[Finding]:
    return [Finding("veto", Severity.BLOCK, "Não negativar.", "x")]


def finding(severity: object = Severity.BLOCK, message: object = "Não negativar.", **changed: object) -> Finding:
    values = {"code": "veto", "severity": severity, "message": message, "field": "x", **changed}
    return Finding(**cast("dict[str, Any]", values))


VETOES: dict[str, list[Finding]] = {
    "block": [finding()],
    "block without a message": [finding(message="")],
    "block with a blank message": [finding(message=" \n")],
    "block whose message is false": [finding(message=Moody("Não negativar."))],
    "block whose message is no text": [finding(message=None)],
    "block without a code": [finding(code=None)],
    "a warning and a block": [WARNING, finding()],
}
BROKEN: dict[str, Callable[..., Any]] = {
    "raises": raising(RuntimeError("o plugin falhou")),
    "ends the process": raising(SystemExit("sem servidor")),
    "ends the generator": raising(GeneratorExit()),
    "raises no exception": raising(Vanished()),
    "gives nothing": lambda *_: None,
    "gives false": lambda *_: False,
    "gives true": lambda *_: True,
    "gives a number": lambda *_: 7,
    "gives a text": lambda *_: "não pode",
    "gives an empty text": lambda *_: "",
    "gives bytes": lambda *_: b"",
    "gives one finding": lambda *_: finding(),
    "gives one warning": lambda *_: WARNING,
    "gives records": lambda *_: [{"severity": "block", "message": "não"}],
    "gives a record": lambda *_: {"severity": "block"},
    "gives nested lists": lambda *_: [[finding()]],
    "gives nothing in a list": lambda *_: [None],
    "fails midway": failing_midway,
    "never ends": lambda *_: repeat(WARNING),
    "is asynchronous": awaited,
    "severity in small letters": lambda *_: [finding("block")],
    "severity in capitals": lambda *_: [finding("BLOCK")],
    "severity is a word": lambda *_: [finding("warn")],
    "severity is true": lambda *_: [finding(True)],  # noqa: FBT003
    "severity is missing": lambda *_: [finding(None)],
    "severity raises": lambda *_: [Mild("veto", Severity.WARN, "Não.", "x")],
    "warning without a message": lambda *_: [finding(Severity.WARN, "")],
    "warning without a code": lambda *_: [finding(Severity.WARN, code="")],
    "warning without a field": lambda *_: [finding(Severity.WARN, field=None)],
    "warning about a number": lambda *_: [finding(Severity.WARN, invoice_id=3)],
    "wants more arguments": lambda _: [],
    "is no function": cast("Callable[..., Any]", "não"),
}


def app_with(storage: Storage, guard: Callable[..., Any]) -> AppFixture:
    app = AppFixture(storage, extra_guards=[cast("Guard", guard)])
    app.register()
    return app


class Switched:
    """A guard that is content until it is switched on."""

    def __init__(self, guard: Callable[..., Any]) -> None:
        self.guard = guard
        self.is_on = False

    def __call__(self, *given_: object) -> Any:  # noqa: ANN401
        return self.guard(*given_) if self.is_on else []


@pytest.mark.parametrize("name", [*VETOES, *BROKEN])
def test_whatever_a_guard_gives_vetoes_at_the_asking(sqlite: Storage, name: str) -> None:
    app = app_with(sqlite, BROKEN.get(name, lambda *_: VETOES[name]))
    preview = app.negativations.preview(ANA, app.request("i1"))
    assert blocks(preview.findings)
    assert all(type(each) is Finding and each.message.strip() for each in preview.findings)
    with pytest.raises(RuleViolation):
        app.negativate()
    assert "include" not in app.bureau.calls


@pytest.mark.parametrize("name", VETOES)
def test_veto_at_the_claim_cancels_the_inclusion(sqlite: Storage, name: str) -> None:
    guard = Switched(lambda *_: VETOES[name])
    app = app_with(sqlite, guard)
    asked = app.negativate()
    guard.is_on = True
    app.perform(asked)
    stored = app.get(asked)
    assert (stored.desired, stored.observed) == (Desired.REMOVED, Observed.ABSENT)
    assert stored.triggers[0].note
    assert "include" not in app.bureau.calls


@pytest.mark.parametrize("name", BROKEN)
def test_broken_guard_makes_inclusions_wait_and_is_shown_until_it_is_mended(sqlite: Storage, name: str) -> None:
    guard = Switched(BROKEN[name])
    app = app_with(sqlite, guard)
    gone, asked = app.included("i2"), app.negativate("i1")
    guard.is_on = True
    app.perform(asked)
    stored = app.get(asked)
    assert (stored.desired, stored.transmission.last_error) == (Desired.INCLUDED, BROKEN_GUARD)
    assert app.bureau.calls.count("include") == 1
    assert AlarmCode.PLUGIN_BROKEN in {each.code for each in app.alarms.check(ANA)}
    app.paid("i2")
    app.payments.apply()
    assert app.work(gone).observed is Observed.GONE
    guard.is_on = False
    assert app.work(stored).observed is Observed.PRESENT
    assert AlarmCode.PLUGIN_BROKEN not in {each.code for each in app.alarms.check(ANA)}


def test_what_one_process_says_of_its_plugin_the_alarms_of_another_tell(sqlite: Storage) -> None:
    guard = Switched(BROKEN["raises"])
    app = app_with(sqlite, guard)
    asked = app.negativate()
    guard.is_on = True
    app.perform(asked)
    app.sweep.run(by_worker=True)
    other = AppFixture(sqlite, clock=app.clock)
    (alarm,) = (each for each in other.alarms.check(ANA) if each.code is AlarmCode.PLUGIN_BROKEN)
    assert "Switched" in alarm.message
    guard.is_on = False
    app.work(asked)
    app.sweep.run(by_worker=True)
    assert AlarmCode.PLUGIN_BROKEN not in {each.code for each in other.alarms.check(ANA)}


def test_warning_is_shown_and_refuses_nothing(sqlite: Storage) -> None:
    app = app_with(sqlite, lambda *_: (each for each in [WARNING]))
    assert app.negativations.preview(ANA, app.request("i1")).findings == [WARNING]
    assert app.included().observed is Observed.PRESENT


_ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(Severity)
)


@given(st.builds(finding, _ODD, _ODD, code=_ODD, field=_ODD, invoice_id=_ODD))
def test_only_a_well_formed_warning_does_not_refuse(odd: Finding) -> None:
    (found,) = findings_of("guard", lambda: [odd])
    if not blocks([found]):
        assert found == odd
        assert odd.severity is Severity.WARN
        assert odd.message.strip()
        assert odd.code.strip()


def test_a_person_can_still_end_the_process(sqlite: Storage) -> None:
    app = app_with(sqlite, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        app.negativations.preview(ANA, app.request("i1"))
