"""Whole images: fitted into a square, augmented into batches, and detections back again."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from whole_images import Coordinates

from bench.data.fitted import GREY, fit_images, open_fitted
from bench.data.image_batches import augmented_images, image_batches
from bench.evaluate_images import predict_images, to_coco_results
from bench.experiment import DataSpec, TrainSpec
from bench.metrics.coco_truth import split_ground_truth
from bench.metrics.oks import match_oks
from models.geometry import transform_points
from models.skeleton import COCO17

SIZE = 64
SPEC = TrainSpec(5, 4, 1e-3, 0.0, 0.1, 30.0, 1.3, 0.05, True, "cpu", "fp32")
STILL = replace(SPEC, rotation=0.0, scale=1.0, shift=0.0, flip=False)
DATASET = Coordinates([(48, 64), (200, 100), (30, 40), (64, 64), (50, 50)])


@pytest.fixture(scope="module")
def images():
    return fit_images(DATASET, SIZE)


def truth_as_detections(images):
    return [
        {
            "keypoints": target["keypoints"],
            "keypoints_scores": (target["keypoints"][..., 2] > 0).float(),
            "scores": torch.ones(len(target["boxes"])),
        }
        for target in images.targets
    ]


@given(st.integers(8, 300), st.integers(8, 300), st.sampled_from([32, 64, 128]))
def test_an_image_fits_its_square_and_its_corners_stay_corners(height, width, side):
    fitted = fit_images(Coordinates([(height, width)]), side)
    corners = torch.tensor([[-0.5, -0.5], [width - 0.5, height - 0.5]], dtype=torch.float64)
    moved = transform_points(fitted.image_to_input[0], corners)
    assert moved[0].tolist() == pytest.approx([-0.5, -0.5])
    assert moved.max().item() == pytest.approx(side - 0.5)
    assert fitted.images.shape == (1, 3, side, side)


def test_pixels_lie_where_the_affine_says_and_grey_beside_them(images):
    for index, (height, width) in enumerate(images.sizes):
        scale = SIZE / max(height, width)
        inside = images.images[index, :, 4 : int(height * scale) - 4, 4 : int(width * scale) - 4]
        rows, columns = inside.shape[1:]
        expected_x = (torch.arange(columns) + 4.5) / scale - 0.5
        expected_y = (torch.arange(rows) + 4.5) / scale - 0.5
        # Rounded to whole numbers when it was stored.
        assert (inside[0] - expected_x).abs().max() <= 1.0
        assert (inside[1] - expected_y[:, None]).abs().max() <= 1.0
        assert (images.images[index, :, int(height * scale) + 2 :] == GREY).all()
        assert (images.images[index, :, :, int(width * scale) + 2 :] == GREY).all()


def test_an_image_of_the_square_s_own_size_is_untouched(images):
    assert torch.equal(images.images[3], DATASET.image(3))
    assert torch.equal(images.targets[3]["keypoints"], DATASET.target(3)["keypoints"])


def test_people_move_with_their_image(images):
    for index, (height, width) in enumerate(images.sizes):
        scale = SIZE / max(height, width)
        before, after = DATASET.target(index), images.targets[index]
        torch.testing.assert_close(after["area"], before["area"] * scale**2)
        sides = before["boxes"][:, 2:] - before["boxes"][:, :2]
        torch.testing.assert_close(after["boxes"][:, 2:] - after["boxes"][:, :2], sides * scale)
        unknown = after["keypoints"][..., 2] == 0
        assert (after["keypoints"][unknown] == 0).all()


def test_the_truth_as_detections_scores_one(images):
    results = to_coco_results(truth_as_detections(images), images)
    matches = match_oks(split_ground_truth(DATASET), results, COCO17)
    assert matches.statistics()["AP"] == 1.0
    assert {one["image_id"] for one in results} == {10, 11, 12, 13}
    for one in results:
        assert one["keypoints"][9:12] == [0, 0, 0]  # the joint that is not annotated


def test_a_still_batch_is_the_images(images):
    chosen = torch.tensor([3, 0, 4])
    batch, targets = augmented_images(images, chosen, STILL, torch.Generator().manual_seed(0))
    torch.testing.assert_close(batch, images.images[chosen].float() / 255, atol=1e-5, rtol=0)
    for index, target in zip(chosen.tolist(), targets, strict=True):
        for name in ("keypoints", "boxes", "area", "ignore"):
            torch.testing.assert_close(target[name], images.targets[index][name], atol=1e-3, rtol=0)


def test_joints_lie_on_the_pixels_they_lay_on(images):
    """The red and green of a pixel are its old place, wherever augmentation has put it."""
    whole = torch.tensor([3, 3, 3, 3])
    batch, targets = augmented_images(images, whole, SPEC, torch.Generator().manual_seed(1))
    swap = torch.tensor(COCO17.flip_permutation)
    old = images.targets[3]["keypoints"]
    mirrored = 0
    for view, target in zip(batch, targets, strict=True):
        joints = target["keypoints"]
        place = joints[..., :2].round().long()
        seen = (joints[..., 2] > 0) & (place >= 2).all(-1) & (place < SIZE - 2).all(-1)
        colour = view[:2, place[seen][:, 1], place[seen][:, 0]].T * 255
        candidates = {False: old, True: old[:, swap]}
        near = {
            flipped: (colour - one[seen][:, :2]).abs().max() < 2.0
            for flipped, one in candidates.items()
        }
        assert sum(near.values()) == 1
        mirrored += near[True]
        lower, upper = target["boxes"][:, None, :2] - 1e-3, target["boxes"][:, None, 2:] + 1e-3
        inside = (joints[..., :2] >= lower) & (joints[..., :2] <= upper)
        assert inside.all(-1)[joints[..., 2] > 0].all()
    assert 0 < mirrored < 4


def test_a_batch_depends_on_seed_and_step_alone(images):
    whole = list(image_batches(images, SPEC, seed=7))
    resumed = list(image_batches(images, SPEC, seed=7, start=2))
    for (pixels, targets), (again, targets_again) in zip(whole[2:], resumed, strict=True):
        assert torch.equal(pixels, again)
        for one, other in zip(targets, targets_again, strict=True):
            assert torch.equal(one["keypoints"], other["keypoints"])
    assert not torch.equal(whole[0][0], next(image_batches(images, SPEC, seed=8))[0])


def test_shares_make_up_the_batch_that_one_process_has(images):
    pixels, targets = next(image_batches(images, SPEC, seed=7))
    half = len(pixels) // 2
    parts = (slice(0, half), slice(half, 2 * half))
    shares = [next(image_batches(images, SPEC, seed=7, share=part)) for part in parts]
    assert half > 0
    assert torch.equal(torch.cat([share for share, _ in shares]), pixels[: 2 * half])
    found = [target["keypoints"] for _, share in shares for target in share]
    for one, target in zip(found, targets, strict=False):
        assert torch.equal(one, target["keypoints"])


def test_predictions_come_back_in_order_whatever_the_batch(images, monkeypatch):
    class Brightness(torch.nn.Module):
        """One person a picture, whose score is the picture's mean; nobody in dark ones."""

        def forward(self, batch):
            return [
                {
                    "keypoints": torch.zeros(1, 17, 3),
                    "keypoints_scores": torch.ones(1, 17),
                    "scores": picture.mean().view(1),
                }
                for picture in batch
            ]

    expected = images.images.float().mean(dim=(1, 2, 3)) / 255
    done = []
    for batch in (2, 16):
        monkeypatch.setattr("bench.evaluate_images._BATCH", batch)
        found = predict_images(
            Brightness(), images, precision="fp32", report=lambda *facts: done.append(facts)
        )
        torch.testing.assert_close(torch.cat([one["scores"] for one in found]), expected)
    assert done == [(2, 5), (4, 5), (5, 5), (5, 5)]


def test_scenes_are_fitted_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path))
    spec = DataSpec("synthetic", "coco17", 4, 3, 64, 0, 0, "any")
    first = open_fitted(spec, "val", None, SIZE)
    told = []
    again = open_fitted(spec, "val", None, SIZE, lambda *facts: told.append(facts))
    assert torch.equal(first.images, again.images)
    assert told == []  # neither rendered nor fitted again
    assert len(first) == 3
