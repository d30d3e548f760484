"""What the Snakefile needs: the grid, where files lie, code digests, validation.

Plain functions of the validated config, which import neither torch nor pandas: every job
of a cluster reads the Snakefile anew.
"""
