"""The commit that the source is said to be: this project's own, or none."""

import os
import subprocess
from pathlib import Path

import pytest

from normscape.archive import provenance
from normscape.archive.provenance import NO_COMMIT

FILES = ("Snakefile", "config.yaml", "README.md", "src/normscape/__init__.py")


def git(folder: Path, *arguments) -> str:
    author = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
    allowed = ("-c", "protocol.file.allow=always")
    return subprocess.run(
        ["git", *author, *allowed, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout.strip()


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n", encoding="utf-8")
    return folder


def commit(folder: Path) -> str:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all", "--allow-empty")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def source(monkeypatch):
    """source(folder): that of the project in a folder."""

    def of(folder):
        monkeypatch.setattr(provenance, "PROJECT", folder)
        return provenance.source()

    return of


@pytest.fixture
def project(tmp_path) -> Path:
    return write(tmp_path / "project", *FILES)


def test_a_repository_of_its_own(project, source):
    name = commit(project)
    write(project, "notes.txt", "results/tiny/a.csv", "src/normscape/__pycache__/a.pyc")
    assert source(project) == (sorted(FILES), name, [])


@pytest.mark.parametrize("mark", [None, "--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("staged", [False, True])
def test_files_that_differ_are_changes(project, source, staged, mark):
    name = commit(project)
    if mark:
        git(project, "update-index", mark, "README.md")
    (project / "README.md").write_text("another\n", encoding="utf-8")
    if staged:
        git(project, "add", "--all")
    assert source(project) == (sorted(FILES), f"{name}, with changes", [])


def test_touched_files_are_no_changes(project, source):
    name = commit(project)
    os.utime(project / "README.md", (1, 1))
    assert source(project).commit == name


def test_a_file_that_is_gone_is_a_change(project, source):
    name = commit(project)
    (project / "README.md").unlink()
    actual = source(project)
    assert "README.md" not in actual.files
    assert actual.commit == f"{name}, with changes"


@pytest.mark.parametrize("ignored", [False, True])
def test_parts_that_git_does_not_track_are_changes(project, source, ignored):
    if ignored:
        (project / ".gitignore").write_text("mine*\n", encoding="utf-8")
    name = commit(project)
    mine = ["src/normscape/norms/mine.py", "workflow/claims/mine.yaml"]
    write(project, *mine, "mine.txt", "docs/mine.md")
    write(
        project, "src/normscape.egg-info/PKG-INFO", "src/normscape/norms/.mine.py.swp"
    )
    actual = source(project)
    assert actual.commit == f"{name}, with changes"
    assert actual.added == mine
    assert set(mine) < set(actual.files)
    assert not {"mine.txt", "docs/mine.md"} & set(actual.files)


def test_a_new_file_in_the_index_is_a_change(project, source):
    name = commit(project)
    write(project, "docs/new.md")
    git(project, "add", "docs/new.md")
    actual = source(project)
    assert (actual.commit, actual.added) == (f"{name}, with changes", ["docs/new.md"])


@pytest.mark.parametrize("how", ["nothing", "untracked", "committed", "broken .git"])
def test_another_repository_around_it_is_not_its_own(tmp_path, source, how):
    if how != "nothing":
        commit(tmp_path)
    project = write(tmp_path / "project", *FILES, "other.txt")
    if how == "committed":
        commit(tmp_path)
    if how == "broken .git":
        (project / ".git").mkdir()
    actual = source(project)
    assert actual.commit.startswith(NO_COMMIT)
    assert actual.files == sorted(FILES)


def test_a_repository_of_something_else_in_its_folder(tmp_path, source):
    write(tmp_path, "Snakefile", "paper.tex")
    commit(tmp_path)
    assert source(write(tmp_path, *FILES)).commit == NO_COMMIT


@pytest.mark.parametrize("how", ["submodule", "worktree", "shallow", "linked"])
def test_other_ways_to_have_a_repository(tmp_path, project, source, how):
    name = commit(project)
    if how == "submodule":
        outer = tmp_path / "outer"
        outer.mkdir()
        commit(outer)
        git(outer, "submodule", "--quiet", "add", str(project), "inner")
        commit(outer)
        place = outer / "inner"
    elif how == "worktree":
        place = tmp_path / "worktree"
        git(project, "worktree", "add", "--quiet", "--detach", str(place))
    elif how == "shallow":
        place = tmp_path / "shallow"
        git(tmp_path, "clone", "--quiet", "--depth=1", project.as_uri(), str(place))
    else:
        place = tmp_path / "linked"
        place.symlink_to(project)
    assert source(place) == (sorted(FILES), name, [])


def test_variables_of_a_hook_do_not_mislead(tmp_path, project, source, monkeypatch):
    name = commit(project)
    other = write(tmp_path / "other", "a.txt")
    commit(other)
    for variable, value in {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_INDEX_FILE": other / ".git/index",
        "GIT_COMMON_DIR": other / ".git",
        "GIT_OBJECT_DIRECTORY": other / ".git/objects",
        "GIT_NAMESPACE": "other",
        "GIT_PREFIX": "x/",
        "GIT_CONFIG_COUNT": "nonsense",
    }.items():
        monkeypatch.setenv(variable, str(value))
    assert source(project) == (sorted(FILES), name, [])


def test_hooks_and_monitors_of_the_repository_are_not_run(project, source, tmp_path):
    name = commit(project)
    hook = project / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    git(project, "config", "core.fsmonitor", str(hook))
    before = (project / ".git/index").read_bytes()
    assert source(project).commit == name
    assert not (tmp_path / "ran").exists()
    assert (project / ".git/index").read_bytes() == before


def test_without_git(project, source, monkeypatch):
    commit(project)
    monkeypatch.setenv("PATH", "")
    actual = source(project)
    assert actual.commit.startswith(NO_COMMIT)
    assert actual.files == sorted(FILES)


@pytest.mark.parametrize("damage", ["no commit", "HEAD", "objects", "index", ".git"])
def test_a_repository_that_cannot_be_read(project, source, damage):
    if damage == "no commit":
        git(project, "init", "--quiet")
    else:
        commit(project)
    if damage == "HEAD":
        (project / ".git/HEAD").write_text("nonsense", encoding="utf-8")
    if damage == "objects":
        (project / ".git/objects").rename(project / "objects")
    if damage == "index":
        (project / ".git/index").write_bytes(b"nonsense" * 9)
    if damage == ".git":
        (project / ".git").rename(project.with_name("git"))
        (project / ".git").write_text("gitdir: /nowhere\n", encoding="utf-8")
    actual = source(project)
    assert actual.commit.startswith(f"{NO_COMMIT} (git: ")
    assert "\n" not in actual.commit
    assert actual.files == sorted(FILES)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_clone_of_another_owner(project, source):
    name = commit(project)
    for path in (project, *project.rglob("*")):
        os.chown(path, 65534, 65534)
    assert source(project).commit == name


def test_a_folder_that_cannot_be_read_does_not_stop_the_page(project, monkeypatch):
    def refuse():
        raise PermissionError(13, "Permission denied", "src/normscape/norms")

    monkeypatch.setattr(provenance, "source", refuse)
    assert "src/normscape/norms" in provenance.commit()


def test_the_places_without_git_are_those_of_the_project():
    tracked = subprocess.run(
        ["git", "ls-files"], capture_output=True, encoding="utf-8", check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("not under version control")
    hidden = {name for name in tracked if name.startswith(".")}
    there = {name for name in tracked if Path(name).is_file()}
    assert there - hidden <= set(provenance._present())
