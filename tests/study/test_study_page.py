"""The numbers in docs/study are those of the recipes, and the page and the pictures show them."""

import csv
import re
import runpy

import pytest
from common import ROOT

from gru_addition.study.recipes import GROUPS
from gru_addition.study.report import SUMMARY_COLUMNS

TABLES = sorted((ROOT / "docs" / "study").glob("*.csv"))
PAGE = (ROOT / "docs" / "study_and_proof.md").read_text(encoding="utf-8")
PICTURES = runpy.run_path(str(ROOT / "examples" / "study_pictures.py"))

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_rows_are_those_of_a_summary_of_a_group(path):
    recipes = GROUPS[path.stem.removesuffix("_100_seeds")]
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    assert tuple(rows[0]) == SUMMARY_COLUMNS
    found = {row["recipe"] for row in rows}
    assert found < set(recipes) if path.stem.endswith("seeds") else found == set(recipes)
    for row in rows:
        if row["measure"].endswith("share"):
            count = float(row["mean"]) * int(row["seeds"])
            assert 0 <= float(row["mean"]) <= 1
            # Of one sum and of one proof, the share is a number of networks.
            assert row["test"] not in ("1024 + 16", "proof", "rounded proof") or count % 1 == 0
        if row["low"]:
            assert float(row["low"]) <= float(row["mean"]) <= float(row["high"])


def test_the_page_links_to_each_table():
    assert TABLES
    assert set(re.findall(r"\]\(study/([^)]+)\)", PAGE)) == {path.name for path in TABLES}


def test_the_page_says_what_the_tables_say():
    verdicts = {path.stem: PICTURES["verdicts_of"](path.stem) for path in TABLES}
    text, ablation = " ".join(PAGE.split()), verdicts["ablation"]

    without = [counts for recipe, counts in ablation.items() if "penalty" not in recipe]
    with_it = [counts for recipe, counts in ablation.items() if "penalty" in recipe]
    assert [sum(c["proved"] for c in half) for half in (without, with_it)] == [0, 249]
    assert sum(c["refuted"] for c in with_it) == 7
    assert "proves none of 256 networks" in text
    assert "249 of 256 are proved" in text
    hundred = verdicts["ablation_100_seeds"]
    assert hundred["tutorial + rate + penalty"]["proved"] == 98
    assert hundred["tutorial + noise + penalty"]["proved"] == 91
    assert "98 are proved without the noise and 91 without the larger rate" in text
    sizes = verdicts["sizes"]
    assert sum(counts["proved"] for counts in sizes.values() if counts["proved"] == 32) == 384
    assert all(counts["proved"] == 8 for counts in verdicts["sensitivity"].values())


def test_the_pictures_show_the_tables():
    figure = PICTURES["changes_figure"]("cells")
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "20 refuted, 12 proved" in words
    assert "30 undecided, 2 proved" in words

    (axes,) = PICTURES["sizes_figure"]().axes
    heights = [bar.get_height() for bar in axes.patches]
    assert len(heights) == 3 * 16
    assert sum(heights) == 32 * 16
