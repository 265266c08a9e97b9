"""What a board says of itself, read from a fake tree on disk."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from ressq_runtime.profiling.device import describe_device, peak_memory_mb

PI5 = {
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 108.00\n",
    "proc/meminfo": "MemTotal:        8245292 kB\nMemFree: 1 kB\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n',
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "2400000\n",
    "sys/class/thermal/thermal_zone0/temp": "61250\n",
    "sys/class/thermal/thermal_zone1/temp": "-274\n",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "50005\n",
}


def write_tree(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


def with_vcgencmd(root: Path, script: str) -> str:
    tree = write_tree(root, {"usr/bin/vcgencmd": f"#!/bin/sh\n{script}\n"})
    (root / "usr/bin/vcgencmd").chmod(0o755)
    return tree


def test_a_pi_is_described_from_its_files(tmp_path: Path) -> None:
    device = describe_device(write_tree(tmp_path, PI5))
    assert device.model == "Raspberry Pi 5 Model B Rev 1.0"
    assert device.os == "Debian GNU/Linux 12 (bookworm)"
    assert (device.governor, device.frequency_mhz, device.temperature_c) == ("ondemand", 2400.0, 61.25)
    assert device.memory_mb == 8052
    assert device.throttled == (
        "under-voltage now",
        "throttled now",
        "under-voltage has occurred",
        "throttling has occurred",
    )
    assert device.python.startswith(platform.python_implementation())


def test_what_speaks_against_repeating_is_a_warning(tmp_path: Path) -> None:
    warnings = describe_device(write_tree(tmp_path, PI5)).warnings
    assert warnings[0] == "governor is ondemand, not performance"
    assert "throttled now" in warnings
    assert "under-voltage has occurred" in warnings


def test_a_board_at_its_best_has_no_warning(tmp_path: Path) -> None:
    calm = {name: "performance" if name.endswith("governor") else text for name, text in PI5.items()}
    firmware = next(name for name in PI5 if name.endswith("get_throttled"))
    device = describe_device(write_tree(tmp_path, {**calm, firmware: "0"}))
    assert device.throttled == ()
    assert device.warnings == []


def test_cores_with_different_governors_are_named_together(tmp_path: Path) -> None:
    mixed = {**PI5, "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave"}
    assert describe_device(write_tree(tmp_path, mixed)).governor == "ondemand/powersave"


def test_a_system_that_tells_nothing_is_described_all_the_same(tmp_path: Path) -> None:
    device = describe_device(str(tmp_path))
    assert device.model
    assert device.os
    assert device.cores >= 1
    told = (device.governor, device.frequency_mhz, device.temperature_c, device.throttled, device.memory_mb)
    assert told == (None,) * 5
    assert device.warnings == []


def test_without_a_device_tree_the_cpu_is_named(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"proc/cpuinfo": "processor: 0\nmodel name: Some CPU\nprocessor: 1\nmodel name: X\n"})
    assert describe_device(tree).model == "Some CPU"


def test_the_firmware_is_asked_where_the_kernel_does_not_show_its_word(tmp_path: Path) -> None:
    tree = with_vcgencmd(tmp_path, 'test "$1" = get_throttled && echo throttled=0x20002')
    assert describe_device(tree).throttled == ("frequency capped now", "frequency capping has occurred")


@pytest.mark.parametrize("script", ["echo VCHI initialization failed; exit 1", "echo throttled=", "exit 127"])
def test_a_firmware_that_does_not_answer_tells_nothing(tmp_path: Path, script: str) -> None:
    assert describe_device(with_vcgencmd(tmp_path, script)).throttled is None


def test_a_firmware_tool_that_is_no_program_tells_nothing(tmp_path: Path) -> None:
    assert describe_device(write_tree(tmp_path, {"usr/bin/vcgencmd": "no program"})).throttled is None


@pytest.mark.parametrize("text", ["", "garbage", "12.5", "<unknown>"])
def test_numbers_that_are_none_are_left_out(tmp_path: Path, text: str) -> None:
    names = [name for name in PI5 if name.endswith(("temp", "cur_freq", "meminfo", "get_throttled"))]
    device = describe_device(write_tree(tmp_path, dict.fromkeys(names, text)))
    assert (device.frequency_mhz, device.temperature_c, device.memory_mb, device.throttled) == (None,) * 4


def test_the_description_is_json(tmp_path: Path) -> None:
    found = json.loads(json.dumps(describe_device(write_tree(tmp_path, PI5)).to_json()))
    assert found["temperature_c"] == 61.25
    assert found["warnings"][0] == "governor is ondemand, not performance"


def test_peak_memory_is_the_systems_own_figure(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"proc/self/status": "Name:\tpython3\nVmHWM:\t   29696 kB\nVmRSS:\t 1 kB\n"})
    assert peak_memory_mb(tree) == 29.0


def test_peak_memory_without_proc_comes_from_the_operating_system(tmp_path: Path) -> None:
    found = peak_memory_mb(str(tmp_path))
    assert found is not None
    assert 5 < found < 100_000
