"""Simulated bureaus: real HTTP servers with fictitious data and faults, for tests, demonstrations and benchmarks.

`BureauSimulator` serves in daemon threads, as `demo-client` with `demo-secret`; docs/faults.md has an example.
`SimulatorProcess` has the same commands and runs in a process of its own, as does
`python -m credit_protection.testing.simulator`.
"""

from __future__ import annotations

from credit_protection.testing.simulator.controls import Ledger, RemoteControls, SimulatorControls
from credit_protection.testing.simulator.faults import FaultKind
from credit_protection.testing.simulator.simulator import BureauSimulator, SimulatorProcess, serve

__all__ = ["BureauSimulator", "FaultKind", "Ledger", "RemoteControls", "SimulatorControls", "SimulatorProcess", "serve"]
