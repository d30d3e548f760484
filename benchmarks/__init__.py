"""Benchmarks: ours against what people would write instead, timed in one run."""
