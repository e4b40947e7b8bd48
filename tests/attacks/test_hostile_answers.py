"""Hostile answers, files and echoes: a part of what `make attack` does, and that its judges see a success."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import stamina

from credit_protection.plugins.builtin import BUREAUS
from tests.attacks import bureau_attack, canary, hostile_files, state_attack
from tests.attacks.hostile_answers import ANSWERS, GROUPS, HostileAnswer
from tests.attacks.hostile_bureau import CPF, SECRET, TOKEN

_LEAST_ANSWERS, _LEAST_FILES = 60, 40
_TRUTH = ANSWERS["the truth"]
_EVERY = {"framing": 1, "slow": 4, "statuses": 5, "bodies": 4, "records": 1, "true": 1}


@pytest.fixture(autouse=True)
def _retry_without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def some(group: str) -> Iterator[tuple[int, str, HostileAnswer]]:
    """A part of a group's answers, with their numbers."""
    answers = list(GROUPS[group].items())
    yield from ((number, *answers[number]) for number in range(0, len(answers), _EVERY[group]))


def test_there_are_enough_attacks_and_no_other_gateway() -> None:
    assert len(ANSWERS) == sum(map(len, GROUPS.values())) >= _LEAST_ANSWERS
    assert len(hostile_files.CASES) >= _LEAST_FILES
    assert [name.rpartition(":")[2] for name in BUREAUS] == ["CreditoNaMedidaProvider"]


@pytest.mark.parametrize("group", GROUPS)
def test_hostile_answer_is_an_error_and_nothing_else(group: str) -> None:
    names = list(bureau_attack.OPERATIONS)
    faults = []
    for number, name, hostile in some(group):
        for operation in {"remove", names[number % len(names)]}:
            verdict = bureau_attack.attack(operation, hostile)
            faults += [f"{name}, {operation}: {fault}" for fault in verdict.faults]
    assert faults == []


@pytest.mark.parametrize("call", state_attack.CALLS)
def test_hostile_answer_changes_no_state(call: str) -> None:
    faults = []
    for group in ("statuses", "bodies", "records"):
        for _, name, hostile in list(some(group))[::4]:
            verdict = state_attack.attack(call, name, hostile)
            faults += [f"{name}: {fault}" for fault in verdict.faults]
    assert faults == []


@pytest.mark.parametrize("operation", bureau_attack.OPERATIONS)
def test_judge_sees_that_an_answer_was_believed(operation: str) -> None:
    lie = replace(_TRUTH, keeps_truth_of=frozenset())
    assert any("believed" in fault for fault in bureau_attack.attack(operation, lie).faults)


@pytest.mark.parametrize("call", ["an inclusion", "a removal", "a look-up"])
def test_judge_sees_that_a_state_changed(call: str) -> None:
    lie = replace(_TRUTH, keeps_truth_of=frozenset())
    assert any("believed" in fault for fault in state_attack.attack(call, "", lie).faults)


@pytest.fixture(scope="module")
def installation() -> Iterator[Path]:
    with hostile_files.prepared() as folder:
        yield folder


@pytest.mark.parametrize("name", list(hostile_files.CASES)[3::11])
def test_hostile_file_is_one_sentence(installation: Path, name: str) -> None:
    assert hostile_files.attack(name, installation).faults == ()


def test_marked_texts_are_nowhere() -> None:
    commands, leaks = canary.attack((200, 422))
    assert commands > 50
    assert leaks == []


def test_judge_sees_a_leak(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    story = canary.Canary(tmp_path, state_attack.Bureau(), "NOME CANARIO")
    story.shown.append(("x", "", f"log {SECRET} {CPF} NOME CANARIO"))
    (tmp_path / "export.txt").write_text(TOKEN.encode().hex())
    seen = [*canary._in_what_was_shown(story), *canary._in_files(story)]
    assert len(seen) == 4
