"""Where weights begin: files of all kinds, none, and ImageNet's without a network."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ressq_edge.choices import Bypass, Version
from ressq_edge.errors import InitError
from ressq_edge.network.arch import ModelSpec, build_model
from ressq_edge.network.checkpoint import HEADER, Checkpoint, Normalise, save_checkpoint
from ressq_edge.network.init import InitWeights, default_bypass, initialise, load_init
from ressq_edge.network.model import ResSqueezeNet
from ressq_edge.network.published import file_sha256
from ressq_runtime.inputs.picture_spec import PixelSpec

ARCH = "ressqueezenet1_1"
LABELS = ("cat", "dog", "fox")
PICTURES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def published(path: Path, version: Version = "1.1") -> Path:
    """A .pth state dict under torchvision's names, as a user downloads it."""
    torch.save(ResSqueezeNet(version).state_dict(), path)
    return path


def ours(path: Path, bypass: Bypass, labels: tuple[str, ...] = LABELS) -> Path:
    spec = ModelSpec(ARCH, bypass, len(labels))
    weights = build_model(spec).state_dict()
    save_checkpoint(path, Checkpoint(spec, PixelSpec.for_size(64), Normalise(), labels, {}, {}, weights))
    return path


def started(init: InitWeights, bypass: Bypass, labels: tuple[str, ...] = LABELS) -> tuple[ResSqueezeNet, list[str]]:
    model = build_model(ModelSpec(ARCH, bypass, len(labels))).eval()
    return model, initialise(model, init, labels)


def test_published_weights_start_a_gated_network_as_squeezenet_with_a_new_head(tmp_path: Path) -> None:
    init = load_init(str(published(tmp_path / "net.pth")), ARCH)
    assert (init.kind, init.bypass, init.sha256) == ("file", "none", file_sha256(tmp_path / "net.pth"))
    assert default_bypass(ARCH, init) == "gated"
    model, notes = started(init, "gated")
    assert notes == ["net.pth: its head for 1000 classes is replaced by a new one for 3"]
    plain = ResSqueezeNet("1.1").eval()
    plain.load_state_dict(torch.load(tmp_path / "net.pth", weights_only=True))
    assert torch.equal(model.backbone(PICTURES), plain.backbone(PICTURES))


def test_a_plain_bypass_on_weights_without_one_is_said(tmp_path: Path) -> None:
    _, notes = started(load_init(str(published(tmp_path / "net.pth")), ARCH), "simple")
    assert "trained without a bypass; this one changes what the network computes" in notes[1]


@pytest.mark.parametrize("bypass", ["none", "complex"])
def test_a_bypass_that_was_trained_and_is_changed_is_said(tmp_path: Path, bypass: Bypass) -> None:
    _, notes = started(load_init(str(ours(tmp_path / "best.safetensors", "simple")), ARCH), bypass)
    assert f"trained with a simple bypass; {'a complex one' if bypass == 'complex' else 'none'} changes" in notes[0]


@pytest.mark.parametrize("bypass", ["none", "simple", "complex", "gated"])
def test_our_own_checkpoint_keeps_its_bypass_its_head_and_its_answers(tmp_path: Path, bypass: Bypass) -> None:
    init = load_init(str(ours(tmp_path / "best.safetensors", bypass)), ARCH)
    assert init.bypass == bypass
    assert default_bypass(ARCH, init) == ("gated" if bypass == "none" else bypass)
    model, notes = started(init, bypass)
    assert notes == []
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in init.tensors.items())


def test_simple_weights_in_a_gated_network_open_its_gates(tmp_path: Path) -> None:
    init = load_init(str(ours(tmp_path / "best.safetensors", "simple")), ARCH)
    simple, gated = started(init, "simple")[0], started(init, "gated")[0]
    assert set(gated.gates().values()) == {1.0}
    assert torch.equal(simple(PICTURES), gated(PICTURES))


def test_random_weights_open_every_gate_but_the_first() -> None:
    model, _ = started(load_init("none", ARCH), "gated")
    assert model.gates() == {"fire3": 0, "fire5": 1, "fire7": 1, "fire9": 1}


def test_equal_class_counts_with_other_labels_replace_the_head(tmp_path: Path) -> None:
    init = load_init(str(ours(tmp_path / "best.safetensors", "gated")), ARCH)
    _, notes = started(init, "gated", ("oak", "beech", "ash"))
    assert notes == ["best.safetensors: its head for 3 classes is replaced by a new one for 3"]


def test_no_bypass_is_chosen_where_none_is_possible_and_a_gated_one_from_scratch(tmp_path: Path) -> None:
    init = load_init(str(published(tmp_path / "net.pth")), ARCH)
    assert default_bypass("squeezenet1_1", init) == "none"
    assert default_bypass(ARCH, load_init("none", ARCH)) == "gated"


def test_weights_of_another_network_name_what_is_missing_shortened(tmp_path: Path) -> None:
    init = load_init(str(published(tmp_path / "net.pth", "1.0")), ARCH)
    with pytest.raises(InitError, match=r"net\.pth: found weights of another network \(missing: .* and \d+ more;"):
        started(init, "gated")
    torch.save({"layer1.weight": torch.zeros(1)}, tmp_path / "resnet.pth")
    with pytest.raises(InitError, match=r"unexpected: layer1\.weight\); choose the --arch and --bypass"):
        started(load_init(str(tmp_path / "resnet.pth"), ARCH), "gated")
    state = ResSqueezeNet("1.1", num_classes=3).state_dict() | {"features.0.bias": torch.zeros(5)}
    with pytest.raises(InitError, match=r"of another shape: features\.0\.bias"):
        started(InitWeights("file", "x", "", "none", (), state), "gated")


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "owned",)  # type: ignore[return-value]

    (tmp_path / "net.pth").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(InitError, match=r"net\.pth: found no state dict that can be read safely"):
        load_init(str(tmp_path / "net.pth"), ARCH)
    assert not (tmp_path / "owned").exists()


def test_files_that_hold_no_weights_say_so(tmp_path: Path) -> None:
    with pytest.raises(InitError, match="found no such file, wanted --init imagenet, none or a weights file"):
        load_init(str(tmp_path / "none.pth"), ARCH)
    torch.save(
        {"a.weight": torch.ones(2, 3), "b.bias": torch.ones(4)},
        tmp_path / "old.pth",
        _use_new_zipfile_serialization=False,
    )
    legacy = (tmp_path / "old.pth").read_bytes()
    for content, words in (
        (b"", "found an empty file, wanted a weights file; copy it again"),
        (b"not a file of weights", "found a text that begins 'not a file of weights', wanted a weights file"),
        (b"<!doctype html>", "found a web page, wanted a weights file; download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "found a Git LFS pointer, .*: git lfs pull"),
    ):
        for suffix in ("pth", "safetensors"):
            (tmp_path / f"net.{suffix}").write_bytes(content)
            with pytest.raises(InitError, match=f"net.{suffix}: {words}"):
                load_init(str(tmp_path / f"net.{suffix}"), ARCH)
    for content in (
        published(tmp_path / "x.pth").read_bytes()[:5000],
        *(legacy[:length] for length in (353, *range(20, len(legacy), 97))),
    ):
        (tmp_path / "net.pth").write_bytes(content)
        with pytest.raises(
            InitError, match=r"found no state dict that can be read safely .*; copy it again if it is one"
        ):
            load_init(str(tmp_path / "net.pth"), ARCH)
    (tmp_path / "net.safetensors").write_bytes(b"\1" * 99)
    with pytest.raises(InitError, match="found no safetensors file"):
        load_init(str(tmp_path / "net.safetensors"), ARCH)
    for header in (
        '{"model": null}',
        '{"normalise": null, "labels": [], "model": {"bypass": 1}, "config": {}}',
        "7",
        "[]",
    ):
        save_file({"x": torch.zeros(1)}, tmp_path / "net.safetensors", {HEADER: header})
        with pytest.raises(InitError, match="found a damaged checkpoint"):
            load_init(str(tmp_path / "net.safetensors"), ARCH)
    save_file({"x": torch.zeros(1)}, tmp_path / "net.safetensors", {HEADER: '{"state": {}}'})
    with pytest.raises(InitError, match=r"found the state of a run, wanted its weights; take best\.safetensors"):
        load_init(str(tmp_path / "net.safetensors"), ARCH)
    torch.save([1, 2], tmp_path / "net.pth")
    with pytest.raises(InitError, match="found list, wanted a state dict of names and tensors"):
        load_init(str(tmp_path / "net.pth"), ARCH)


def test_imagenet_without_a_network_names_the_file_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # discard: nobody answers
    wanted = r"cannot download https://.*fetch squeezenet1_1-b8a52dc0\.pth .*begins with b8a52dc0.*--init FILE"
    with pytest.raises(InitError, match=wanted):
        load_init("imagenet", ARCH)


def test_imagenet_weights_of_other_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    published(tmp_path / "hub/checkpoints/squeezenet1_0-b66bff10.pth", "1.0")
    with pytest.raises(
        InitError, match=r"found other bytes than published \(SHA-256 begins with b66bff10\); delete it"
    ):
        load_init("imagenet", "ressqueezenet1_0")


@pytest.mark.parametrize(
    "named",
    [
        {"HOME": "~"},
        {"HOME": ""},
        {"HOME": "here"},
        {"XDG_CACHE_HOME": "here"},
        {"TORCH_HOME": ""},
        {"TORCH_HOME": "~/t"},
    ],
)
def test_imagenet_weights_are_not_kept_where_no_home_is(
    named: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "~", **named}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    words = r"found no home folder to keep the weights in; set HOME or TORCH_HOME, or fetch squeezenet1_1-b8a52dc0\.pth"
    with pytest.raises(InitError, match=words):
        load_init("imagenet", ARCH)
    assert not list(tmp_path.iterdir())


def test_imagenet_weights_that_cannot_be_kept_name_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(InitError, match=r"cannot make .*file/hub/checkpoints .*Not a directory.*; set TORCH_HOME to"):
        load_init("imagenet", ARCH)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", "kept")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(InitError, match=r"cannot download https://.* to kept/hub/checkpoints"):
        load_init("imagenet", ARCH)
