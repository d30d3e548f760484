"""Benchmarks: our code against a straightforward implementation, timed in turns."""
