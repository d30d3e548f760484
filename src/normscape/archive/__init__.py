"""What is kept of an experiment: checksums, Snakemake's records, archives."""
