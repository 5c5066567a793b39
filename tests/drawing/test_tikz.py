"""Pictures as TikZ: all that is in the picture, texts that cannot break LaTeX, a run of LaTeX where there is one."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.drawing.graphs import loss_of_arrays, neuron
from tests.drawing.test_render import renderer  # noqa: F401  (a fixture)
from tinygrad_edu.drawing.tikz import tex
from tinygrad_edu.drawing.tikz_from_svg import tikz_from_svg
from tinygrad_edu.errors import MissingDependencyError

HOSTILE = r"x_1 & 50% #{}~^\input{/etc/passwd}$ <b>"


def hostile():
    x = tg.Value(2.0, name=HOSTILE)
    return x * x + tg.sin(x)


def network():
    model = tg.nn.MLP([2, 3, 1], rng=0)
    return tg.nn.MSELoss()(model(np.ones((4, 2))), np.ones((4, 1)))


@pytest.fixture
def without_graphviz(monkeypatch):
    def missing(*arguments):
        raise MissingDependencyError("drawing needs Graphviz")

    monkeypatch.setattr("tinygrad_edu.drawing.tikz.render", missing)


@pytest.mark.parametrize("value", [neuron(), loss_of_arrays(), hostile(), network()])
def test_every_box_and_every_arrow_is_there_once(value):
    value.backward()
    drawing = value.draw()
    text, picture = drawing.tikz, drawing.view.picture
    assert re.findall(r"\\node\[.*?\] \((n\d+)\)", text) == [f"n{i + 1}" for i in range(len(picture.boxes))]
    arrows = [(int(a) - 1, int(b) - 1) for a, b in re.findall(r"\\draw\[.*?\] \(n(\d+)\) to.* \(n(\d+)\);", text)]
    assert arrows == [(arrow.source, arrow.target) for arrow in picture.arrows]
    assert text.count(r"\node[frame") == len(picture.frames)


@pytest.mark.parametrize("value", [neuron(), hostile(), network()])
def test_braces_and_dollars_are_balanced(value):
    for line in value.draw().tikz.splitlines():
        bare = re.sub(r"\\.", "", line)
        assert bare.count("$") % 2 == 0
    bare = re.sub(r"\\[^a-zA-Z]", "", value.draw().tikz)
    assert bare.count("{") == bare.count("}") and bare.count("[") == bare.count("]")
    assert set(re.findall(r"\\begin\{(\w+)\}", bare)) == set(re.findall(r"\\end\{(\w+)\}", bare))


@pytest.mark.parametrize(("text", "expected"), [
    ("v₁₂ = −3", "v$_{12}$ = $-$3"), ("1 − o²", "1 $-$ o$^{2}$"), ("v₂²", "v$_{2}$$^{2}$"), ("50 %", r"50 \%"),
    ("∂J/∂θ", r"$\partial $J/$\partial $$\theta $"), ("–", "--"), (r"\input{x}", r"\textbackslash{}input\{x\}"),
    ("a_b^c~#&$", r"a\_b\textasciicircum{}c\textasciitilde{}\#\&\$"),
])
def test_texts_are_escaped(text, expected):
    assert tex(text) == expected


def test_parallel_arrows_are_bent_apart():
    x = tg.Value(2.0, name="x")
    assert re.findall(r"bend (left|right)", (x * x).draw().tikz) == ["left", "right"]


def test_it_needs_no_graphviz(without_graphviz, tmp_path):
    neuron().draw().save(tmp_path / "neuron.tex")
    text = (tmp_path / "neuron.tex").read_text()
    places = {name: (float(x), float(y)) for name, x, y in re.findall(r"\((n\d+)\) at \((\S+), (\S+)\)", text)}
    assert len(set(places.values())) == len(places) == 10
    for source, target in re.findall(r"\\draw\[.*?\] \((n\d+)\) to.* \((n\d+)\);", text):
        assert places[source][0] < places[target][0]


def test_the_same_graph_gives_the_same_bytes():
    assert neuron().draw().tikz == neuron().draw().tikz


@pytest.mark.parametrize("view", ["modules", "neurons"])
def test_other_views_have_every_shape_and_every_text_of_the_svg(view, renderer):  # noqa: F811
    drawing = network().draw(view=view)
    text, svg = drawing.tikz, drawing.svg
    assert text.count(r"\path[") == len(re.findall("<(?:polygon|polyline|ellipse|path) ", svg))
    assert text.count(r"\node[") == svg.count("<text ")
    names = set(re.findall(r"[=](tg-\d+)", text))
    assert names == set(re.findall(r"\\definecolor\{(tg-\d+)\}", text))
    assert text == drawing.tikz


def test_of_a_curve_its_points_are_kept():
    svg = ('<svg xmlns="http://www.w3.org/2000/svg"><path fill="none" stroke="#0072b2" stroke-dasharray="5,2" '
           'd="M1,-2C3,4 5,6 7,8"/><polygon fill="#fefefe" points="0,0 4,0 4,2"/>'
           '<text text-anchor="start" x="0.9" y="1" font-size="2.00" fill="#111827">x₁</text></svg>')
    *_, curve, polygon, text, _, _ = tikz_from_svg(svg).splitlines()
    assert curve == (r"\path[draw=tg-1, line width=1bp, dash pattern=on 5bp off 2bp] "
                     "(1,-2) .. controls (3,4) and (5,6) .. (7,8);")
    assert polygon == r"\path[fill=tg-2, line width=1bp] (0,0) -- (4,0) -- (4,2) -- cycle;"
    assert text == (r"\node[said, anchor=base, text=tg-3] at (2,1) "  # in the middle of the polygon
                    r"{\fontsize{2bp}{2.4bp}\selectfont x$_{1}$};")


@pytest.mark.parametrize(("value", "view"), [(neuron(), "ops"), (loss_of_arrays(), "ops"), (hostile(), "ops"),
                                             (network(), "ops"), (network(), "modules"), (network(), "neurons")])
def test_latex_typesets_it(value, view, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("no LaTeX to try it with")
    value.backward()
    # the class `standalone` and its option are not everywhere
    text = value.draw(view=view).tikz.replace(r"\documentclass[tikz, border=4pt]{standalone}",
                                              r"\documentclass{article}\usepackage{tikz}")
    (tmp_path / "picture.tex").write_text(text, encoding="utf-8")
    run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "picture.tex"], cwd=tmp_path,
                         capture_output=True, timeout=60)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "picture.pdf").exists()
