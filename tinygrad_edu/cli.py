"""The command line: its commands, what they take, and what is checked before one of them starts."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

from tinygrad_edu.errors import TinygradError

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
"""Exit codes. The last one is what shells say of a program that Ctrl-C has ended."""


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong with an argument; argparse would print the usage, too."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, as in `main(["demo", "--epochs", "5"])`; by default the one given to the shell.

    Returns: the exit code, 0 if all went well, 1 if not, 130 after Ctrl-C.

    Errors: SystemExit with code 2 for a bad argument, after one line on stderr, before anything else is done.
    """
    parser = Parser(prog="python -m tinygrad_edu", description="Neural networks on NumPy, made to be read.")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add_demo(commands)
    add_doctor(commands)
    add_gallery(commands)
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("\nStopped by Ctrl-C.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads on, as in `... demo | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its exit
        return FAILED
    except (TinygradError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return FAILED


def add_demo(commands: "argparse._SubParsersAction[Parser]") -> None:
    """The command `demo`: train a network on handwritten digits, and show it."""
    parser = commands.add_parser(
        "demo", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        help="train a network to read handwritten digits",
        description="Train a network to read handwritten digits, compare its gradients with those derived "
                    "by hand, and write model.npz, loss.png, digits.png and graph.svg.",
        epilog="Ctrl-C ends the training early: what was learned so far is tested and saved, and the exit "
               f"code is {INTERRUPTED}.")
    add_folder(parser, "demo-output")
    parser.add_argument("--epochs", metavar="N", type=whole_number(least=1), default=30,
                        help="how many times the network sees every training image")
    parser.add_argument("--seed", metavar="N", type=whole_number(least=0), default=0,
                        help="of all that is random: the split, the first weights, the order of the images")

    def run(options: argparse.Namespace) -> int:
        from tinygrad_edu import demo  # here, so that no other command waits for it

        check_folder(parser, options.out, demo.FILES)
        return 0 if demo.run(options.out, options.epochs, options.seed) else INTERRUPTED

    parser.set_defaults(run=run)


def add_gallery(commands: "argparse._SubParsersAction[Parser]") -> None:
    """The command `gallery`: all kinds of pictures of a graph, and a page with them."""
    parser = commands.add_parser(
        "gallery", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        help="draw ten pictures of graphs and networks, with the code of each",
        description="Draw graphs and networks in every way that there is, and write the pictures and index.html, a "
                    "page with all of them and their code.")
    add_folder(parser, "gallery")

    def run(options: argparse.Namespace) -> int:
        from tinygrad_edu import gallery

        check_folder(parser, options.out, gallery.FILES)
        gallery.run(options.out)
        return 0

    parser.set_defaults(run=run)


def add_folder(parser: Parser, default: str) -> None:
    """The option `--out`."""
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(default),
                        help="folder for the files, made if it is not there")


def add_doctor(commands: "argparse._SubParsersAction[Parser]") -> None:
    """The command `doctor`: what is installed here, and what would make it faster."""
    parser = commands.add_parser(
        "doctor", help="tell what is installed here, and what would make it faster",
        description="Show versions, CPU, threads, BLAS, what draws pictures, and the optional libraries that are "
                    "missing; time a matrix product with the kernels of OpenBLAS that suit this CPU, and say what to "
                    "set to be faster. It takes a few seconds.")

    def run(options: argparse.Namespace) -> int:
        from tinygrad_edu import doctor

        doctor.run()
        return 0

    parser.set_defaults(run=run)


def check_folder(parser: Parser, folder: Path, names: Sequence[str]) -> None:
    """`make_room`; a folder that cannot be written into is a bad argument."""
    try:
        make_room(folder, names)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        parser.error(f"argument --out: cannot write into {str(folder)!r}: {reason}")


def whole_number(least: int) -> Callable[[str], int]:
    """The `type` of an argument that is a whole number, `least` or more."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"must be a whole number, {least} or more, got {text!r}")
        return number

    return parse


def make_room(folder: Path, names: Sequence[str]) -> None:
    """Make a folder if it is not there, and make sure that files of these names can be written into it.

    Errors: OSError if they cannot, ValueError for a path that no file can have.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError("it is a file")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / name).is_dir():
            raise IsADirectoryError(f"a folder named {name} is in the way")
    with TemporaryFile(dir=folder):
        pass
