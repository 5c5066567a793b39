"""`step.report()`: the lines of a program as a table, with what each costs."""

from html import escape

from tinygrad_edu.compiler.measuring import Measured

WIDEST = 58


class Report:
    """What a compiled step does, line by line; print it, or show it in a notebook.

    lines: a `Line` for each, with its flops, the bytes that it moves, its seconds.
    seconds: of a whole step, the median of all runs. It is less than the sum of the lines, as to look at the clock
        after each takes time, too.
    """

    def __init__(self, name: str, found: Measured) -> None:
        self.name, self.lines, self.seconds = name, found.lines, found.seconds
        self.kept, self.buffers, self.arguments = found.kept, found.buffers, found.arguments

    @property
    def flops(self) -> float:
        """Floating point operations of a step, without those of functions that are called as a whole."""
        return sum(line.flops or 0.0 for line in self.lines)

    @property
    def moved(self) -> int:
        """Bytes that a step reads and writes."""
        return sum(line.moved for line in self.lines)

    @property
    def peak(self) -> int:
        """Bytes of all arrays that are there at the same time: arguments, what is kept from step to step, buffers."""
        return self.arguments + self.kept + self.buffers

    @property
    def product_share(self) -> float:
        """The part of the lines' time that goes to matrix products, from 0 to 1."""
        whole = sum(line.seconds for line in self.lines)
        return sum(line.seconds for line in self.lines if line.is_product) / whole if whole else 0.0

    @property
    def summary(self) -> list[str]:
        """In sentences what all lines come to."""
        rate = self.flops / self.seconds / 1e9 if self.seconds else 0.0
        return [f"{len(self.lines)} lines, {number(self.flops)} flops, {size(self.moved)} moved, "
                f"{time(self.seconds)} a step: {rate:.3g} Gflop/s",
                f"matrix products: {self.product_share:.0%} of the time",
                f"memory: {size(self.peak)} at most: {size(self.kept)} of parameters and sums, {size(self.buffers)} of "
                f"buffers, {size(self.arguments)} of arguments"]

    def _rows(self) -> list[tuple[str, ...]]:
        whole = sum(line.seconds for line in self.lines) or 1.0
        return [(line.section, line.code, line.formula, number(line.flops), size(line.moved), time(line.seconds),
                 f"{line.seconds / whole:.0%}") for line in self.lines]

    def __str__(self) -> str:
        heads = ("line", "formula", "flops", "moved", "time", "share")
        rows: list[tuple[str, ...]] = [heads]
        section = ""
        for row in self._rows():
            if row[0] != section:
                section = row[0]
                rows.append((f"----- {section} -----", "", "", "", "", ""))
            rows.append((_short(row[1]), _short(row[2]), *row[3:]))
        widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
        table = ["  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                           for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
        return "\n".join([f"{self.name}, compiled", "", *table, "", *self.summary])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = [("td", row) for row in self._rows()]
        heads: tuple[str, ...] = ("section", "line", "formula", "flops", "moved", "time", "share")
        rows = "".join("<tr>" + "".join(_cell(tag, i, text) for i, text in enumerate(row)) + "</tr>"
                       for tag, row in [("th", heads), *cells])
        said = "<br>".join(map(escape, self.summary))
        return f"<table><caption>{escape(self.name)}, compiled</caption>{rows}</table><p>{said}</p>"


def _cell(tag: str, column: int, text: str) -> str:
    inside = f"<code>{escape(text)}</code>" if column == 1 and tag == "td" else escape(text)
    return f'<{tag} style="text-align:{"left" if column < 3 else "right"}">{inside}</{tag}>'


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[:WIDEST - 4]} ..."


def number(x: float | None) -> str:
    """A count in three digits: 1.23 M; ? if it is not known."""
    return "?" if x is None else _scaled(x, 1000.0, ("", " k", " M", " G", " T"))


def size(x: float) -> str:
    """Bytes in three digits: 1.23 MiB."""
    return _scaled(x, 1024.0, (" B", " KiB", " MiB", " GiB", " TiB"))


def time(x: float) -> str:
    """Seconds in three digits: 1.23 ms."""
    return _scaled(x * 1e9, 1000.0, (" ns", " µs", " ms", " s"))


def _scaled(x: float, base: float, units: tuple[str, ...]) -> str:
    place = 0
    while abs(x) >= base and place < len(units) - 1:
        x, place = x / base, place + 1
    return f"{x:.0f}{units[place]}" if x >= 100 or x == int(x) else f"{x:.3g}{units[place]}"
