"""Since when claims have their form, in repositories made for the tests."""

import json
import os
import subprocess
from datetime import UTC, datetime

import pytest
import yaml

from normscape.archive import claim_history, provenance
from normscape.page import run_conditions

YEARS = {year: datetime(year, 1, 1, tzinfo=UTC) for year in range(2020, 2027)}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project without history; commit(year, file={id: limit, ...}, ...) adds to it."""
    (tmp_path / "src/normscape").mkdir(parents=True)
    (tmp_path / "src/normscape/__init__.py").touch()
    (tmp_path / "workflow/claims").mkdir(parents=True)
    monkeypatch.setattr(provenance, "PROJECT", tmp_path)
    return tmp_path


def write(project, words="It is smaller", **files):
    for name, limits in files.items():
        claims = [
            {
                "id": id,
                "statement": words,
                "quantity": "loss",
                "claimed": {"below": limit},
            }
            for id, limit in limits.items()
        ]
        path = project / f"workflow/claims/{name}.yaml"
        path.write_text(yaml.safe_dump({"claims": claims}), encoding="utf-8")


def commit(project, year, **files):
    write(project, **files)
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@localhost"]
    when = dict.fromkeys(
        ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{year}-01-01T00:00:00Z"
    )
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", str(year)]):
        subprocess.run([*git, *command], cwd=project, check=True, env=os.environ | when)


def since(project):
    return claim_history.declared_since((project / "workflow/claims").iterdir())


def test_a_claim_is_as_old_as_its_last_change_of_a_limit(project):
    commit(project, 2020, paper={"a": 0.8, "b": 0.8})
    commit(project, 2021, paper={"a": 0.8, "b": 0.7})
    commit(project, 2022, paper={"a": 0.8, "b": 0.7, "c": 0.5})
    actual = since(project)
    assert actual == {"a": YEARS[2020], "b": YEARS[2021], "c": YEARS[2022]}


def test_words_and_another_file_do_not_count(project):
    commit(project, 2020, paper={"a": 0.8})
    (project / "workflow/claims/paper.yaml").unlink()
    commit(project, 2021, other={"a": 0.8}, words="It is less")
    assert since(project) == {"a": YEARS[2020]}


def test_a_limit_that_comes_back_is_as_old_as_its_return(project):
    for year, limit in ((2020, 0.8), (2021, 0.7), (2022, 0.8)):
        commit(project, year, paper={"a": limit})
    assert since(project) == {"a": YEARS[2022]}


def test_what_is_not_committed_has_no_date(project):
    write(project, paper={"a": 0.8})
    assert since(project) == {"a": None}
    commit(project, 2020, paper={"a": 0.8})
    write(project, paper={"a": 0.75})
    assert since(project) == {"a": None}


def test_files_of_early_versions_that_hold_no_claims_are_passed_over(project):
    (project / "workflow/claims/paper.yaml").write_text("- a list\n", encoding="utf-8")
    commit(project, 2020)
    commit(project, 2021, paper={"a": 0.8})
    assert since(project) == {"a": YEARS[2021]}


def test_claims_younger_than_the_first_run_are_late(project, tmp_path):
    commit(project, 2020, paper={"a": 0.8})
    commit(project, 2024, paper={"a": 0.8, "b": 0.5})
    runs = []
    for year in (2025, 2022):
        runs.append(tmp_path / f"{year}.json")
        started = YEARS[year].isoformat(timespec="seconds")
        runs[-1].write_text(json.dumps({"started": started}), encoding="utf-8")
    claims = list((project / "workflow/claims").iterdir())
    assert run_conditions.declared_late(claims, runs) == {"b"}
    assert run_conditions.declared_late(claims, runs[:1]) == set()


def test_without_version_control_it_is_unknown(project):
    write(project, paper={"a": 0.8})
    assert (
        run_conditions.declared_late((project / "workflow/claims").iterdir(), [])
        is None
    )
