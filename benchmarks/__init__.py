"""Benchmarks of this package against a baseline, in one run.

Each `python -m benchmarks.NAME` prints, as its last line, one JSON object with `name`, `ratio` (our speed to the
baseline's: 1.0 is as fast, more is faster), `floor` and the measured details, and exits non-zero below the floor.
Machines are noisy: both sides are timed alternately, round by round, and the ratio is the median of the rounds'
ratios.
"""
