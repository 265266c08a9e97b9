"""What is asked of ressq-infer beside its peers, and whether the figures reach it."""

from __future__ import annotations

from typing import Any

from peer.registry import OURS

# Per 12-megapixel picture, int8, from file to label: how many times as fast as a peer. The others: LEAST.
TIMES = {"MediaPipe": 3.5, "plain LiteRT script": 5.0}
LEAST = 2.0
# The network alone: our time over the best peer's, at most.
NETWORK = {"int8": 1.0, "fp32": 1.1}


def find_asked(rows: list[dict[str, Any]]) -> list[str]:
    """A sentence for each demand that these rows can tell something about."""
    return [*_find_network(rows), *_find_files(rows)]


def _find_network(rows: list[dict[str, Any]]) -> list[str]:
    found = []
    for precision, most in NETWORK.items():
        peers = [
            row for row in rows
            if (row["precision"], row["column"]) == (precision, "network") and row["peer"] != OURS and "ratio" in row
        ]  # fmt: skip
        if not peers:
            continue
        best = min(peers, key=lambda row: row["ratio"][0])
        ours, ours_cpu = 1 / best["ratio"][0], 1 / best["cpu_ratio"][0]
        verdict = "reached" if ours <= most else f"more than {most}"
        within = ", within the spread" if ours > most and best["ratio"][2] >= 1 / most else ""
        found.append(
            f"{precision}, network only: {ours:.2f} x the time of the best peer, {best['peer']} ({ours_cpu:.2f} x in "
            f"processor time): {verdict}{within}"
        )
    return found


def _find_files(rows: list[dict[str, Any]]) -> list[str]:
    found = []
    for row in rows:
        if row["peer"] == OURS or (row["precision"], row["size"], row["column"]) != ("int8", "12 MP", "file"):
            continue
        if "refused" in row:
            found.append(f"{row['peer']}: not measured, {row['refused']}")
            continue
        if "ratio" not in row:  # ressq-infer itself was refused
            continue
        wanted, ratio, cpu_ratio = TIMES.get(row["peer"], LEAST), row["ratio"][0], row["cpu_ratio"][0]
        verdict = "reached" if ratio >= wanted else f"falls short of {wanted}"
        found.append(
            f"int8, 12 megapixels from file to label: {ratio:.2f} x as fast as {row['peer']} ({cpu_ratio:.2f} x in "
            f"processor time): {verdict}"
        )
    return found
