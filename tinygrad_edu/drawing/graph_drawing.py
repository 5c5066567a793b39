"""`GraphDrawing`: a picture that shows itself in notebooks and goes into files."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from tinygrad_edu.drawing.render import render
from tinygrad_edu.drawing.themes import AnyTheme, find_theme
from tinygrad_edu.drawing.view import View
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.files import write_all_or_nothing

FORMATS = (".svg", ".png", ".pdf", ".dot")


class GraphDrawing:
    """What `draw` returns: the picture of a computation graph, as SVG, PNG, PDF, DOT and text.

    SVG, PNG and PDF need Graphviz: the program `dot`, or the package pygraphviz (`tinygrad_edu[draw]`).
    """

    def __init__(self, view: View, theme: AnyTheme = "light") -> None:
        self.view = view
        self.theme = find_theme(theme)

    @cached_property
    def source(self) -> str:
        """The picture in DOT, the language of Graphviz."""
        return self.view.dot(self.theme)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file; its ending chooses the format: .svg, .png, .pdf or .dot.

        Errors: ArgumentError for another ending, MissingDependencyError without Graphviz (.dot needs none),
        RenderError if it fails, OSError if the file cannot be written. The file that was there is kept then.

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
        picture = self.source.encode() if path.suffix == ".dot" else render(self.source, path.suffix[1:])
        write_all_or_nothing(path, picture)

    def __str__(self) -> str:
        return self.view.text()

    def __repr__(self) -> str:
        return f"<drawing: {self.view.title}; print it, or .save it as .svg>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the picture and the text, or the text and why there is no picture."""
        try:
            return {"image/svg+xml": render(self.source, "svg").decode(), "text/plain": str(self)}
        except Exception as reason:  # a notebook would show a stack trace and nothing of the graph
            return {"text/plain": f"{self}\n\n{reason}"}
