"""Why does normalisation help optimisation? The library behind the pipeline.

It knows nothing of Snakemake, of where files live or of command lines: the
scripts in ``src/`` bring those, and the rules in ``workflow/`` call the scripts.
"""
