"""What the README and the pages of docs show is what the programs print."""

import re
import shlex
import subprocess
from dataclasses import fields

import pytest
from common import ROOT, contents, run_code, run_module

from gru_addition import cli
from gru_addition.config import Config

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
BLOCKS = [text for _, text in re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)]
COMMANDS = {text for text in BLOCKS if text.startswith("$ ")}
LINKED_FROM = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md")),
               *(path for name in ("benchmarks", "notebooks", "tests/golden")
                 for path in (ROOT / name).glob("*.md"))]  # fmt: skip


def test_the_session_shown_is_the_commands_output(default_command):
    process, _ = default_command
    shown = [text for text in BLOCKS if "Iteration: 0," in text]
    without_time = re.compile(r"in \d+\.\d s")

    assert shown
    printed = without_time.sub("", process.stdout).splitlines()
    for line in without_time.sub("", "".join(shown)).splitlines():
        assert line == "..." or line in printed


@pytest.mark.posix
def test_the_commands_shown_print_what_is_shown(default_command):
    _, directory = default_command

    assert len(COMMANDS) == 3
    for text in COMMANDS:
        command, output = text.removeprefix("$ ").split("\n", 1)
        before, _, command = command.rpartition(" | ")
        stdin = subprocess.check_output(["bash", "-c", before], text=True)
        python, option, module, *arguments = shlex.split(command)
        process = run_module(module, *arguments, cwd=directory, input=stdin)
        assert (python, option) == ("python", "-m")
        assert process.stdout + process.stderr == output


def test_the_python_code_that_asks_for_a_sum_prints_the_columns_shown(default_command):
    _, directory = default_command
    (code,) = {text for text in BLOCKS if "add(13, 12)" in text}
    (columns,) = {text for text in BLOCKS if "add 13 12 --show-bits" in text}

    printed = run_code(code, cwd=directory)

    assert printed.splitlines() == columns.splitlines()[1:-1]


def test_the_commands_listed_are_those_of_the_package_and_of_the_script():
    readme, pyproject = ((ROOT / name).read_text() for name in ("README.md", "pyproject.toml"))
    (paragraph,) = re.findall(r"^(`python -m gru_addition train` .*?)\n\n", readme, re.M | re.S)

    listed = re.findall(r"`(?:python -m gru_addition )?([a-z]+)`", paragraph)
    assert sorted(listed) == sorted(cli.COMMANDS)
    # It ends as `python -m gru_addition` does, in the same function.
    assert '\ngru-addition = "gru_addition.cli:main"\n' in pyproject


def test_the_files_listed_are_those_of_a_run(default_command):
    _, directory = default_command
    (table,) = re.findall(r"^`runs/latest` then holds\n\n(.*?)\n\n", TEXT, re.M | re.S)
    listed = re.findall(r"`([^`]+)`", "".join(row.split("|")[1] for row in table.splitlines()))

    assert sorted(listed) == sorted(contents(directory / "runs" / "latest"))


def test_the_settings_listed_are_those_of_a_run():
    page = (ROOT / "docs" / "runs_and_files.md").read_text()
    listed = re.findall(r"^\| `--([a-z-]+)`", page, re.MULTILINE)

    assert listed == [*(field.name.replace("_", "-") for field in fields(Config)), "output-dir"]


@pytest.mark.parametrize("page", LINKED_FROM, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page):
    targets = re.findall(r"\]\((?!https://)([^)#]+)", page.read_text())

    for target in targets:
        assert (page.parent / target).exists(), target
