"""The gallery: ten pictures and a derivation, each a few lines of code and what they draw. Begin with `PIECES`.

`python -m tinygrad_edu gallery --out DIR` writes the pictures, and a page with all of them, that needs no network.
"""

import inspect
from ast import get_docstring, parse
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.drawing import svg
from tinygrad_edu.errors import MissingDependencyError, RenderError
from tinygrad_edu.files import write_all_or_nothing


def expression() -> Any:
    """An expression. Every number, its gradient, and a factor of the chain rule on every arrow."""
    a, b, c = tg.Value(2.0, name="a"), tg.Value(-3.0, name="b"), tg.Value(10.0, name="c")
    d = a * b + c
    y = d * np.exp(-a)
    y.backward()
    return tg.draw(y, names=locals())


def neuron() -> Any:
    """A neuron, y = tanh(w₁x₁ + w₂x₂ + b). Data are blue, what is learned is green and rounded."""
    x1, x2 = tg.Value(2.0, name="x₁"), tg.Value(-1.0, name="x₂")
    w1, w2 = nn.Parameter(0.5, name="w₁"), nn.Parameter(1.5, name="w₂")
    b = nn.Parameter(1.0, name="b")
    y = np.tanh(w1 * x1 + w2 * x2 + b)
    y.backward()
    return tg.draw(y, names={"y": y})


def fan_out() -> Any:
    """One Value, used three times. There are two arrows for x·x; the gradient of x is the sum of what all bring."""
    x = tg.Value(3.0, name="x")
    y = x * x + x
    y.backward()
    return tg.draw(y, names=locals())


def layers_in_frames() -> Any:
    """A network with arrays. What each layer computed stands in a frame, with the shapes."""
    model = nn.MLP([2, 3, 1], rng=0)
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    J = nn.MSELoss()(model(X), np.array([[0.0], [1.0], [1.0], [0.0]]))
    J.backward()
    return tg.draw(J, names=locals())


def vanishing_gradients() -> Any:
    """Heat by |gradient|. The slope of σ is 1/4 at most: little arrives at the first weights of a deep network."""
    a = tg.Value(1.0, name="x")
    for layer in "₁₂₃₄":
        w = nn.Parameter(0.8, name=f"w{layer}")
        a = tg.sigmoid(w * a)
        a.name = f"a{layer}"
    a.backward()
    return tg.draw(a, heat=True)


def paths() -> Any:
    """All paths from x to y. The chain rule multiplies along each of them, and adds them up."""
    x = tg.Value(2.0, name="x")
    u, v = x * 3, np.sin(x)
    y = u * v + u
    y.backward()
    return tg.draw(y, names=locals(), highlight=x)


def units_and_weights() -> Any:
    """The network as on the board. Width and colour tell the weights, dashes the negative ones, +1 is the bias."""
    model = nn.MLP([1, 5, 5, 1], rng=1)
    x = np.linspace(-1, 1, 40)[:, None]
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        nn.MSELoss()(model(x), np.sin(3 * x)).backward()
        optimizer.step()
    return tg.draw(model(np.array([[0.5]])), view="neurons")


def layers() -> Any:
    """The layers of a convolutional network. Boxes tell shapes and parameters, an arrow the skip connection."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(64, 8, rng=rng), nn.Residual(nn.MLP([8, 16, 8], rng=rng)),
                          nn.Linear(8, 3, rng=rng))
    images = tg.Value(rng.normal(size=(5, 1, 8, 8)), name="images")
    J = nn.CrossEntropyLoss()(model(images), np.array([0, 1, 2, 0, 1]))
    J.backward()
    return tg.draw(J, view="modules")


def two_steps() -> Any:
    """What a step of gradient descent changed. Old and new numbers, and in colour the size of the change."""
    x, y = tg.Value(2.0, name="x"), tg.Value(1.0, name="y")
    w, b = nn.Parameter(-0.5, name="w"), nn.Parameter(0.5, name="b")
    optimizer = optim.SGD([w, b], lr=0.06)
    J = (w * x + b - y) ** 2
    J.backward()
    before = tg.draw(J, names={"J": J})
    optimizer.step()
    optimizer.zero_grad()
    J = (w * x + b - y) ** 2
    J.backward()
    return tg.draw.diff(before, tg.draw(J, names={"J": J}))  # type: ignore[attr-defined]


def steps() -> Any:
    """The chain rule, step by step. Forward node by node, then backward edge by edge: the arrow keys lead on."""
    x, w, b = tg.Value(2.0, name="x"), nn.Parameter(-1.5, name="w"), nn.Parameter(2.0, name="b")
    y = tg.sigmoid(w * x + b)
    return tg.draw(y, names=locals(), steps=True)


def derivation() -> Any:
    """The same in a table. Every use of w on the way to y is a row, with its local derivative and what it brings."""
    x, w, b = tg.Value(2.0, name="x"), nn.Parameter(-1.5, name="w"), nn.Parameter(2.0, name="b")
    y = tg.sigmoid(w * x + b)
    return tg.explain(y, wrt=w, names=locals())


PIECES: dict[str, Callable[[], Any]] = {
    "01-expression.svg": expression, "02-neuron.svg": neuron, "03-fan-out.svg": fan_out,
    "04-frames.svg": layers_in_frames, "05-heat.svg": vanishing_gradients, "06-paths.svg": paths,
    "07-units.svg": units_and_weights, "08-layers.svg": layers, "09-two-steps.svg": two_steps,
    "10-steps.html": steps, "11-derivation.tex": derivation}
"""By the file of each, in the order of the page; its docstring says in a few words, and a sentence, what is seen."""

FILES = ("index.html", *PIECES)


@dataclass(frozen=True)
class Figure:
    """A piece as part of the page."""

    caption: str
    code: str
    html: str


def run(out: Path) -> None:
    """Draw all pieces, and write them and the page `index.html` into the folder `out`, which must exist.

    Without Graphviz the page has their text instead, and says in a line what to install.
    """
    notice = ""
    figures = []
    for file, piece in PIECES.items():
        drawing = piece()
        caption, code = described(piece)
        try:
            content, html = pictured(drawing, file)
        except (MissingDependencyError, RenderError) as reason:
            html, notice = f"<pre>{escape(str(drawing))}</pre>", str(reason)
        else:
            write_all_or_nothing(out / file, content.encode())
            print(f"{out / file}: {caption.partition('. ')[0]}")
        figures.append(Figure(caption, code, html))
    if notice:
        print(f"Text in place of pictures: {notice}")
    write_all_or_nothing(out / "index.html", page(figures, notice).encode())
    print(f"{out / 'index.html'}: all of them on one page")


def pictured(drawing: Any, file: str) -> tuple[str, str]:
    """What to write into the file of a piece, and how it is shown on the page.

    Errors: MissingDependencyError without Graphviz, RenderError if it fails.
    """
    if file.endswith(".tex"):
        return f"$$\n{drawing.latex()}\n$$\n", drawing._repr_html_()
    if file.endswith(".html"):
        frame = f'<iframe src="{file}" title="step by step"></iframe>'
        return drawing.html, f'{frame}\n<p><a href="{file}">on a page of its own</a></p>'
    return drawing.svg, svg.inline(drawing.svg)


def described(piece: Callable[[], Any]) -> tuple[str, str]:
    """What a piece says of itself, and its code without that."""
    source = dedent(inspect.getsource(piece))
    function: Any = parse(source).body[0]
    first, last = function.body[1].lineno, function.body[-1].end_lineno
    caption = " ".join((get_docstring(function) or "").split())
    return caption, dedent("\n".join(source.splitlines()[first - 1:last]))


PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>tinygrad_edu: ways to look at a graph</title>
<style>
:root {{ --ground: #fefefe; --ink: #111827; --muted: #4b5563; --line: #d1d5db; --code: #f3f4f6; }}
@media screen and (prefers-color-scheme: dark) {{
  :root {{ --ground: #111827; --ink: #f3f4f6; --muted: #c3c9d3; --line: #374151; --code: #1f2937; }}
}}
body {{ max-width: 72rem; margin: 2rem auto; padding: 0 1.25rem; font-family: sans-serif; line-height: 1.5;
       background: var(--ground); color: var(--ink); }}
figure {{ margin: 3rem 0; padding-top: 1.5rem; border-top: 1px solid var(--line); break-inside: avoid; }}
a {{ color: inherit; }}
iframe {{ width: 100%; height: 38rem; border: 0; }}
figcaption {{ margin-bottom: 1rem; }}
figcaption b {{ font-size: 1.25rem; display: block; }}
figure svg {{ display: block; margin: 0 auto; max-height: 60rem; width: auto; }}
pre {{ overflow-x: auto; padding: 0.75rem 1rem; border-radius: 0.4rem; background: var(--code); font-size: 0.85rem; }}
summary {{ color: var(--muted); cursor: pointer; }}
</style>
</head>
<body>
<h1>Ways to look at a graph</h1>
<p>Each picture is drawn by the lines of Python below it. Rest the mouse on a box or an arrow: it tells more.</p>
{notice}{figures}
</body>
</html>
"""

FIGURE = """\
<figure>
<figcaption><b>{number}. {head}</b> {text}</figcaption>
{html}
<details><summary>the code</summary><pre>{code}</pre></details>
</figure>
"""


def page(figures: list[Figure], notice: str) -> str:
    """The page with all figures. It needs no network and no script."""
    parts = []
    for number, figure in enumerate(figures, start=1):
        head, _, text = figure.caption.partition(". ")
        parts.append(FIGURE.format(number=number, head=escape(head), text=escape(text),
                                   html=figure.html, code=escape(figure.code)))
    return PAGE.format(notice=f"<p><b>{escape(notice)}</b></p>\n" if notice else "", figures="\n".join(parts))
