# Functions of wildcards that rules take as inputs, params and groups.


def submission(wildcards):
    """The group of the measurements of one run: on a cluster they are one job.

    Elsewhere groups would double the time that Snakemake takes to find thousands of jobs.
    """
    return None if workflow.local_exec else "probes"


def checkpoint_data(wildcards):
    """The data set that a run learns."""
    pattern = paths.data_file(config, wildcards.model)
    return pattern.format(seed=wildcards.seed)


def probe_tables_of_run(wildcards):
    return paths.run_probe_tables(config, wildcards)


def tables_of_runs(wildcards):
    return paths.run_tables(config, wildcards)


def columns(wildcards):
    return catalogue.columns(wildcards.table)


def summary_sources(wildcards):
    return paths.summary_sources(config, wildcards.table)


def summary_code(wildcards):
    return code.digests("summarise.py", f"normscape/summaries/{wildcards.table}.py")


def figure_tables(wildcards):
    return paths.figure_tables(config, wildcards.figure)


def figure_code(wildcards):
    return code.digests("figure.py", f"normscape/figures/{wildcards.figure}.py")


def figure_caption(wildcards):
    return catalogue.caption(wildcards.figure)[1]


def figure_labels(wildcards):
    return {"figure": catalogue.caption(wildcards.figure)[0]}


def settings_json(wildcards):
    return params.in_order(SETTINGS[wildcards.settings])


def claims_digest(wildcards):
    return code.file_digest(paths.CLAIMS / wildcards.file)


def download_of(wildcards):
    """The data set that an archive in downloads/ holds."""
    archives = {archive: dataset for dataset, archive in paths.downloads().items()}
    return archives[f"downloads/{wildcards.archive}"]


def download_url(wildcards):
    return config["datasets"][download_of(wildcards)]["url"]


def download_checksum(wildcards):
    return config["datasets"][download_of(wildcards)]["checksum"]


def download_help(wildcards):
    return (
        f"put the archive at downloads/{wildcards.archive}, or name the file or a folder of "
        f"images as datasets.{download_of(wildcards)}.source in the config"
    )
