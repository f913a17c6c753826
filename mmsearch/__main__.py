"""``python -m mmsearch``, and the ``mmsearch`` command."""

from __future__ import annotations

from mmsearch.cli.stopping import stoppable


def main() -> None:
    """Run the command line; a signal is heeded from here on."""
    stoppable(_run)


def _run() -> None:
    from mmsearch.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
