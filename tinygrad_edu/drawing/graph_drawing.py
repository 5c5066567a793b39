"""`GraphDrawing`: a picture that shows itself in notebooks and goes into files."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_edu.drawing import svg
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.drawing.render import render
from tinygrad_edu.drawing.themes import AUTO, THEMES, AnyTheme, find_theme
from tinygrad_edu.drawing.tikz import to_tikz
from tinygrad_edu.drawing.tikz_from_svg import tikz_from_svg
from tinygrad_edu.drawing.view import View
from tinygrad_edu.errors import ArgumentError, RenderError
from tinygrad_edu.files import write_all_or_nothing

if TYPE_CHECKING:
    from graphviz import Digraph

FORMATS = (".svg", ".png", ".pdf", ".html", ".dot", ".tex")


class GraphDrawing:
    """What `draw` returns: the picture of a computation graph, as SVG, PNG, PDF, HTML, DOT, TikZ and text.

    All but DOT, TikZ and text need Graphviz: the program `dot`, or the package pygraphviz (`tinygrad_edu[draw]`).

    Args:
        view: what to show.
        theme: its colours; "auto" for light ones that turn dark where the reader has chosen so.
        simpler: what to show instead if Graphviz needs too long for it.
        try_first: whether it may be quick enough; if it cannot, the simpler one is drawn at once.
        unfolded: the same with its folded boxes opened, to be unfolded in HTML.
    """

    def __init__(self, view: View, theme: AnyTheme = AUTO, simpler: View | None = None, *,
                 try_first: bool = True, unfolded: View | None = None) -> None:
        self.view, self.simpler, self.try_first, self.unfolded = view, simpler, try_first, unfolded
        self.theme = find_theme(theme)
        self.dark = THEMES["dark"] if theme == AUTO else None

    @cached_property
    def source(self) -> str:
        """The picture in DOT, the language of Graphviz."""
        return self.view.dot(self.theme)

    @cached_property
    def svg(self) -> str:
        """The picture in SVG, with a title and a description for who cannot see it.

        Errors: MissingDependencyError without Graphviz, RenderError if it fails.
        """
        return self._finished(*self._render("svg"))

    @property
    def html(self) -> str:
        """The picture as a page of its own, and its text; errors as of `svg`."""
        return svg.page(self._inline, self.view.title, str(self), self.theme, self.dark)

    @property
    def _inline(self) -> str:
        """The picture within HTML, and below it, to be opened, the same unfolded."""
        picture = svg.inline(self.svg)
        if self.unfolded is None:
            return picture
        try:
            drawn = render(self.unfolded.dot(self.theme), "svg")
        except RenderError:  # it takes too long; the folded one is there
            return picture
        whole = svg.inline(self._finished(drawn, self.unfolded))
        return f"{picture}\n<details><summary>unfolded</summary>\n{whole}\n</details>"

    def _finished(self, drawn: bytes, view: View) -> str:
        return svg.finished(drawn.decode(), view.title, view.description, self.theme, self.dark)

    @property
    def tikz(self) -> str:
        """The picture as a LaTeX document that draws it with TikZ; of ops it needs no Graphviz, but is better with it.

        Errors: for other views those of `svg`.
        """
        view = self.view if self.try_first or self.simpler is None else self.simpler
        picture = getattr(view, "picture", None)
        if isinstance(picture, Picture):
            return to_tikz(picture, self.theme, view.dot(self.theme))
        return tikz_from_svg(self._render("svg")[0].decode())

    def _render(self, format: str) -> tuple[bytes, View]:
        """The picture in a format, or the simpler one, and which of the two it is."""
        if self.try_first or self.simpler is None:
            try:
                return render(self.source, format), self.view
            except RenderError:
                if self.simpler is None:
                    raise
        return render(self.simpler.dot(self.theme), format), self.simpler

    def to_graphviz(self) -> "Digraph":
        """The picture as a `graphviz.Digraph`, to be changed and rendered with that package."""
        from graphviz import Digraph

        head, *body, _ = self.source.splitlines(keepends=True)
        graph = Digraph(head.removeprefix("digraph ").removesuffix(" {\n").strip('"'))
        graph.body = body
        return graph

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file; its ending chooses the format: .svg, .png, .pdf, .html, .dot or .tex.

        Errors: ArgumentError for another ending, MissingDependencyError without Graphviz (.dot needs none, nor does
        .tex of ops), RenderError if it fails, OSError if the file cannot be written. The file that was there is
        kept then.

        >>> import tempfile
        >>> import tinygrad_edu as tg
        >>> x = tg.Value(0.5, name="x")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tg.draw(tg.tanh(x)).save(f"{folder}/tanh.dot")
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise ArgumentError(f"save: the ending of {path.name!r} names no known format; "
                                f"use {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        write_all_or_nothing(path, self._as(path.suffix[1:]))

    def _as(self, format: str) -> bytes:
        if format in ("png", "pdf"):
            return self._render(format)[0]
        text = {"svg": lambda: self.svg, "html": lambda: self.html, "dot": lambda: self.source,
                "tex": lambda: self.tikz}[format]()
        return text.encode()

    def __str__(self) -> str:
        return self.view.text()

    def __repr__(self) -> str:
        return f"<drawing: {self.view.title}; print it, or .save it as .svg>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the picture, in HTML so that tooltips work, and the text; or why there is no picture."""
        try:
            return {"text/html": self._inline, "image/svg+xml": self.svg, "text/plain": str(self)}
        except Exception as reason:  # a notebook would show a stack trace and nothing of the graph
            return {"text/plain": f"{self}\n\n{reason}"}
