"""Reads the config from config.yaml, other files and the command line.

Snakemake keeps the last of two equal keys, and reads what ``--config`` nests as strings, so
the files and the command line are read here.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from snakemake.utils import update_config

from normscape import strict_yaml
from normscape.pipeline import config_schema
from normscape.schemas import ConfigError, choices, key_path, nearest


def load(defaults: Path, settings) -> dict:
    """The config of a workflow; ends the program on a file that can't be read.

    defaults : config.yaml. settings : Snakemake's ``workflow.config_settings``.
    """
    files, entries = list(settings.configfiles), list(settings.config_args)
    if not (settings.replace_workflow_config and (files or entries)):
        files.insert(0, defaults)
    try:
        return read(files, entries)
    except ValueError as error:
        sys.exit(str(error))


def read(files: Iterable[Path], entries: Iterable[str] = ()) -> dict:
    """Merge files, each over those before it, and KEY=VALUE entries over all files.

    Raises a YamlError for a file or value that can't be read, and a ConfigError where a
    null removes what is not there.
    """
    config = {}
    for file in files:
        _update(config, strict_yaml.read_mapping(file), file)
    for entry in entries:
        key, _, text = entry.partition("=")
        source = f"--config {key}"
        _update(config, {key: strict_yaml.parse(text, source)}, source)
    return config


def removals(config) -> list[tuple[str, ...]]:
    """The keys of models, of probes and of a probe's models that are null.

    >>> removals({"models": {"vgg": None}, "probes": {"ics": {"models": {"dln": None}}}})
    [('models', 'vgg'), ('probes', 'ics', 'models', 'dln')]
    """
    places = [("models",), ("probes",)]
    places += [("probes", p, "models") for p in config_schema.mapping(config, "probes")]
    return [
        (*place, name)
        for place in places
        for name, value in _at(config, place).items()
        if value is None
    ]


def _at(config, place) -> dict:
    for key in place:
        config = config_schema.mapping(config, key)
    return config


def _update(config, changes, source):
    for *place, name in removals(changes):
        known = _at(config, place)
        if name not in known:
            raise ConfigError(
                f"{source}: {key_path([*place, name])}: expected an existing key, because null "
                f"removes it, got none of this name; {choices(known)}{nearest(name, known)}"
            )
    update_config(config, changes)
