"""The notebooks: executed in fresh kernels, they show what is committed and what they claim."""

import json
import re
import subprocess
import sys
from functools import cache

import pytest
from conftest import ROOT, environment
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(ROOT / "notebooks"))
from execute import DIRECTORY, NOTEBOOKS, WIDGET, as_saved, execute, nbformat

# Enough for the answers of the tutorial's loop to be what the text says, in a quarter of its time.
PARAMETERS = {"01_walkthrough.ipynb": {"loop_iterations": 1500}}
# What is printed in cells with these tags differs: times, and what the parameters change.
VARYING = {"timed", "shorter"}
SOLUTION = re.compile(
    r"<summary>Solution</summary>\n\n```python\n(.*?)```\n\n```text\n(.*?)```", re.S
)
# What the notebooks claim, as it must be in their kernels after the last cell.
CLAIMS = {
    "01_walkthrough.ipynb": """
assert from_bytes(ask(1024, 16, 20) > 0.5) == 1040
assert wrong_answer == from_bytes(ask(13, 12, 5) > 0.5) == 17
assert run.adder.add(1024, 16, num_bits=20) == 1040
assert run.adder.add(13, 12, num_bits=5) == 17
assert [p for p, s in zip(operands, run.adder.add_pairs(operands, 5)) if s != sum(p)] == [
    (12, 13), (13, 12)
]
assert len(history) == loop_iterations and deviation < 1e-12
assert run.history.train_losses[1000] > 0.5 > 100 * run.history.train_losses[2500]
""",
    "02_inside_the_gru.ipynb": """
assert set(ranking[:3]) == set(chosen[:3]) == {5, 7, 9}
assert readable[[5, 7, 9]].min() > 0.95 and np.delete(readable, [5, 7, 9]).max() < 0.95
assert believes([]) < 0.02 and believes(range(16)) > 0.98 and believes([5, 7, 9]) > 0.8
assert mean_z[[5, 7, 9]].min() > 0.9 and mean_z[[1, 2, 8]].max() < 0.2
assert resting_places(network) == 1 and resting_places(steady) == 2
""",
}


def sources(name):
    return nbformat.read(DIRECTORY / name, as_version=4).cells


def solutions(name):
    """The code of each solution, and what it prints."""
    found = [SOLUTION.findall(cell.source) for cell in sources(name)]
    return [solution for of_cell in found for solution in of_cell]


def printed(cell):
    """What a cell prints, and the text of its results, but not pictures and widgets."""
    texts = [output.get("text") or output.data.get("text/plain", "") for output in cell.outputs]
    return re.sub(r"0x[0-9a-f]+", "0x", "".join(texts))


@pytest.fixture(scope="module", params=NOTEBOOKS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def executed(name):
    """A notebook after a run with its parameters, its solutions and its claims."""

    @cache
    def run():
        more_cells = [code for code, _ in solutions(name)] + [CLAIMS[name]]
        try:
            return execute(name, PARAMETERS.get(name), more_cells)
        except CellExecutionError as error:
            pytest.fail(str(error))

    return run()


def test_there_are_four():
    assert [name[:2] for name in NOTEBOOKS] == ["01", "02", "03", "04"]
    assert set(NOTEBOOKS) == set(CLAIMS)


def test_it_runs_without_an_error_a_warning_or_chatter(executed):
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", f"{cell.source}\n\n{output.text}"
            assert "Warning" not in str(output.get("text")), cell.source


def test_what_is_committed_is_what_it_prints(executed, name):
    compared = 0
    for new, old in zip(executed.cells, sources(name), strict=False):
        if new.cell_type == "code" and not VARYING & set(old.metadata.get("tags", [])):
            assert printed(new) == printed(old), old.source
            compared += 1
    assert compared > 10


def test_the_solutions_print_what_they_say(executed, name):
    expected = [text for _, text in solutions(name)]
    answers = executed.cells[len(sources(name)) :][: len(expected)]

    assert 3 <= len(expected) <= 5
    assert len(expected) == sum("<details>" in cell.source for cell in sources(name))
    for cell, text in zip(answers, expected, strict=True):
        assert "".join(o.get("text", "") for o in cell.outputs).strip("\n") == text.strip("\n")


def test_it_opens_with_what_one_learns_and_how_long_it_takes(name):
    first = sources(name)[0].source

    assert first.startswith("# ")
    for heading in "What you will learn", "How long", "What you need to know":
        assert heading in first


def test_it_is_committed_from_one_run_from_top_to_bottom(name):
    code = [cell for cell in sources(name) if cell.cell_type == "code"]

    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert as_saved(nbformat.read(DIRECTORY / name, as_version=4)) == nbformat.read(
        DIRECTORY / name, as_version=4
    )


def test_nothing_in_it_is_of_the_machine_or_the_moment(name):
    text = (DIRECTORY / name).read_text()

    assert '"execution"' not in text
    assert WIDGET not in text
    assert str(ROOT) not in text
    assert set(json.loads(text)["metadata"]["language_info"]) == {"name"}


def test_cells_are_short_and_every_local_link_leads_somewhere(name):
    for cell in sources(name):
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 20, cell.source
        for target in re.findall(r"\]\((?!https?://|#)([^)]+)\)", cell.source):
            assert (DIRECTORY / target).exists(), target


def test_pictures_say_what_they_show_to_those_who_do_not_see_them(name):
    for cell in sources(name):
        assert not re.findall(r"!\[\]", cell.source)


def test_all_together_are_small():
    assert sum((DIRECTORY / name).stat().st_size for name in NOTEBOOKS) < 5_000_000


def test_the_losses_quoted_are_those_of_tensorflow_1_3_0(golden):
    (cell,) = [c for c in sources(NOTEBOOKS[0]) if c.source.startswith("tensorflow_1_3_0 = {")]
    quoted = {}
    exec(cell.source.split("for iteration")[0], quoted)

    losses = golden("tf-1.3.0", 0)["train_losses"]
    assert len(quoted["tensorflow_1_3_0"]) == 5
    for iteration, loss in quoted["tensorflow_1_3_0"].items():
        assert loss == losses[iteration]


def test_a_notebook_that_fails_is_left_as_it_was(tmp_path):
    """The script is copied, so that it finds another notebook beside it."""
    script = tmp_path / "execute.py"
    script.write_bytes((DIRECTORY / "execute.py").read_bytes())
    cell = nbformat.v4.new_code_cell("1 / 0", id="only")
    content = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    (tmp_path / "1.ipynb").write_text(content)

    process = subprocess.run(
        [sys.executable, script], env=environment(), capture_output=True, text=True, check=False
    )

    assert process.returncode == 1
    assert "1.ipynb fails, and is left as it was" in process.stderr
    assert "ZeroDivisionError" in process.stderr
    assert (tmp_path / "1.ipynb").read_text() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.ipynb", "execute.py"]
