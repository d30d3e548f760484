"""What the Snakefile needs: the grid, where files lie, code digests, validation.

Plain functions of the validated config, which do not import torch: every job of a cluster
reads the Snakefile anew.
"""
