"""The rules hold in whatever order things happen. Two machines, so that two processes share the work."""

from tests.domain.lifecycle.machine import LookedUp, NotLookedUp

TestLookedUp = LookedUp.TestCase
TestNotLookedUp = NotLookedUp.TestCase
