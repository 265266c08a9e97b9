"""Two reports of one board: the same verdict, the same ratios?"""

from __future__ import annotations

from typing import Any

# Two runs on a quiet board agree within this.
TOLERANCE = 0.10
_BOARD = ("model", "machine", "cores")


def compare(first: dict[str, Any], second: dict[str, Any]) -> tuple[list[str], bool]:
    """Lines to print, and whether verdict and all ratios on one thread agree within TOLERANCE.

    Raises:
        SystemExit: the reports are of different boards or files, or share no ratio.
    """
    boards = [tuple(str(report["machine"][key]) for key in _BOARD) for report in (first, second)]
    if boards[0] != boards[1]:
        raise SystemExit(
            f"found {', '.join(boards[0])} and {', '.join(boards[1])}, wanted two reports of one board: "
            "times of different boards say nothing about the files"
        )
    made = [{kind: about["sha256"] for kind, about in report["artefacts"].items()} for report in (first, second)]
    if made[0] != made[1]:
        raise SystemExit("found reports of different files, wanted two of the same artefacts")
    ships = [report["verdict"]["ship"] for report in (first, second)]
    lines = [f"verdict: ship {ships[0]}, ship {ships[1]}"]
    agree = ships[0] == ships[1]
    ratios = [{(row["format"], row["engine"], row["threads"]): row for row in r["ratios"]} for r in (first, second)]
    shared = [key for key in ratios[0] if key in ratios[1]]
    if not shared:
        raise SystemExit("found no ratio in both reports, wanted the same engines and formats")
    for key in shared:
        one, other = (row[key]["inference_cpu"][0] for row in ratios)
        change = other / one - 1
        # More threads than one spin while they wait for each other, which is no work of the files'.
        within = abs(change) <= TOLERANCE
        agree = agree and (within or key[2] != 1)
        lines.append(
            f"fp32 / int8 in processor time, {key[0]} in {key[1]}, {key[2]} threads: "
            f"{one:.2f} and {other:.2f}, {change:+.1%}{'' if within else f', more than {TOLERANCE:.0%}'}"
        )
    return lines, agree
