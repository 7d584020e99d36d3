import numpy as np
import pytest
import torch
from torch import nn

from bench.data.crops import PersonCrops, cut_crops
from bench.data.synthetic.dataset import open_synthetic
from bench.evaluate import CropPredictions, coco_results, predict_crops
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.oks import match_oks
from models.crops import crop_detections
from models.skeleton import COCO17

SIZE = 32


@pytest.fixture(scope="module")
def scenes():
    return open_synthetic("val", 6, 64, 0)


@pytest.fixture(scope="module")
def crops(scenes) -> PersonCrops:
    return cut_crops(scenes, SIZE)


def centre_of_light(images: torch.Tensor) -> torch.Tensor:
    light = images.double().mean(dim=1)
    along = torch.arange(SIZE, dtype=torch.float64)
    total = light.sum(dim=(1, 2))
    x, y = (light * along).sum(dim=(1, 2)) / total, (light * along[:, None]).sum(dim=(1, 2)) / total
    return torch.stack([x, y], dim=-1).float()


class CentreOfLight(nn.Module):
    """Every joint at the centre of the crop's light; joint k is k / 10 pixels to its right."""

    def forward(self, images, targets=None):
        points = centre_of_light(images)[:, None].repeat(1, len(COCO17), 1)
        points[..., 0] += torch.arange(len(COCO17)) / 10
        scores = torch.linspace(0, 1, len(COCO17)).expand(len(points), -1)
        return crop_detections(points, scores, SIZE)


def predict(model: nn.Module, crops: PersonCrops, flip: bool = False) -> CropPredictions:
    return predict_crops(model, crops, flip=flip, precision="fp32", report=lambda done, of: None)


def test_predictions_are_those_of_the_model_in_order(crops):
    predictions = predict(CentreOfLight(), crops)
    light = centre_of_light(crops.centre(slice(None)).float())
    assert predictions.crop.shape == (len(crops), len(COCO17), 3)
    torch.testing.assert_close(predictions.crop[:, 0, :2], light, atol=1e-3, rtol=0)
    torch.testing.assert_close(predictions.scores, torch.full((len(crops),), 0.5))


def test_the_image_s_pixels_are_the_crop_s_moved_and_stretched(crops):
    predictions = predict(CentreOfLight(), crops)
    stretch = crops.crop_to_image[:, 0, 0]  # upright crops: one factor for both axes
    across = predictions.image[:, 10, 0] - predictions.image[:, 0, 0]
    torch.testing.assert_close(across, stretch * 1.0, atol=1e-4, rtol=0)


def test_the_flip_test_averages_with_the_mirrored_crop(crops):
    plain, both = predict(CentreOfLight(), crops), predict(CentreOfLight(), crops, flip=True)
    # In the mirror, joint k becomes its partner and its offset points the other way.
    partner = torch.tensor(COCO17.flip_permutation) / 10
    own = torch.arange(len(COCO17)) / 10
    expected = plain.crop[..., 0] - (own + partner) / 2
    torch.testing.assert_close(both.crop[..., 0], expected, atol=1e-3, rtol=0)


def test_the_truth_itself_scores_perfectly(scenes, crops):
    """Joints through crop, inverse and COCO's format: pycocotools must find no error at all."""
    image = crops.crop_to_image @ torch.cat(
        [crops.keypoints[..., :2], torch.ones_like(crops.keypoints[..., :1])], dim=-1
    ).double().transpose(1, 2)
    perfect = CropPredictions(crops.keypoints, image.transpose(1, 2), torch.ones(len(crops)))
    indices = range(len(scenes))
    truth = coco_ground_truth(
        [scenes.target(index) for index in indices],
        [scenes.size(index) for index in indices],
        COCO17,
    )
    statistics = match_oks(truth, coco_results(perfect, crops), COCO17).statistics()
    assert statistics["AP"] == pytest.approx(1.0)
    assert statistics["AR"] == pytest.approx(1.0)


def test_results_are_coco_s(crops):
    results = coco_results(predict(CentreOfLight(), crops), crops)
    assert [one["image_id"] for one in results] == crops.image_id.tolist()
    assert all(len(one["keypoints"]) == 3 * len(COCO17) for one in results)
    assert all(np.isfinite(one["keypoints"]).all() for one in results)
