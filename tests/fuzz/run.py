"""Feeds a target with mutations of its corpus for some seconds, in this process, whose memory is measured.

    python tests/fuzz/run.py picture --seconds 300
    python tests/fuzz/run.py picture --seconds 0 --seed 4711       one input once more

Input number N is the same on every machine. A finding ends the process with an exit code other than 0: another
exception than the target may raise, HANG_S without an answer, MOST_MEMORY_MB exceeded, a crash. The file
.fuzz-TARGET.seed in the working folder then holds the number.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time
from pathlib import Path

from targets import TARGETS

from ressq_runtime.profiling.device import peak_memory_mb

HANG_S = 20.0  # for BATCH inputs
BATCH = 50
MOST_MEMORY_MB = 512.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=0, help="number of the first input")
    arguments = parser.parse_args(argv)
    target = TARGETS[arguments.target]
    faulthandler.enable()
    seeds, kept = target.seeds(), Path(f".fuzz-{arguments.target}.seed")
    end, seed, refused = time.monotonic() + arguments.seconds, arguments.seed, 0
    with kept.open("w") as number:
        while seed == arguments.seed or time.monotonic() < end:
            if (seed - arguments.seed) % BATCH == 0:
                faulthandler.dump_traceback_later(HANG_S, exit=True)
            number.seek(0)
            number.write(f"{seed:<12}\n")
            number.flush()  # before: a crash leaves it behind
            try:
                target.read(target.make_input(seeds, seed))
            except target.allowed:
                refused += 1
            if (peak := peak_memory_mb() or 0.0) > MOST_MEMORY_MB:
                print(f"{arguments.target}: {peak:.0f} MiB after input {seed}", file=sys.stderr)
                return 1
            seed += 1
    faulthandler.cancel_dump_traceback_later()
    kept.unlink()
    count = seed - arguments.seed
    print(f"{arguments.target}: {count} inputs, {refused} refused, peak {peak_memory_mb() or 0:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
