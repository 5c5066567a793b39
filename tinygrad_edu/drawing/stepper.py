"""`Stepper`: a page that walks through a graph, forward node by node and then backward edge by edge."""

import json
import os
import re
from html import escape, unescape
from importlib.resources import files
from itertools import count
from typing import Any

from tinygrad_edu.drawing import svg
from tinygrad_edu.drawing.graph_drawing import GraphDrawing
from tinygrad_edu.drawing.labels import Summary
from tinygrad_edu.drawing.ops_view import OpsView
from tinygrad_edu.drawing.themes import AUTO, AnyTheme, Theme
from tinygrad_edu.drawing.walk import Step, Walk

GROUP = re.compile(r'<g id="[^"]*?([ne]\d+)" class="(node|edge)">')
TEXT = re.compile(r"<text ([^>]*)>([^<]*)</text>")

SIZE = re.compile(r'width="([\d.]+)pt" height="([\d.]+)pt"')

LEAST_SIZE = 0.75
"""Of what Graphviz made it: a larger picture is scrolled rather than shrunk until nobody can read it."""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: {scheme}; }}
body {{ margin: 0; padding: 1rem; }}
body, body > .tg-steps {{ background: {background}; }}
{dark}</style>
</head>
<body>
{fragment}
</body>
</html>
"""

FRAGMENT = """\
<section class="tg-steps" id="{name}" aria-label="{title}"{page}>
<style>
{style}
{colours}
{targets}
</style>
<div class="picture">{picture}</div>
<div class="controls">
<button type="button" class="first" aria-label="first step">|◀</button>
<button type="button" class="back" aria-label="step back">◀</button>
<input type="range" class="slider" min="0" max="{last}" value="0" aria-label="step">
<span class="count"></span>
<button type="button" class="next" aria-label="next step">▶</button>
<button type="button" class="last" aria-label="last step">▶|</button>
</div>
<div class="said" aria-live="polite" aria-atomic="true">
<p class="title"></p>
<p class="formula"></p>
<p class="sentence"></p>
</div>
<details open><summary>All steps</summary>
<ol>
{items}
</ol>
</details>
<script type="application/json">{data}</script>
<script>
{script}
</script>
</section>
"""

_outputs = count(1)


class Stepper(GraphDrawing):
    """What `draw(..., steps=True)` returns: a drawing that shows how each of its numbers comes about.

    `.save("steps.html")` makes a page of its own; a notebook shows the same. Keys: the arrows, Home and End, and the
    space bar. Without scripts the picture and a list of all steps are there. Everything else is that of a
    `GraphDrawing`: the picture with all gradients of one backward pass.
    """

    def __init__(self, walk: Walk, theme: AnyTheme = AUTO) -> None:
        super().__init__(OpsView(walk.picture), theme)
        self.walk = walk

    @property
    def html(self) -> str:
        """The page. It needs no network; errors as of `svg`."""
        dark = self.dark
        rule = ("@media screen and (prefers-color-scheme: dark) { body, body > .tg-steps { background: "
                f"{dark.background}; }} }}\n") if dark else ""
        return PAGE.format(title=escape(f"{self.view.title}, step by step"), background=self.theme.background,
                           dark=rule, scheme="light dark" if dark else "normal",
                           fragment=self.fragment("tg-steps", page=True))

    def fragment(self, name: str, page: bool = False) -> str:
        """The walk as a piece of HTML, all ids in which begin with a name that is there only once.

        Args:
            page: whether it is the whole page: then it listens to the keys wherever the focus is.
        """
        picture = self._marked(svg.inline(self.svg).replace(svg_name(self.svg), f"{name}-picture"))
        picture = SIZE.sub(lambda size: f'{size[0]} style="min-width: {LEAST_SIZE * float(size[1]):.0f}pt; '
                           f'min-height: {LEAST_SIZE * float(size[2]):.0f}pt"', picture, count=1)
        steps = [self._plain(step) for step in self.walk.steps]
        data = json.dumps(steps, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
        return FRAGMENT.format(
            name=name, page=" data-page" if page else "", style=_file("stepper.css"), colours=self._colours(name),
            targets="\n".join(self._target(name, k, step) for k, step in enumerate(steps)), picture=picture,
            items="\n".join(_item(name, k, step) for k, step in enumerate(steps)), last=len(steps) - 1, data=data,
            title=escape(f"{self.view.title}, step by step"), script=_file("stepper.js").replace("$ROOT", name))

    def _plain(self, step: Step) -> dict[str, Any]:
        """A step as the script wants it."""
        gradient = None if step.gradient is None else [f"\u00a0\u00a0{text}" for text in _texts(step.gradient)]
        return {"phase": step.phase, "title": step.title, "formula": step.formula, "sentence": step.sentence,
                "parts": [f"n{place + 1}" for place in step.boxes],
                "arrow": None if step.arrow is None else f"e{step.arrow + 1}",
                "gradient": gradient}

    def _marked(self, picture: str) -> str:
        """The SVG with a name for each box and arrow, and a class for each number that the steps bring in."""
        lines, kind, waiting = [], "", []  # the texts of the box's value that are still to come
        for line in picture.splitlines():
            group = GROUP.search(line)
            if group:
                part, kind = group.groups()
                line = line.replace(f'class="{kind}"', f'class="{kind}" data-part="{part}"')
                waiting = _texts(self.walk.picture.boxes[int(part[1:]) - 1].value) if kind == "node" else []
            text = TEXT.search(line)
            if text:
                shown = unescape(text[2]).strip("\u00a0 ")
                new = ""
                if f'fill="{self.theme.gradient}"' in text[1]:
                    new = "tg-gradient"
                elif kind == "edge":
                    new = "tg-rule"
                elif waiting and shown == waiting[0] and text[2][0] in " \u00a0&":  # not a name that is a number
                    new = "tg-value"
                    waiting = waiting[1:]
                line = line.replace("<text ", f'<text class="{new}" ') if new else line
            lines.append(line)
        return "\n".join(lines)

    def _target(self, name: str, k: int, step: dict[str, Any]) -> str:
        """A rule that shows, without a script, what the step is about that the address names."""
        parts = ", ".join(f'[data-part="{part}"]' for part in [*step["parts"][:1], *filter(None, [step["arrow"]])])
        return (f"#{name}:not(.scripted):has(#{name}-step-{k + 1}:target) :is({parts}) :is(polygon, path, ellipse) "
                "{ stroke: var(--highlight) !important; stroke-width: 3.5; }")

    def _colours(self, name: str) -> str:
        """The colours of the theme, and those for dark screens."""
        light = f"#{name} {{ {_variables(self.theme)} }}"
        if self.dark is None:
            return light
        dark = _variables(self.dark)
        # as in `svg`: notebooks have a mode of their own, which counts more than that of the system
        return (f"{light}\n@media screen and (prefers-color-scheme: dark) {{ "
                f'#{name}:not([data-jp-theme-light="true"] *, .vscode-light *) {{ {dark} }} }}\n'
                f'@media screen {{ :is([data-jp-theme-light="false"], .vscode-dark) #{name} {{ {dark} }} }}')

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the walk, and the text; every output has ids of its own."""
        bundle = super()._repr_mimebundle_(include, exclude)
        if "text/html" in bundle:
            # the process is in the name: outputs of an earlier one may still be in the notebook
            bundle["text/html"] = self.fragment(f"tg-steps-{os.getpid()}-{next(_outputs)}")
        return bundle


def svg_name(picture: str) -> str:
    """The id of a finished SVG, with which all others in it begin."""
    found = re.search(r'\bid="(tg-\w+)"', picture)
    assert found is not None
    return found[1]


def _texts(x: Summary) -> list[str]:
    """The numbers of a value or gradient in the order in which they stand in a box."""
    return [text for text in (*x.numbers, x.norm, x.zeros) if text]


def _item(name: str, k: int, step: dict[str, Any]) -> str:
    """A step as an item of the list of all."""
    words = [f"<b>{escape(step['title'])}.</b>", *map(escape, filter(None, (step["formula"], step["sentence"])))]
    return f'<li id="{name}-step-{k + 1}"><a href="#{name}-step-{k + 1}">{" &ensp;".join(words)}</a></li>'


def _variables(theme: Theme) -> str:
    names = {"ink": theme.ink, "muted": theme.muted, "background": theme.background, "line": theme.line,
             "quiet": theme.op, "highlight": theme.highlight}
    return " ".join(f"--{name}: {colour};" for name, colour in names.items())


def _file(name: str) -> str:
    return files("tinygrad_edu.drawing").joinpath("files", name).read_text(encoding="utf-8")
