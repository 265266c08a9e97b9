"""One file of recordings instead of a folder: taken apart by its columns, and refused where one would have to guess."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from recordings import QUICK_SERIES, write_swing
from ressq_edge.cli import main
from ressq_edge.data.recordings.one_table import unpack_table
from ressq_edge.data.split import PARTS, read_split
from ressq_edge.network.checkpoint import load_checkpoint
from runs import refused

SWINGS = [("fast", 5.0), ("slow", 1.5)]


def long_table(path: Path, people: int = 6, extra: str = "") -> Path:
    """A row a sample: two recordings of each person and class, one behind the other."""
    rows = []
    for number, (label, hertz) in enumerate(SWINGS):
        for person in range(people):
            swing = write_swing(path.with_name("one.csv"), hertz, 100 * number + person)
            rows += [f"{line},{label},p{person}{extra}" for line in swing.read_text().splitlines()[1:]]
    path.with_name("one.csv").unlink()
    path.write_text("\n".join(["time,ax [g],ay [g],label,subject" + (",part" if extra else ""), *rows]) + "\n")
    return path


def test_a_long_table_is_learned_by_its_columns_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, run = long_table(tmp_path / "gym.csv"), tmp_path / "run"
    assert main([str(table), "--out", str(run), *QUICK_SERIES]) == 0
    assert "gym.csv: 12 recordings, laid out in" in capsys.readouterr().err.replace("\n", " ")
    spec = load_checkpoint(run / "best.safetensors").series
    assert [(channel.name, channel.unit) for channel in spec.channels] == [("ax", "g"), ("ay", "g")]
    assert spec.rate == 50
    people = {part: {name.split("/")[1][:2] for name, _ in read_split(run).samples(part)} for part in PARTS}
    assert all(people.values())
    assert not people["train"] & (people["val"] | people["test"])
    assert main([str(table), "--out", str(run), "--resume"]) == 0
    assert "this run is finished" in capsys.readouterr().err.replace("\n", " ")


def test_what_is_wrong_in_a_long_table_is_named_by_its_own_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = long_table(tmp_path / "gym.csv")
    lines = table.read_text().splitlines()
    words = {
        300: ("0.96,", "1.00,x", "gym.csv: found time that"),
        450: (",fast,", ",,", "gym.csv: found no label in line 450, wanted one in each row"),
        700: (",fast,", ",a/b,", "gym.csv: found the label 'a/b' in line 700, wanted one that can name a folder"),
        800: ("0.", "x", "in line 800, column"),
    }
    for number, (_, _, said) in words.items():
        cells = lines[number - 1].split(",")
        cells = {300: ["0.00", *cells[1:]], 450: [*cells[:3], "", cells[4]], 700: [*cells[:3], "a/b", cells[4]],
                 800: [cells[0], "x", *cells[2:]]}[number]  # fmt: skip
        table.write_text("\n".join([*lines[: number - 1], ",".join(cells), *lines[number:]]))
        assert said in refused(capsys, table, "--out", tmp_path / "run", *QUICK_SERIES)
    table.write_text("\n".join(lines).replace("label", "gait"))
    said = refused(capsys, table, "--out", tmp_path / "run", *QUICK_SERIES)
    assert "found the columns time, ax [g], ay [g], gait, subject, wanted one called label" in said
    table.write_text("\n".join(lines).replace("subject", "class"))
    assert "found the columns label and class, wanted one of them" in refused(capsys, table, "--out", tmp_path / "run")


def test_a_tables_parts_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = long_table(tmp_path / "gym.csv", extra=",train")
    text = table.read_text()
    for person, part in ((4, "valid"), (5, "test")):
        text = text.replace(f",p{person},train", f",p{person},{part}")
    table.write_text(text)
    assert main([str(table), "--out", str(tmp_path / "run"), *QUICK_SERIES]) == 0
    capsys.readouterr()
    split = read_split(tmp_path / "run")
    assert {name.split("/")[2][:2] for name, _ in split.val} == {"p4"}
    assert {name.split("/")[2][:2] for name, _ in split.test} == {"p5"}
    table.write_text(text.replace(",p5,test", ",p5,later"))
    assert "found the part later in line" in refused(capsys, table, "--out", tmp_path / "other")
    table.write_text(text.replace(",p5,test", ",p5,"))
    assert "found a part in line 2 and none in line" in refused(capsys, table, "--out", tmp_path / "other")


def windows(count: int = 24, length: int = 40) -> tuple[np.ndarray, np.ndarray]:
    random, time = np.random.default_rng(0), np.arange(length) / 50
    labels = np.arange(count) % 2
    paces = np.where(labels, 1.5, 5.0) * random.uniform(0.9, 1.1, count)
    phase = 2 * np.pi * (paces[:, None] * time + random.random((count, 1)))
    return np.stack([np.sin(phase), np.cos(phase)], 2) + random.normal(0, 0.1, (count, length, 2)), labels


@pytest.mark.parametrize("names", [("ax_{}", "ay_{}"), ("{}",)])
def test_a_wide_table_has_a_row_a_window(tmp_path: Path, names: tuple[str, ...]) -> None:
    values, labels = windows()
    header = ["label", *(name.format(sample) for name in names for sample in range(40))]
    rows = [
        ",".join([("fast", "slow")[label], *(f"{x:.4f}" for channel in window.T[: len(names)] for x in channel)])
        for window, label in zip(values, labels, strict=True)
    ]
    (tmp_path / "wide.csv").write_text("\n".join([",".join(header), *rows]))
    assert main([str(tmp_path / "wide.csv"), "--out", str(tmp_path / "run"), *QUICK_SERIES[:2], *QUICK_SERIES[4:]]) == 0
    spec = load_checkpoint(tmp_path / "run" / "best.safetensors").series
    assert (spec.length, spec.hop, spec.rate) == (40, 40, 1.0)
    assert spec.names == (("ax", "ay") if len(names) > 1 else ("value",))


def test_a_wide_tables_cell_that_is_no_number_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = ";".join(["label", *(f"ax{sample}" for sample in range(30))])
    path = tmp_path / "wide.csv"
    path.write_text("\n".join([header, ";".join(["a", *["0,5"] * 30]), ";".join(["b", *["1,5"] * 29, "-"])]))
    said = refused(capsys, path, "--out", tmp_path / "run")
    assert "wide.csv: found '-' in line 3, column ax29, wanted a number; mend the line, or take it out" in said
    path.write_text("\n".join([header, ";".join(["a", *["0,5"] * 30])]))
    assert unpack_table(path, 21).pieces[0].rows[0] == ("0.5",)


def test_arrays_are_learned_without_pickle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values, labels = windows()
    path, run = tmp_path / "gym.npz", tmp_path / "run"
    quick = [*QUICK_SERIES[:2], *QUICK_SERIES[4:]]
    people = np.array([f"p{number // 4}" for number in range(len(labels))])
    np.savez(path, X=values, y=labels, groups=people, channels=np.array(["ax", "ay"]), rate=50)
    assert main([str(path), "--out", str(run), *quick]) == 0
    best = load_checkpoint(run / "best.safetensors")
    assert (best.series.length, best.series.rate, best.series.names, best.labels) == (40, 50, ("ax", "ay"), ("0", "1"))
    assert "gym.npz: 24 windows, laid out in" in capsys.readouterr().err.replace("\n", " ")
    capsys.readouterr()
    bad = values.copy()
    bad[3, 2, 1] = np.nan
    for arrays, said in (
        ({"X": values}, "gym.npz: found X, wanted X (windows, samples, channels) and y (labels)"),
        ({"X": bad, "y": labels}, "found nan in X[3, 2, 1], wanted a number; take the window out"),
        ({"X": values.transpose(0, 2, 1), "y": labels}, "wanted 21 or more; X.transpose(0, 2, 1) turns it"),
        ({"X": values, "y": labels[:5]}, "found y of 5 int64, wanted 24 whole numbers or texts"),
        ({"X": values[0, 0], "y": labels}, "found X of 2 float64, wanted X (windows, samples, channels)"),
        ({"X": np.array([values, None], object), "y": labels}, "found an array of objects, a pickle, which may run"),
    ):
        np.savez(path, **arrays)
        assert said in refused(capsys, path, "--out", tmp_path / "other", *quick)
    np.save(path.with_suffix(".npy"), values)
    path.with_suffix(".npy").replace(path)
    assert "gym.npz: found one array, wanted X" in refused(capsys, path, "--out", tmp_path / "other", *quick)
    path.write_bytes(b"PK\3\4 no archive")
    assert "gym.npz: can't read it" in refused(capsys, path, "--out", tmp_path / "other", *quick)


def test_files_of_other_kinds_are_refused_with_the_line_that_converts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "run")]
    data = tmp_path / "data"
    (data / "walk").mkdir(parents=True)
    for name, content, said in (
        ("x.parquet", b"PAR1 and more", "read_parquet('x.parquet').to_csv('x.csv', index=False)"),
        ("x.mat", b"MATLAB 5.0 MAT-file", "in MATLAB: writetable(array2table(x), 'x.csv')"),
        ("x.pkl", pickle.dumps([1.5]), "found a pickle, which may run a program, wanted CSV or WAV"),
        ("x.pkl", b"a,b\n1,2\n", "found a name that ends in .pkl, wanted .csv; rename it"),
    ):
        for path in (tmp_path / name, data / "walk" / name):
            path.write_bytes(content)
            assert said in refused(capsys, path if path.parent == tmp_path else data, *out)
            path.unlink()
    np.savez(data / "walk" / "x.npz", X=np.ones(3))
    assert "found arrays in a folder, wanted the file itself; ressq-train x.npz" in refused(capsys, data, *out)


def test_a_table_of_recordings_needs_no_labels_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = long_table(tmp_path / "gym.csv")
    said = refused(capsys, table, "--out", tmp_path / "run", "--labels", table)
    assert "--labels: found it beside" in said
