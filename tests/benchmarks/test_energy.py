"""What sensors tell, from files and a program as a board has them."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import pytest

from matched_pairs.energy import Meter, find_meter, measure_energy

VCGENCMD = """#!/bin/sh
[ "$1" = pmic_read_adc ] || exit 1
echo '     3V3_SYS_A current(1)=0.50000000A'
echo '     VDD_CORE_A current(7)=2.00000000A'
echo '     3V3_SYS_V volt(9)=3.30000000V'
echo '     VDD_CORE_V volt(15)=0.80000000V'
echo '     EXT5V_V volt(24)=5.10000000V'
"""


def test_a_board_without_a_sensor_says_so(tmp_path: Path) -> None:
    assert find_meter(str(tmp_path)) is None


def test_the_rails_of_a_pi_5_are_added_up(tmp_path: Path) -> None:
    program = tmp_path / "usr" / "bin" / "vcgencmd"
    program.parent.mkdir(parents=True)
    program.write_text(VCGENCMD)
    program.chmod(0o755)
    meter = find_meter(str(tmp_path))
    assert meter
    assert meter.name == "pmic_read_adc"
    assert meter.watts
    assert meter.watts() == pytest.approx(0.5 * 3.3 + 2.0 * 0.8)
    calls = []

    def work() -> None:
        calls.append(1)
        sleep(0.001)

    (found,) = measure_energy(meter, [work], rounds=1, seconds=0.3)
    assert found["watts"] == pytest.approx(3.25)
    assert found["mj"] == pytest.approx(1000 * 3.25 * 0.3 / len(calls), rel=0.2)
    program.write_text("#!/bin/sh\necho 'Command not registered'\n")  # a Pi 4's
    assert find_meter(str(tmp_path)) is None


def test_a_sensor_in_the_supply_line_comes_first(tmp_path: Path) -> None:
    for number, (name, microwatts) in enumerate((("rpi_volt", ""), ("ina226", "4250000"))):
        folder = tmp_path / "sys/class/hwmon" / f"hwmon{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(name + "\n")
        (folder / "power1_input").write_text(microwatts + "\n")
    plant_rapl(tmp_path, 5)
    meter = find_meter(str(tmp_path))
    assert meter
    assert (meter.name, meter.watts and meter.watts()) == ("ina226", 4.25)


def test_a_counter_is_read_before_and_after(tmp_path: Path) -> None:
    counter = plant_rapl(tmp_path, 7_000_000)
    meter = find_meter(str(tmp_path))
    assert isinstance(meter, Meter)
    assert meter.joules

    def work() -> None:  # takes 2 mJ
        counter.write_text(str(int(counter.read_text()) + 2_000))

    (found,) = measure_energy(meter, [work], rounds=2, seconds=0.05)
    assert found["mj"] == pytest.approx(2.0)


def plant_rapl(root: Path, microjoules: int) -> Path:
    counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"
    counter.parent.mkdir(parents=True)
    counter.write_text(str(microjoules))
    return counter
