"""Run the benchmarks named on the command line, or all of them; ``--list`` shows what there is.

What else is written after the name of one is for it: ``recording --output FILE``.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pkgutil import iter_modules

import benchmarks
from benchmarks.shared.figures import machine, print_figures

# Quick ones first; those that fill the disk or take minutes last.
ORDER = (
    "cold_start",
    "indexing",
    "search",
    "memory",
    "crash",
    "unchanged",
    "quality",
    "calibration",
    "install",
)


def main() -> None:
    """Parse the command line, run, print a table for each benchmark."""
    names = [*ORDER, *sorted(_others())]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(names)}; none means all")
    parser.add_argument("--list", action="store_true", help="say what each measures, and end")
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 = a tenth of the items: for trying out")
    arguments, own = parser.parse_known_args()
    if unknown := sorted(set(arguments.name) - set(names)):
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(names)}")
    if own:
        of_one = import_module(f"benchmarks.{arguments.name[0]}") if len(arguments.name) == 1 else None
        if not hasattr(of_one, "main"):
            parser.error(f"not understood: {' '.join(own)}")
        of_one.main(own)
        return
    if arguments.list:
        for name in names:
            print(f"{name:12} {_summary(name)}")
        return
    for name in arguments.name or names:
        module = import_module(f"benchmarks.{name}")
        print(f"\n## {name}: {_summary(name)}\n\n{machine()}", flush=True)
        if hasattr(module, "measure"):
            print_figures(module.measure(arguments.scale))
        else:
            module.main()
        print(machine(), flush=True)


def _others() -> set[str]:
    """Further benchmarks: modules with a ``measure`` or ``main``, found without importing them."""
    found = {module.name for module in iter_modules(benchmarks.__path__)}
    return found - set(ORDER) - {"__main__", "shared"}


def _summary(name: str) -> str:
    return (import_module(f"benchmarks.{name}").__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    main()
