"""Probes: what is measured around a checkpoint, one file each.

A probe gets a ``Run`` that stands at a checkpoint and returns rows for tables. It works
on copies of the network: weights, running statistics and step stay as they were.
"""
