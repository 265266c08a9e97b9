from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ressq_runtime import FolderError
from ressq_runtime.inputs.folders import list_classes, list_others, list_pictures


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40)).save(root / name) if name.endswith((".png", ".jpg")) else (root / name).touch()
    return root


def test_classes_and_pictures_are_sorted_and_nested_folders_are_read(tmp_path: Path) -> None:
    put(tmp_path, "oak/b.jpg", "oak/sub dir/ä.png", "Eiche grün/1.png")
    assert {name: [Path(path).name for path in paths] for name, paths in list_classes(tmp_path).items()} == {
        "Eiche grün": ["1.png"],
        "oak": ["b.jpg", "ä.png"],
    }


def test_hidden_and_other_files_are_no_pictures_but_can_be_asked_for(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a/1.png",
        "a/.hidden.png",
        "a/.cache/2.png",
        "a/notes.txt",
        "b/1.PNG.jpg",
        "__MACOSX/a/._1.png",
        "lost+found/3.png",
    )
    assert [p.name for p in list_pictures(tmp_path)] == ["1.png", "1.PNG.jpg"]
    assert [p.name for p in list_others(tmp_path)] == ["notes.txt"]
    assert list(list_classes(tmp_path)) == ["a", "b"], "what macOS adds to a zip is no class"


SYSTEMS = [
    "@eaDir", "@tmp", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb", "~snapshot",
    "$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "System Volume Information", "FOUND.000", ".Trash-1000",
    ".Trashes", ".Spotlight-V100",
    ".fseventsd", ".thumbnails", "lost+found", "__MACOSX", "Network Trash Folder", "Temporary Items", "LOST.DIR",
    "CANONMSC", "THMBNL", ".AppleDouble", ".zfs", ".recycle",
]  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_folders_of_a_system_are_left_out_beside_and_inside_the_classes(tmp_path: Path, system: str) -> None:
    put(
        tmp_path,
        "a/1.png",
        f"a/{system}/1.png/SYNOPHOTO_THUMB_M.png",
        "b/2.png",
        f"{system}/c/3.png",
        f"{system}/x.txt",
    )
    assert list(list_classes(tmp_path)) == ["a", "b"]
    assert [path.name for path in list_pictures(tmp_path)] == ["1.png", "2.png"]
    assert list_others(tmp_path) == []
    if "." not in system[:1]:
        assert [path.name for path in list_pictures(tmp_path / system)] == ["3.png"], "who names it wants it"


@pytest.mark.parametrize(
    "name", ["#1", "@home", "$5", "snapshot", "recycle", "MISC", "thumbs", "Recycle Bin", "recycled"]
)
def test_a_class_may_be_called_nearly_so(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a/1.png", f"{name}/2.png")
    assert set(list_classes(tmp_path)) == {"a", name}


def test_a_folder_around_the_classes_is_named(tmp_path: Path) -> None:
    put(tmp_path, "x/x/a/1.png", "x/x/b/2.png", "#recycle/c/1.png")
    with pytest.raises(
        FolderError, match=r"found pictures in x/x/ alone, wanted two or more class folders; give .*/x/x,"
    ):
        list_classes(tmp_path)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    for function in (list_classes, list_pictures):
        with pytest.raises(FolderError, match="found no such folder, wanted"):
            function(tmp_path / "none")
    put(tmp_path, "photos.zip")
    with pytest.raises(FolderError, match=r"photos\.zip: found a file, wanted a folder of class folders"):
        list_classes(tmp_path / "photos.zip")


def test_pictures_beside_the_classes_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png", "b/1.png", "stray.jpg")
    with pytest.raises(FolderError, match=r"found 1 pictures beside the class folders, the first stray.jpg; move"):
        list_classes(tmp_path)


def test_one_class_is_too_few_to_learn_from_but_not_to_measure_on(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png")
    with pytest.raises(FolderError, match=r"found 1 class folders \(a\), wanted 2 or more"):
        list_classes(tmp_path)
    assert list(list_classes(tmp_path, fewest=1)) == ["a"]


def test_no_class_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"found 0 class folders \(none\)"):
        list_classes(tmp_path)


def test_a_class_without_pictures_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a/1.png", "b/notes.txt", "c/1.png")
    with pytest.raises(FolderError, match="found no picture in b, wanted one or more per class"):
        list_classes(tmp_path)


def test_classes_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "Hat/1.png", "hat/1.png")
    with pytest.raises(FolderError, match="found the classes Hat and hat, which differ only in case"):
        list_classes(tmp_path)


def test_a_link_that_leads_back_is_refused_and_one_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    put(tmp_path, "photos/a/1.png", "photos/b/2.png", "elsewhere/3.png")
    (tmp_path / "photos/a/more").symlink_to(tmp_path / "elsewhere")
    assert [path.name for path in list_pictures(tmp_path / "photos")] == ["1.png", "3.png", "2.png"]
    for above in ("a", "photos", "."):
        loop = tmp_path / "photos/a/loop"
        loop.symlink_to(tmp_path / "photos/a" if above == "a" else tmp_path / above)
        with pytest.raises(FolderError, match=r"loop: found a link to a folder above it, wanted none; remove it"):
            list_pictures(tmp_path / "photos")
        loop.unlink()
