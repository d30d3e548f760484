"""Pack an experiment into a Workflow Run RO-Crate: results/NAME/NAME-DIGEST.zip.

Inside lies what the project's folder holds: the source as tracked by git, the config,
the experiment's results without checkpoints and data, and Snakemake's records of them.
Unpacked into a clone, the experiment is done. The digest is that of all content.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--name", required=True, help="of the experiment")
    command_line.add_config_argument(arguments)
    arguments.add_argument(
        "--checkpoints", action="store_true", help="checkpoints and data too"
    )
    arguments.add_argument("--output", required=True, help="the zip's path, as text")
    args = arguments.parse_args()

    import hashlib
    from pathlib import Path

    from normscape.archive import crates, records, zips
    from normscape.files import atomic

    folder = Path("results") / args.name
    results = crates.results(folder, args.checkpoints)
    source, commit = crates.source()
    files = source | {str(path): path for path in results} | records.as_files(folder)
    files["archive/config.json"] = crates.as_json(args.config, in_order=True)
    metadata = crates.metadata(args.name, files, results, commit)
    files["ro-crate-metadata.json"] = crates.as_json(metadata)
    digest = hashlib.sha256(zips.checksums(files).encode()).hexdigest()[:12]
    path = folder / f"{args.name}-{digest}.zip"
    zips.write(path, files)
    with atomic(args.output) as temporary:
        temporary.write_text(f"{path}\n", encoding="utf-8")
    print(f"{path}: {len(files)} files, {path.stat().st_size / 1e6:.1f} MB, {commit}")


if __name__ == "__main__":
    command_line.run(main)
