"""Pack an experiment into a Workflow Run RO-Crate: results/NAME/NAME-DIGEST.zip.

An archive holds the project's source, the config, the results of this config without checkpoints
and data, and Snakemake's records of them. If it is unpacked into a clone, the experiment is complete
there. DIGEST is that of all content.
"""

from normscape.jobs import command_line


def main():
    arguments = command_line.parser(__doc__)
    arguments.add_argument("--name", required=True, help="name of the experiment")
    command_line.add_config_argument(arguments)
    arguments.add_argument(
        "--checkpoints", action="store_true", help="include checkpoints and data"
    )
    arguments.add_argument(
        "--output", required=True, help="text file for the path of the zip"
    )
    args = arguments.parse_args()

    import hashlib
    from pathlib import Path

    from normscape.archive import contents, crates, names, provenance, records, zips
    from normscape.files import atomic

    folder = Path("results") / args.name
    made = dict.fromkeys(contents.outputs(args.config))
    recorded = [r for r in records.read(folder) if str(r.output) in made]
    if not recorded:
        raise ValueError(
            f".snakemake: expected records of {folder}, got none; run the experiment here"
        )
    wanted = [m for m in made if args.checkpoints or not contents.is_checkpoint(m)]
    results = {names.in_archive(m): Path(m) for m in wanted if Path(m).is_file()}
    source = provenance.source()
    packed = contents.packed_source(source.files)
    files = packed | results | records.as_files(folder, made)
    files[crates.CONFIG] = crates.as_json(args.config, in_order=True)
    metadata = crates.metadata(
        args.name, files, list(results), recorded, source.commit, source.added
    )
    files["ro-crate-metadata.json"] = crates.as_json(metadata)
    digest = hashlib.sha256(zips.checksums(files).encode()).hexdigest()[:12]
    path = folder / f"{args.name}-{digest}.zip"
    zips.write(path, files)
    with atomic(args.output) as temporary:
        temporary.write_text(f"{path}\n", encoding="utf-8")
    size = path.stat().st_size / 1e6
    print(f"{path}: {len(files)} files, {size:.1f} MB, {source.commit}")
    for what, listed in (
        ("packed, but not in the commit", source.added),
        ("left out, not made by this config", contents.others(args.config)),
        ("missing", [m for m in wanted if m not in results]),
    ):
        if listed:
            print(f"{what}: {len(listed)} files ({names.enumerate_names(listed)})")


if __name__ == "__main__":
    command_line.run(main)
