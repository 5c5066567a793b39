"""README.md: its code gives what it says, its picture is what its code draws, its links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import MissingDependencyError

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(text):
    """Run the examples of a text; returns how many failed, a report of that, and the names that they made."""
    report = []
    test = doctest.DocTestParser().get_doctest(text, {}, "README.md", str(ROOT / "README.md"), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test, out=report.append, clear_globs=False)
    return runner.failures, "".join(report), test.globs


def test_the_code_gives_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # a line that ends a code block would count as output
    failures, report, _ = run(re.sub("^```.*$", "", README, flags=re.MULTILINE))
    assert failures == 0, report
    assert not list(tmp_path.iterdir())


def test_the_picture_is_the_one_that_the_code_draws(tmp_path):
    first_block = re.search(r"^```pycon\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    failures, report, names = run(first_block[1])
    assert failures == 0, report
    try:
        tg.draw(names["y"]).save(tmp_path / "neuron.svg")
    except MissingDependencyError:
        pytest.skip("no Graphviz to draw with")
    # texts and not bytes: each version of Graphviz places them a little differently
    drawn, shown = (re.findall(r"<text[^>]*>(?:\s|&#160;)*(.*?)(?:\s|&#160;)*</text>", path.read_text(encoding="utf-8"))
                    for path in (tmp_path / "neuron.svg", ROOT / "notebooks" / "pictures" / "neuron.svg"))
    assert "∂v₁/∂w₁ = x₁ = 2" in shown
    assert sorted(drawn) == sorted(shown)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_links_lead_to_files(link):
    assert (ROOT / link).exists()
