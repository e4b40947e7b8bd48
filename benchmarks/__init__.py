"""Benchmarks: ours and a baseline side by side, in one run.

Each `python -m benchmarks.NAME` prints, as its last line, one JSON object with `name`, `ratio` (ours to the baseline in
speed: 1.0 is as fast, more is faster), `floor` and what explains it, and exits non-zero below the floor. Machines are
noisy: both sides are timed in turn, round by round, and the ratio is the median of the rounds' ratios.
"""
