"""Features come from the extractor that is named, and what is no extractor is told in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import torch
from models.tiny_towers import TOKENS, save_text, save_vision
from transformers import AutoImageProcessor, AutoModel

from isogloss.errors import UserError
from isogloss.evaluate.picture_features import extractor
from isogloss.models.towers import Tower, build_dual_encoder

PICTURES = np.random.default_rng(0).integers(0, 256, (70, 24, 24, 3)).astype(np.uint8)


class Network(torch.nn.Module):
    """What the TorchScript file of Inception takes and gives, with next to nothing between."""

    def forward(self, img: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        features = img.to(torch.float32).mean(dim=[2, 3])
        return features if return_features else features.sum(dim=1)


def test_a_script_of_inception_is_given_pixels_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "inception-2015-12-05.pt"
    torch.jit.script(Network()).save(str(file))
    found = extractor(str(file))
    assert found.name == "Inception (inception-2015-12-05.pt)"
    assert found.features(PICTURES) == pytest.approx(PICTURES.mean((1, 2)), rel=1e-5)


def test_what_is_no_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file .*absent.pt"):
        extractor(str(tmp_path / "absent.pt"))
    weights = tmp_path / "pt_inception.pth"
    torch.save({"weight": torch.zeros(3)}, weights)
    with pytest.raises(UserError, match="pt_inception.pth is no TorchScript file"):
        extractor(str(weights))
    other = tmp_path / "other.pt"
    torch.jit.script(torch.nn.Linear(3, 3)).save(str(other))
    with pytest.raises(UserError, match="other.pt is no TorchScript file"):
        extractor(str(other))


def test_a_tower_reads_pictures_as_its_processor_prepares_them(tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = save_vision(tmp_path / "vit", "vit")
    found = extractor(str(folder))
    assert found.name == f"{folder}, first pooling"
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(list(PICTURES), return_tensors="pt")
    with torch.no_grad():
        expected = AutoModel.from_pretrained(folder).eval()(**pixels).last_hidden_state[:, 0].numpy()
    assert found.features(PICTURES) == pytest.approx(expected, abs=5e-3)


def test_a_dual_encoder_gives_what_its_tower_sees_before_the_projection(tmp_path: Path) -> None:
    vision, text = save_vision(tmp_path / "vision", "vit"), save_text(tmp_path / "text", "xlm-roberta")
    model, processor = build_dual_encoder(
        Tower(model=str(vision)), Tower(model=str(text)), projection_dim=8, text_tokens=TOKENS
    )
    run = tmp_path / "run"
    model.save_pretrained(run / "model")
    processor.save_pretrained(run / "model")
    of_run, of_folder, of_tower = (extractor(str(each)) for each in (run, run / "model", vision))
    assert of_run.name == of_folder.name == f"vision tower of the dual encoder {run / 'model'}, first pooling"
    assert of_run.features(PICTURES) == pytest.approx(of_tower.features(PICTURES), abs=1e-5)


def test_what_reads_no_pictures_is_refused(tmp_path: Path) -> None:
    text = save_text(tmp_path / "text", "xlm-roberta")
    with pytest.raises(UserError, match="vision tower"):
        extractor(str(text))
    with pytest.raises(UserError, match="is missing"):
        extractor(str(tmp_path / "absent"))
