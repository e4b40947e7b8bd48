"""The safety property of the outcome table, for any script: what is told of a call is true, or is "unknown".

- Nothing but domain errors comes out.
- "Not executed" is never said of a call that took effect, nor of one that still may.
- `Done` and `Accepted` are never said of a call that did not take effect.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.application.transmissions import known_of
from credit_protection.domain.bureau_answers import (
    Accepted,
    Answer,
    Done,
    Found,
    Missing,
    NotExecuted,
    RecordKey,
    RecordState,
    Rejected,
)
from credit_protection.domain.errors import BureauError
from credit_protection.testing.faults import (
    CannedReply,
    Effect,
    Fault,
    PlayedCall,
    ScriptedTransport,
    scripts,
)
from tests.testing.faults.account import DEBTOR, DUE, BureauInMemory, gateway, inclusion, is_effect, removal

ACTS = ("include", "remove", "find", "land", "settle")


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Look-ups and logins are tried again at once."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@dataclass
class Told:
    """What was told of one act, and the calls for an effect that it made."""

    act: str
    answer: Answer
    calls: range


class World:
    """One account, one bureau, and everything that was said."""

    def __init__(self, script: tuple[Fault, ...], *, spoil_all: bool) -> None:
        self.bureau = BureauInMemory()
        self.transport = ScriptedTransport(self.bureau, script, matching=None if spoil_all else is_effect)
        self.gateway = gateway(transport=self.transport)
        self.told: list[Told] = []
        self.bureau_id: str | None = None

    def play(self, act: str) -> None:
        if act == "land":
            self.transport.land()
        elif act == "settle":
            self.bureau.settle()
            self.transport.advance(61)
        elif act == "find":
            self.find()
        else:
            self.ask(act)

    def ask(self, act: str) -> None:
        first = len(self.transport.calls)
        try:
            if act == "include":
                answer: Answer = self.gateway.include(inclusion())
            else:
                answer = self.gateway.remove(removal(bureau_id=self.bureau_id))
        except BureauError as error:
            answer = known_of(error)
        told = Told(act, answer, range(first, len(self.transport.calls)))
        self.told.append(told)
        if isinstance(answer, Done | Accepted):
            self.bureau_id = answer.bureau_id or self.bureau_id
            self.is_true(told)

    def is_true(self, told: Told) -> None:
        """`Done` and `Accepted` speak of something that stands at the bureau by now."""
        states = {record["id"]: record["operacao"] for record in self.bureau.records()}
        if told.act == "include":
            assert told.answer.bureau_id in states  # type: ignore[union-attr]
            assert self.effects(told) or (isinstance(told.answer, Accepted) and told.answer.repeated)
        elif isinstance(told.answer, Accepted):
            assert states[str(told.answer.bureau_id)] == "EXCLUSAO"
        elif told.answer.how.value != "executed":  # type: ignore[union-attr]
            addressed = set(states) if self.bureau_id is None else {self.bureau_id}
            assert all(states.get(each) != "INCLUSAO" for each in addressed)

    def find(self) -> None:
        try:
            seen = self.gateway.find(RecordKey(DEBTOR, "REF-1", DUE, self.bureau_id))
        except BureauError:
            return
        records = self.bureau.records()
        if isinstance(seen, Missing):
            assert not records or self.bureau_id is not None
        else:
            operation = next(record["operacao"] for record in records if record["id"] == seen.bureau_id)
            removing = seen.state in {RecordState.REMOVING, RecordState.GONE}
            assert isinstance(seen, Found)
            assert removing == (operation == "EXCLUSAO")

    def effects(self, told: Told) -> list[PlayedCall]:
        """The calls of an act that took their effect, by now."""
        calls = [self.transport.calls[number] for number in told.calls]
        return [call for call in calls if is_effect(call.method, call.path) and call.status in {201, 202}]


@pytest.mark.parametrize("spoil_all", [False, True], ids=["effects alone", "logins and look-ups too"])
@given(script=scripts(max_size=8), acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=8))
def test_what_is_told_of_a_call_is_true_or_unknown(spoil_all: bool, script: tuple[Fault, ...], acts: list[str]) -> None:
    world = World(script, spoil_all=spoil_all)
    for act in acts:
        world.play(act)
    world.transport.land()
    for told in world.told:
        if isinstance(told.answer, NotExecuted | Rejected):
            assert not world.effects(told), told


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
BODIES = st.binary(max_size=64) | JSON.map(lambda said: httpx.Response(200, json=_plain(said)).content)


def _plain(said: object) -> object:
    """Without what JSON has no word for."""
    match said:
        case float():
            return str(said)
        case list():
            return [_plain(each) for each in said]
        case dict():
            return {name: _plain(each) for name, each in said.items()}
        case _:
            return said


@given(
    replies=st.lists(
        st.builds(CannedReply, STATUSES, BODIES, st.lists(st.tuples(NAMES, VALUES), max_size=3).map(tuple)), max_size=5
    ),
    act=st.sampled_from(("include", "remove", "find")),
)
def test_whatever_comes_back_nothing_but_domain_errors_comes_out(replies: list[CannedReply], act: str) -> None:
    world = World(tuple(Fault("wild", Effect.NEVER, reply=reply) for reply in replies), spoil_all=True)
    with contextlib.suppress(BureauError):
        match act:
            case "include":
                world.gateway.include(inclusion())
            case "remove":
                world.gateway.remove(removal())
            case _:
                world.gateway.find(RecordKey(DEBTOR, "REF-1", DUE))
