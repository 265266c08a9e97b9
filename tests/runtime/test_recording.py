"""Recordings as loggers and spreadsheets save them; what is wrong in one is named with its line, never mended."""

from __future__ import annotations

import struct
import wave as wav
from array import array
from pathlib import Path

import numpy as np
import pytest

from ressq_runtime.errors import RecordingError
from ressq_runtime.inputs.recording import make_recording, read_recording, windows
from ressq_runtime.inputs.recording_table import read_table

CLEAN = "time,ax,wx\n" + "".join(f"{n / 50:.2f},{n},{-n}\n" for n in range(10))


def save(path: Path, text: str, encoding: str = "utf-8") -> str:
    path.write_bytes(text.encode(encoding))
    return str(path)


def refused(path: str, *channels: str, rate: float | None = None) -> str:
    with pytest.raises(RecordingError) as found:
        read_recording(path, channels, rate)
    return str(found.value)


def test_channels_rate_and_samples_are_read(tmp_path: Path) -> None:
    found = read_recording(save(tmp_path / "a.csv", CLEAN))
    assert (found.names, found.units, found.notes) == (("ax", "wx"), ("", ""), ())
    assert found.rate == pytest.approx(50)
    assert [list(stretch.values) for stretch in found.stretches] == [[v for n in range(10) for v in (n, -n)]]
    assert found.samples == 10
    assert (found.stretches[0].line, found.stretches[0].start) == (2, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_spreadsheets_save_them_in_many_ways(tmp_path: Path, encoding: str, separator: str) -> None:
    comma = "," if separator != "," else "."
    rows = "".join(f'{n / 50:.2f}{separator}{n}.5{separator}"{1 - n}.25"\r\n'.replace(".", comma) for n in range(10))
    header = (
        f"Zeit [s]{separator}Länge (m){separator}ω [°/s]\r\n"
        if encoding != "cp1252"
        else f"Zeit [s]{separator}Länge (m){separator}w [°/s]\r\n"
    )
    found = read_recording(save(tmp_path / "a.csv", header + rows, encoding))
    assert (found.names[0], found.units) == ("Länge", ("m", "°/s"))
    assert list(found.stretches[0].values[:4]) == [0.5, 1.25, 1.5, 0.25]
    assert found.rate == pytest.approx(50)


@pytest.mark.parametrize(
    ("header", "times", "noted"),
    [
        ("time", ["0", "0.02", "0.04", "0.06"], False),
        ("time_ms", ["100", "120", "140", "160"], False),
        ("t (us)", ["0", "20000", "40000", "60000"], False),
        ("millis", ["5", "25", "45", "65"], False),
        ("timestamp", ["1767225600000", "1767225600020", "1767225600040", "1767225600060"], False),
        ("timestamp", ["1767225600.00", "1767225600.02", "1767225600.04", "1767225600.06"], False),
        ("t", ["0", "20", "40", "60"], True),
        ("date", [f"2026-01-01T00:00:00.{n:02}0" for n in (0, 2, 4, 6)], False),
        ("Time", [f"2026-01-01 00:00:00.{n:02}0+01:00" for n in (0, 2, 4, 6)], False),
    ],
)
def test_time_is_known_by_its_name_and_content(tmp_path: Path, header: str, times: list[str], noted: bool) -> None:
    text = f"{header},ax\n" + "".join(f"{time},1\n" for time in times)
    found = read_recording(save(tmp_path / "a.csv", text))
    assert found.rate == pytest.approx(50, rel=1e-4)
    assert found.names == ("ax",)
    assert [("taken for milliseconds by its steps" in note) for note in found.notes] == [True] * noted


def test_a_model_tells_the_unit_that_a_header_does_not(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", "t,ax\n" + "".join(f"{2 * n},1\n" for n in range(9)))
    assert read_recording(path, ["ax"], 500).rate == pytest.approx(500)
    assert read_recording(path, ["ax"], 0.5).rate == pytest.approx(0.5)
    assert read_recording(path, ["ax"], 500).notes == ()


def test_a_gap_cuts_a_recording_and_jitter_does_not(tmp_path: Path) -> None:
    times = [0, 0.02, 0.045, 0.06, 0.08, 0.14, 0.16, 0.18]
    found = read_recording(save(tmp_path / "a.csv", "time,ax\n" + "".join(f"{t},{t}\n" for t in times)))
    assert [(stretch.line, len(stretch.values)) for stretch in found.stretches] == [(2, 5), (7, 3)]
    assert found.stretches[1].start == pytest.approx(0.14)
    assert found.rate == pytest.approx(6 / 0.12)
    assert found.jitter == pytest.approx(0.25)
    assert "1 gaps of more than 1.5 periods cut it, the first before line 7" in found.notes[0]


def test_windows_lie_within_stretches() -> None:
    from ressq_runtime.inputs.recording import Stretch

    cut = list(windows([Stretch(2, 0, array("f", range(14))), Stretch(9, 1, array("f", range(6)))], 2, 3, 2))
    assert [(number, first) for number, first, _ in cut] == [(0, 0), (0, 2), (0, 4), (1, 0)]
    assert array("f", cut[1][2]).tolist() == [4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0.10,,1", "found '' in line 7, column ax, wanted a number; mend the line, or cut the file there"),
        ("0.10,nan,1", "found 'nan' in line 7, column ax, wanted a number"),
        ("0.10,1,inf", "found 'inf' in line 7, column wx, wanted a number"),
        ("0.10,1,1e99", "found '1e99' in line 7, column wx, wanted a number"),
        ("0.10,error,1", "found 'error' in line 7, column ax, wanted a number"),
        ("0.10,1", "found 2 cells in line 7, wanted 3 as in the header; mend the line, or cut the file there"),
        ("0.08,1,1", "found time that stands still in line 7 (0.08, then 0.08), wanted each later than the one before"),
        ("0.01,1,1", "found time that runs back in line 7 (0.08, then 0.01), wanted each later than the one before"),
        ("noon,1,1", "found 'noon' in line 7, column time, wanted seconds, milliseconds or a time as 2026-01-31T12"),
        ("nan,1,1", "found 'nan' in line 7, column time, wanted seconds"),
    ],
)
def test_a_dirty_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    lines = CLEAN.splitlines()
    lines[6] = line
    if line.startswith("noon"):
        lines[1:] = [f"2026-01-01T00:00:0{n},1,1" for n in range(5)] + [line]
    assert said in refused(save(tmp_path / "a.csv", "\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found no line, wanted a header and rows of numbers; give another file"),
        ("time,ax\n", "found a header alone, wanted rows of numbers below it"),
        ("0.00,1,2\n0.02,1,2\n", "found numbers in line 1, wanted a header with the names of the columns; add one"),
        ("time,ax,\n0,1,2\n", "found a column without a name in line 1, wanted one for each; name it"),
        ("time,ax,ax\n0,1,2\n", "found the column ax twice, wanted it once; rename one of them"),
        ("time,t,ax\n0,0,1\n", "found several columns of time (time, t), wanted one; take the others out of the file"),
        ("time\n0\n1\n", "found no channel, wanted one or more columns of numbers beside the time; add some"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(save(tmp_path / "a.csv", text))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1....", "found a Parquet file, wanted CSV or WAV; pandas.read_parquet('x.parquet').to_csv("),
        (b"\x93NUMPY...", "found a NumPy array, wanted CSV or WAV; numpy.savetxt("),
        (b"MATLAB 5.0", "found a MATLAB file, wanted CSV or WAV; in MATLAB: writetable("),
        (b"\x80\x02}q", "found a pickle, which may run a program, wanted CSV or WAV"),
        (b"\x80\x04\x95", "found a pickle, which may run a program, wanted CSV or WAV; in the program that made it"),
        (b"PK\x03\x04", "found a spreadsheet or an archive, wanted CSV or WAV; save the sheet as CSV"),
        (b"a,b\n\0\0", "found a file that is no text, wanted CSV or WAV; export it as CSV"),
        (b"\xff\xfea", "found broken UTF-16"),
        (b"RIFF1234WAVE", "found no WAV that can be read"),
    ],
)
def test_other_kinds_of_files_are_told_with_what_turns_them_into_csv(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert said in refused(str(tmp_path / "a.csv"))


def test_columns_are_taken_by_their_names(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", CLEAN)
    assert "found the columns ax, wx, wanted wz, too, as in training; name the columns" in refused(path, "ax", "wz")
    found = read_recording(path, ["wx", "ax"])
    assert list(found.stretches[0].values[:4]) == [0, 0, -1, 1]
    assert "the columns stand in another order than in training; they are taken by their names" in found.notes[0]
    assert "columns that the model does not know are left out: wx" in read_recording(path, ["ax"]).notes[0]
    assert read_recording(path, ignored=["wx"]).names == ("ax",)


def test_rows_of_a_table_can_be_a_recording(tmp_path: Path) -> None:
    table = read_table(save(tmp_path / "a.csv", CLEAN))
    found = make_recording(table, range(4, 8))
    assert list(found.stretches[0].values[::2]) == [4, 5, 6, 7]
    assert (found.stretches[0].line, found.stretches[0].start) == (6, 0)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sound_is_read_in_every_width(tmp_path: Path, width: int) -> None:
    full = 1 << (8 * width - 1)
    values = [0, full // 2, -full // 2, full - 1, -full]
    packed = {
        1: lambda v: struct.pack("B", v + 128),
        2: lambda v: struct.pack("<h", v),
        4: lambda v: struct.pack("<i", v),
    }
    data = b"".join((packed.get(width) or (lambda v: (v & 0xFFFFFF).to_bytes(3, "little")))(v) for v in values)
    with wav.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(width)
        file.setframerate(16_000)
        file.writeframes(data)
    found = read_recording(str(tmp_path / "a.wav"))
    assert (found.names, found.rate) == (("channel1",), 16_000)
    np.testing.assert_allclose(found.stretches[0].values, np.array(values) / full, rtol=1e-6)
    assert "found 1 channels of sound, wanted ax, ay" in refused(str(tmp_path / "a.wav"), "ax", "ay")


def test_a_cut_wav_is_told(tmp_path: Path) -> None:
    with wav.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(100)
        file.writeframes(bytes(400))
    whole = (tmp_path / "a.wav").read_bytes()
    assert read_recording(str(tmp_path / "a.wav")).notes == ()
    (tmp_path / "a.wav").write_bytes(whole[:-200])
    (note,) = read_recording(str(tmp_path / "a.wav")).notes
    assert "its header promises 200 samples, 100 are there: the file was cut" in note


def test_decimal_commas_may_begin_below_the_first_row(tmp_path: Path) -> None:
    rows = "date;ax\n2026-01-01T00:00:00.000;1\n2026-01-01T00:00:00.020;1,5\n2026-01-01T00:00:00.040;2\n"
    found = read_recording(save(tmp_path / "a.csv", rows))
    assert list(found.stretches[0].values) == [1, 1.5, 2]
    assert found.rate == pytest.approx(50)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file or directory; check the path" in refused(str(tmp_path / "none.csv"))
    assert "found a folder, wanted a recording; name a file in it" in refused(str(tmp_path))
