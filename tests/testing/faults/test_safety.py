"""The safety property of the gateway for any script of faults: it reports the truth, or "unknown".

- It raises only domain errors.
- It never reports "not executed" for a call that took effect or still may.
- It never reports `Done` or `Accepted` for a call that did not take effect.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    NotExecuted,
    RecordFound,
    RecordKey,
    RecordNotFound,
    RecordState,
    Rejected,
    answer_from_error,
)
from credit_protection.domain.errors import BureauError
from credit_protection.testing.faults import (
    Effect,
    Fault,
    RecordedCall,
    ScriptedTransport,
    StubResponse,
    scripts,
)
from tests.testing.faults.account import DEBTOR, DUE, BureauInMemory, gateway, inclusion, is_effect, removal

ACTIONS = ("include", "remove", "find", "deliver", "process")


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Retry look-ups and logins without waiting."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@dataclass
class Report:
    """The gateway's report of one action, and the calls that it made."""

    action: str
    answer: Answer
    calls: range


class AccountModel:
    """One account, its bureau, and all reports."""

    def __init__(self, script: tuple[Fault, ...], *, fault_all_calls: bool) -> None:
        self.bureau = BureauInMemory()
        self.transport = ScriptedTransport(self.bureau, script, matching=None if fault_all_calls else is_effect)
        self.gateway = gateway(transport=self.transport)
        self.reports: list[Report] = []
        self.bureau_id: str | None = None

    def run(self, action: str) -> None:
        if action == "deliver":
            self.transport.deliver()
        elif action == "process":
            self.bureau.process_pending()
            self.transport.advance(61)
        elif action == "find":
            self.find()
        else:
            self.request(action)

    def request(self, action: str) -> None:
        first = len(self.transport.calls)
        try:
            if action == "include":
                answer: Answer = self.gateway.include(inclusion())
            else:
                answer = self.gateway.remove(removal(bureau_id=self.bureau_id))
        except BureauError as error:
            answer = answer_from_error(error)
        report = Report(action, answer, range(first, len(self.transport.calls)))
        self.reports.append(report)
        if isinstance(answer, Done | Accepted):
            self.bureau_id = answer.bureau_id or self.bureau_id
            self.check(report)

    def check(self, report: Report) -> None:
        """`Done` and `Accepted` agree with the bureau's records."""
        states = {record["id"]: record["operacao"] for record in self.bureau.records()}
        if report.action == "include":
            assert report.answer.bureau_id in states  # type: ignore[union-attr]
            assert self.effects(report) or (isinstance(report.answer, Accepted) and report.answer.repeated)
        elif isinstance(report.answer, Accepted):
            assert states[str(report.answer.bureau_id)] == "EXCLUSAO"
        elif report.answer.result.value != "executed":  # type: ignore[union-attr]
            addressed = set(states) if self.bureau_id is None else {self.bureau_id}
            assert all(states.get(each) != "INCLUSAO" for each in addressed)

    def find(self) -> None:
        try:
            found = self.gateway.find(RecordKey(DEBTOR, "REF-1", DUE, self.bureau_id))
        except BureauError:
            return
        records = self.bureau.records()
        if isinstance(found, RecordNotFound):
            assert not records or self.bureau_id is not None
        else:
            operation = next(record["operacao"] for record in records if record["id"] == found.bureau_id)
            removing = found.state in {RecordState.REMOVING, RecordState.GONE}
            assert isinstance(found, RecordFound)
            assert removing == (operation == "EXCLUSAO")

    def effects(self, report: Report) -> list[RecordedCall]:
        """The calls of a report that took effect so far."""
        calls = [self.transport.calls[number] for number in report.calls]
        return [call for call in calls if is_effect(call.method, call.path) and call.status in {201, 202}]


@pytest.mark.parametrize("fault_all_calls", [False, True], ids=["effects alone", "logins and look-ups too"])
@given(script=scripts(max_size=8), actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8))
def test_report_of_a_call_is_true_or_unknown(
    fault_all_calls: bool, script: tuple[Fault, ...], actions: list[str]
) -> None:
    model = AccountModel(script, fault_all_calls=fault_all_calls)
    for action in actions:
        model.run(action)
    model.transport.deliver()
    for report in model.reports:
        if isinstance(report.answer, NotExecuted | Rejected):
            assert not model.effects(report), report


STATUSES = st.sampled_from([*range(200, 207), 301, 304, *range(400, 432), 451, 499, *range(500, 512), 520, 599])
NAMES = st.sampled_from(
    ["retry-after", "content-type", "content-encoding", "content-length", "x-protocolo", "location", "set-cookie"]
)
VALUES = st.sampled_from(
    ["", "0", "-1", "9" * 40, "gzip", "deflate", "br", "application/json", "text/html; charset=x", "é", "a\tb", "Mon"]
) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "codigo", "mensagem", "campo", "documento", "contrato", "valor", "vencimento", "operacao"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)
BODIES = st.binary(max_size=64) | JSON.map(lambda value: httpx.Response(200, json=_plain(value)).content)


def _plain(value: object) -> object:
    """The value with floats as text: JSON has no NaN."""
    match value:
        case float():
            return str(value)
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case _:
            return value


@given(
    replies=st.lists(
        st.builds(StubResponse, STATUSES, BODIES, st.lists(st.tuples(NAMES, VALUES), max_size=3).map(tuple)), max_size=5
    ),
    action=st.sampled_from(("include", "remove", "find")),
)
def test_any_answer_raises_only_domain_errors(replies: list[StubResponse], action: str) -> None:
    model = AccountModel(tuple(Fault("wild", Effect.NEVER, response=reply) for reply in replies), fault_all_calls=True)
    with contextlib.suppress(BureauError):
        match action:
            case "include":
                model.gateway.include(inclusion())
            case "remove":
                model.gateway.remove(removal())
            case _:
                model.gateway.find(RecordKey(DEBTOR, "REF-1", DUE))
