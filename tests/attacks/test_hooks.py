"""Event hooks that fail in every way stop no work: what they raise, and that they never return."""

from __future__ import annotations

import _thread
import ctypes
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.guards import BROKEN_GUARD
from credit_protection.domain.guards.plugin_answers import findings_of, guard_name
from credit_protection.domain.state_table import Observed
from credit_protection.domain.troubles import TroubleKind
from credit_protection.plugins import gathering, hookimpl, hookspecs
from credit_protection.plugins.gathering import PluginListeners
from credit_protection.ports.troubles import Troubles
from credit_protection.testing import samples
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import ANA, AppFixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.ports.storage import Storage

LIMIT = 0.3


class Vanished(BaseException):
    """Neither an error nor an end of the process."""


class Plugin:
    """Does one thing with each event, and records those that it received."""

    def __init__(self, act: Callable[[Event], object] = lambda _: None) -> None:
        self.act = act
        self.received: list[EventKind] = []

    @hookimpl
    def credit_protection_negativation_event(self, event: Event) -> None:
        self.received.append(event.kind)
        self.act(event)

    @hookimpl
    def credit_protection_alarm(self, alarm: object) -> None:
        self.act(alarm)  # type: ignore[arg-type] # it fails alike


def manager_of(*plugins: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for number, each in enumerate(plugins):
        manager.register(each, f"plugin-{number}")
    return manager


def app_with(storage: Storage, *plugins: object) -> AppFixture:
    app = AppFixture(storage)
    listeners = PluginListeners("t", manager_of(*plugins), app.ports.troubles, LIMIT)
    object.__setattr__(app.ports, "listeners", listeners)
    app.register()
    return app


def raising(error: BaseException) -> Callable[[object], None]:
    def act(_: object) -> None:
        raise error

    return act


def end_the_thread(_: object) -> None:
    _thread.exit()


def raise_from_outside(_: object) -> None:
    identifier = ctypes.c_ulong(threading.get_ident())
    ctypes.pythonapi.PyThreadState_SetAsyncExc(identifier, ctypes.py_object(SystemExit))
    for _ in range(1000):
        time.sleep(0)


FAILURES = {
    "error": raising(RuntimeError("o servidor de e-mail não responde")),
    "exit": raising(SystemExit("sem servidor")),
    "sys.exit": lambda _: sys.exit(3),
    "generator exit": raising(GeneratorExit()),
    "interrupt": raising(KeyboardInterrupt()),
    "no exception": raising(Vanished()),
    "end of the thread": end_the_thread,
    "raised from outside": raise_from_outside,
}


@pytest.mark.parametrize("name", FAILURES)
def test_removal_is_sent_whatever_a_hook_raises(sqlite: Storage, name: str) -> None:
    failing, other = Plugin(FAILURES[name]), Plugin()
    app = app_with(sqlite, failing, other)
    stands = app.included()
    app.paid("i1")
    app.sweep.run(by_worker=True)
    assert app.work(stands).observed is Observed.GONE
    assert failing.received == other.received
    assert {EventKind.CLAIMED, EventKind.REMOVED} <= set(other.received)


@pytest.mark.parametrize("kind", EventKind)
def test_hook_that_never_returns_is_suspended_and_shown(sqlite: Storage, kind: EventKind) -> None:
    released = threading.Event()
    stuck = Plugin(lambda event: released.wait(30) if getattr(event, "kind", None) is kind else None)
    other = Plugin()
    app = app_with(sqlite, stuck, other)
    began = time.perf_counter()
    stands = app.included()
    app.paid("i1")
    app.sweep.run(by_worker=True)
    assert app.work(stands).observed is Observed.GONE
    assert time.perf_counter() - began < 20
    if kind not in other.received:
        return
    assert stuck.received[-1] is kind
    (alarm,) = (each for each in app.alarms.check(ANA) if each.code is AlarmCode.PLUGIN_BROKEN)
    assert "plugin-0" in alarm.message
    released.set()
    for _ in range(200):
        if not app.ports.troubles.present():
            break
        time.sleep(0.02)
    assert app.ports.troubles.present() == []
    count = len(stuck.received)
    app.negativate("i2")
    assert len(stuck.received) > count  # it receives events again


def test_claim_is_announced_after_the_call_and_before_its_outcome(sqlite: Storage) -> None:
    calls: list[str] = []
    app = app_with(sqlite, Plugin(lambda event: calls.append(getattr(event, "kind", EventKind.CLAIMED).value)))
    app.bureau.before = calls.append
    asked = app.negativate()
    calls.clear()
    app.perform(asked)
    assert calls[:2] == ["include", EventKind.CLAIMED.value]
    assert len(calls) > 2


def test_claim_is_announced_although_the_answer_can_not_be_stored(
    sqlite: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = Plugin()
    app = app_with(sqlite, plugin)
    asked = app.negativate()
    monkeypatch.setattr(app.transmissions, "_store", raising_store)
    with pytest.raises(OSError, match="cheio"):
        app.perform(asked)
    assert plugin.received[-1] is EventKind.CLAIMED


def raising_store(*_: object) -> None:
    raise OSError("o disco está cheio")


def test_hooks_keep_their_order_and_run_at_once_from_many_threads() -> None:
    entered = threading.Barrier(4, timeout=10)
    plugin = Plugin(lambda _: entered.wait())
    listeners = PluginListeners("t", manager_of(plugin), Troubles(), 10.0)
    event = Event(EventKind.CLAIMED, "n", samples.NOW)
    threads = [threading.Thread(target=listeners.negativation_event, args=([event],)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(15)
    assert len(plugin.received) == 4
    assert not entered.broken


def test_hook_whose_own_act_causes_an_event_waits_for_no_other_thread(sqlite: Storage) -> None:
    app: AppFixture

    def asks(event: Event) -> None:
        if event.kind is EventKind.CREATED and len(plugin.received) == 1:
            app.negativate("i2")

    plugin = Plugin(asks)
    app = app_with(sqlite, plugin)
    app.negativate("i1")
    assert plugin.received.count(EventKind.CREATED) == 2


# -------------------------------------------------------------------------------- plugins that are broken


class Broken:
    """A plugin whose hooks fail."""

    def __init__(self, error: BaseException | None = None, given: Any = None) -> None:  # noqa: ANN401
        self.error, self.given = error, given

    @hookimpl
    def credit_protection_guards(self) -> Any:  # noqa: ANN401
        return self._give()

    @hookimpl
    def credit_protection_bureaus(self) -> Any:  # noqa: ANN401
        return self._give()

    def _give(self) -> Any:  # noqa: ANN401
        if self.error is not None:
            raise self.error
        return self.given


class Sound:
    """A plugin that gives a gateway."""

    @hookimpl
    def credit_protection_bureaus(self) -> list[FakeBureau]:
        return [FakeBureau()]


@pytest.mark.parametrize(
    "broken",
    [Broken(RuntimeError("falha")), Broken(SystemExit(1)), Broken(given=7), Broken(given="texto"), Broken(Vanished())],
)
def test_broken_plugin_stops_no_other_and_its_guards_refuse(broken: Broken) -> None:
    troubles, manager = Troubles(), manager_of(Sound(), broken)
    assert [each.code for each in gathering.gateway_providers("t", manager, troubles)] == ["fake"]
    (guard,) = gathering.guards("t", manager, troubles)
    (found,) = findings_of(guard_name(guard), guard, None, None)
    assert found.code == BROKEN_GUARD
    assert "plugin-1" in found.message
    assert {each.kind for each in troubles.present()} == {TroubleKind.PLUGIN}


class Mute(FakeBureau):
    """A gateway that can't say what it can do."""

    code = "mute"

    @property
    def capabilities(self) -> Any:  # noqa: ANN401
        raise RuntimeError("falha")

    @capabilities.setter
    def capabilities(self, _: object) -> None:
        """As the other one is made."""


@pytest.mark.parametrize("odd", [Mute(), object(), None, 7])
def test_gateway_that_can_not_be_used_is_left_out_and_shown(odd: object) -> None:
    troubles = Troubles()
    found = gathering.gateway_providers("t", manager_of(Broken(given=[odd]), Sound()), troubles)
    assert [each.code for each in found] == ["fake"]
    assert [each.kind for each in troubles.present()] == [TroubleKind.PLUGIN]


@pytest.mark.parametrize("error", [RuntimeError("falha"), ConfigurationError("falha", code="x"), SystemExit(2)])
@pytest.mark.parametrize("at", ["create", "call"])
def test_gateway_that_fails_leaves_the_removal_to_be_tried_again(
    sqlite: Storage, monkeypatch: pytest.MonkeyPatch, error: BaseException, at: str
) -> None:
    app = AppFixture(sqlite)
    app.register()
    stands = app.included()
    app.paid("i1")
    with monkeypatch.context() as patch:
        if at == "create" and isinstance(error, RuntimeError):
            patch.setattr(app.ports.gateways, "for_integration", raising(error))
        else:
            app.bureau.before = raising(error) if not isinstance(error, ConfigurationError) else raising(OSError("x"))
        app.perform(stands)
    app.bureau.before = lambda _: None
    assert app.get(stands).transmission.claim is None
    assert app.work(stands).observed is Observed.GONE
