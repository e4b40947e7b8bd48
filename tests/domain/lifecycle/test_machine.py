"""The rules hold for events in any order. Two machines, so that two test processes share the work."""

from tests.domain.lifecycle.machine import WithLookUp, WithoutLookUp

TestWithLookUp = WithLookUp.TestCase
TestWithoutLookUp = WithoutLookUp.TestCase
