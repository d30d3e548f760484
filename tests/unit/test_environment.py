"""The lock, the conda environment and what asks for them agree."""

import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

LOCK = Path("envs/requirements.txt").read_text(encoding="utf-8")


def pins(lines):
    return {re.sub(r"\s*\\$", "", line).strip() for line in lines}


def test_conda_has_the_same_pins():
    locked = pins(line for line in LOCK.splitlines() if re.match("[a-z]", line))
    environment = yaml.safe_load(
        Path("envs/environment.yaml").read_text(encoding="utf-8")
    )
    (pip,) = [part for part in environment["dependencies"] if isinstance(part, dict)]
    assert set(pip["pip"]) == locked
    assert len(pip["pip"]) == len(locked)


def test_the_lock_is_hashed_and_names_no_address():
    entries = re.split(r"\n(?=[a-z])", LOCK)
    packages = [entry for entry in entries if re.match("[a-z]", entry)]
    assert len(packages) > 50
    assert all("--hash=sha256:" in entry for entry in packages)
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_all_that_is_asked_for_is_locked():
    asked = Path("envs/requirements.in").read_text(encoding="utf-8").splitlines()
    names = [line.strip() for line in asked if re.match("[a-z]", line)]
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert set(names) <= locked


def test_the_package_asks_for_what_the_lock_is_made_from():
    """But for what tests and lint need."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    asked = Path("envs/requirements.in").read_text(encoding="utf-8")
    pipeline_files, test_files = asked.split("# tests and form")
    names = set(re.findall("^[a-z][a-z0-9-]*", pipeline_files, re.MULTILINE))
    extras = project["optional-dependencies"]["pipeline"]
    asked_for = {re.split("[><=]", each)[0] for each in project["dependencies"]}
    # NumPy comes with others, so the lock's list leaves it out.
    assert names == {*asked_for, *extras} - {"numpy"}
    assert "pytest" in test_files


def installed(torch, folder) -> tuple[list[str], list[str]]:
    """The packages of the lock that pip is told to install, and its other arguments."""
    script = runpy.run_path("envs/install.py")
    locked, others = [], []
    for command in script["commands"](torch, folder):
        if "-r" in command:
            assert "--require-hashes" in command
            text = Path(command[-1]).read_text(encoding="utf-8")
            locked += re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
        else:
            others += command[len(script["PIP"]) :]
    return sorted(locked), others


def test_the_installation_is_the_lock_once(tmp_path):
    locked = sorted(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert installed(None, tmp_path) == (locked, [])


@pytest.mark.parametrize(
    ("torch", "source"),
    [
        ("cpu", ["--index-url", "https://download.pytorch.org/whl/cpu"]),
        ("https://mirror/torch", ["--index-url", "https://mirror/torch"]),
        ("docs", ["--no-index", "--find-links", "docs"]),
    ],
)
def test_without_cuda_only_its_libraries_are_left_out(tmp_path, torch, source):
    locked, others = installed(torch, tmp_path)
    left_out = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE)) - set(locked)
    cuda = {name for name in left_out if name.startswith(("nvidia-", "cuda-"))}
    assert left_out - cuda == {"torch", "torchvision", "triton"}
    pins = re.findall(r"^((?:torch|torchvision)==\S+)", LOCK, re.MULTILINE)
    assert others == [*source, *pins]


@pytest.mark.parametrize("ends", [["exit 0", "exit 3"], ["kill -9 $$", "exit 0"]])
def test_an_installation_of_which_a_part_fails_has_failed(monkeypatch, ends):
    script = runpy.run_path("envs/install.py")
    commands = [["sh", "-c", end] for end in ends]
    monkeypatch.setitem(
        script["main"].__globals__, "commands", lambda *arguments: commands
    )
    with pytest.raises(SystemExit) as leaving:
        script["main"]()
    assert leaving.value.code == 1


def test_the_citation_is_of_this_version():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    citation = yaml.safe_load(Path("CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert citation["keywords"]
    release = f"## {citation['version']} ({citation['date-released']})"
    assert release in Path("CHANGELOG.md").read_text(encoding="utf-8").splitlines()


# Make


@pytest.fixture
def make(tmp_path):
    """Run make where each program of the environment only prints its arguments as lines."""
    shutil.copy("Makefile", tmp_path)
    shutil.copytree("workflow/presets", tmp_path / "workflow/presets")
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/requirements.txt").touch()
    for name in ("python", "snakemake"):
        (programs / name).write_text(
            "#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8"
        )
        (programs / name).chmod(0o755)

    def run(*arguments, ready=True):
        if ready:
            (tmp_path / ".venv/ready").touch()
        return subprocess.run(
            ["make", "--silent", *arguments],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
        )

    return run


@pytest.mark.parametrize(
    "name", ["a.zip", "my archives/a.zip", 'it\'s "a".zip', "a$b;c&d", "$(HOME) $$"]
)
def test_make_hands_over_any_name(make, name):
    output = make("verify", f"ARCHIVE={name}", "CELLS=2").stdout.splitlines()
    assert output == ["-m", "tools.verify", name, "--cells", "2"]
    output = make("verify", f"ARCHIVE={name}").stdout.splitlines()
    assert output == ["-m", "tools.verify", name]
    output = make("compare", f"A={name}", "B=b c").stdout.splitlines()
    assert output == ["-m", "tools.compare", name, "b c"]
    assert make("reproduce", "CORES=3").stdout.splitlines()[-2:] == ["--cores", "3"]


def test_make_hands_over_folders_with_spaces(make):
    output = make("replication", "RESULTS='my $disk/a' \"it's\" results/b").stdout
    assert output.splitlines()[-3:] == ["my $disk/a", "it's", "results/b"]


def test_make_installs_from_any_folder(make):
    folder = "my wheels/it's"
    output = make("environment", f"TORCH={folder}", "PYTHON=python", ready=False)
    assert output.stdout.splitlines()[-2:] == ["envs/install.py", folder]


def test_make_knows_the_presets(make):
    for target in ("plan", "archive"):
        done = make(target, "PRESET=zoo")
        assert "workflow/presets/zoo.yaml" in done.stdout.splitlines()
        assert "--configfile" not in make(target).stdout
        for wrong in ("zo", "my zoo", "zoo.yaml"):
            done = make(target, f"PRESET={wrong}", ready=False)
            assert done.returncode
            assert len(done.stdout.splitlines()) == 1
            assert f"'{wrong}'" in done.stdout
            assert "zoo" in done.stdout
            assert "cifar10-long" in done.stdout
