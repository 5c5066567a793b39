"""What is added to the SVG that Graphviz draws: a title and a description, dark mode, and a page around it."""

import re
from hashlib import sha256
from html import escape

from tinygrad_edu.drawing.themes import Theme, recolouring

BEGIN = re.compile(r"<svg\b[^>]*>", re.DOTALL)
GRAPH_TITLE = re.compile(r'(<g id="graph0"[^>]*>\n)<title>.*</title>\n')
ID = re.compile(r'(<(?:g|a) [^>]*?\bid=")')

STYLE = """\
<style>
#{id} {{ max-width: 100%; height: auto; }}
@media screen and (prefers-color-scheme: dark) {{
{dark}
}}
@media screen {{
{dark_page}
}}
</style>
"""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ margin: 1rem; font-family: sans-serif; background: {background}; color: {ink}; }}
pre {{ overflow-x: auto; }}
{dark}
</style>
</head>
<body>
{picture}
<details><summary>as text</summary><pre>{text}</pre></details>
</body>
</html>
"""


def finished(svg: str, title: str, description: str, light: Theme, dark: Theme | None) -> str:
    """The SVG with an accessible name and description, and in dark colours where the reader has chosen these.

    Args:
        svg: as Graphviz writes it.
        title, description: for screen readers.
        light: the theme that it was drawn in.
        dark: the theme for dark screens; None to have the same colours everywhere. Paper is always light.
    """
    begin = BEGIN.search(svg)
    assert begin is not None, "Graphviz wrote no SVG"
    # two pictures on one page must not share ids, and the same picture must always be the same bytes
    name = "tg-" + sha256(f"{title}{description}{svg}".encode()).hexdigest()[:10]
    body = GRAPH_TITLE.sub(r"\1", svg[begin.end():], count=1)
    style = _style(name, body, light, dark)
    head = (f'<title id="{name}-title">{escape(title)}</title>\n<desc id="{name}-desc">{escape(description)}</desc>\n')
    attributes = f' id="{name}" role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc">'
    return svg[:begin.end() - 1] + attributes + "\n" + head + style + body


def _style(name: str, body: str, light: Theme, dark: Theme | None) -> str:
    """A stylesheet that replaces each colour of one theme by that of the other, as attributes give way to rules."""
    if dark is None:
        return f"<style>\n#{name} {{ max-width: 100%; height: auto; }}\n</style>\n"
    rules = [(kind, old, new) for old, new in recolouring(light, dark).items() for kind in ("fill", "stroke")
             if f'{kind}="{old}"' in body]
    # notebooks have a mode of their own, which counts more than that of the system
    by_system = "\n".join(f'#{name}:not([data-jp-theme-light="true"] *, .vscode-light *) [{kind}="{old}"] '
                          f"{{ {kind}: {new}; }}" for kind, old, new in rules)
    by_notebook = "\n".join(f':is([data-jp-theme-light="false"], .vscode-dark) #{name} [{kind}="{old}"] '
                            f"{{ {kind}: {new}; }}" for kind, old, new in rules)
    return STYLE.format(id=name, dark=by_system, dark_page=by_notebook)


def inline(svg: str) -> str:
    """The SVG to stand within HTML: without its preamble, in a container, every id with the name of the picture."""
    begin = BEGIN.search(svg)
    assert begin is not None
    name = re.search(r'\bid="(tg-\w+)"', svg)
    prefix = f"{name[1]}-" if name else ""
    body = ID.sub(rf"\g<1>{prefix}", svg[begin.start():])
    return f'<div class="tinygrad-edu-drawing" style="overflow-x: auto">\n{body}\n</div>'


def page(picture: str, title: str, text: str, light: Theme, dark: Theme | None) -> str:
    """A page of its own with the picture, as HTML, and, to unfold, its text. It needs no network and no script."""
    rule = f"@media screen and (prefers-color-scheme: dark) {{ body {{ background: {dark.background}; " \
           f"color: {dark.ink}; }} }}" if dark else ""
    return PAGE.format(title=escape(title), background=light.background, ink=light.ink, dark=rule,
                       picture=picture, text=escape(text))
