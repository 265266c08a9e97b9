"""`ressq-infer --profile` and `--plot`: measures, or takes what was saved, and shows it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace


def profile_all(arguments: Namespace, path: str, origin: str) -> int:
    """Measures latency on the pictures the arguments name; prints the table, or JSON, and draws it; exit code 0.

    Raises:
        RessqError: the model or a picture can't be read, or the plot can't be written.
    """
    from ressq_runtime.answer import list_named, load_named
    from ressq_runtime.profiling import profile, render_table

    if arguments.plot:
        from ressq_runtime.plot import check_plot

        check_plot(arguments.plot)
    pictures = list_named(arguments.pictures)
    found = profile(load_named(arguments, path, origin), pictures)
    if arguments.json:
        import json

        print(json.dumps(found))
    else:
        print(render_table(found))
    if arguments.plot:
        from ressq_runtime.plot import draw_profile

        draw_profile(found, arguments.plot)
        print(f"ressq-infer: wrote {arguments.plot}", file=sys.stderr)
    return 0


def plot_saved(saved: str, path: str) -> int:
    """Draws a profile that --profile --json saved; exit code 0.

    Raises:
        RessqError: it is no profile, or the plot can't be written.
    """
    from ressq_runtime.plot import draw_profile, read_profile

    draw_profile(read_profile(saved), path)
    print(f"ressq-infer: wrote {path}", file=sys.stderr)
    return 0
