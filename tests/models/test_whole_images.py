import pytest
import torch

from models.neck import add_neck, drop_neck
from models.networks.staged_fields import FieldMaps
from models.skeleton import COCO17, LSP14, OPENPOSE18
from models.whole_images import average_maps, pad_images

JOINTS, LIMBS = len(LSP14), len(LSP14.limbs)


def test_images_of_any_size_become_one_batch():
    images = [torch.rand(3, 30, 41), torch.rand(3, 33, 20)]
    batch, sizes = pad_images(images, 8, value=0.5)
    assert sizes == [(30, 41), (33, 20)]
    assert batch.shape == (2, 3, 40, 48)
    for padded, image in zip(batch, images, strict=True):
        height, width = image.shape[-2:]
        assert torch.equal(padded[:, :height, :width], image)
        assert (padded[:, height:] == 0.5).all()
        assert (padded[:, :, width:] == 0.5).all()


def test_a_batch_that_fits_is_left_alone():
    images = torch.rand(2, 3, 16, 24)
    batch, sizes = pad_images(images, 8, value=0.5)
    assert torch.equal(batch, images)
    assert sizes == [(16, 24)] * 2


def colours_as_maps(images):
    """A network of stride 4 that sees as well mirrored as not: every map is a blurred colour."""
    red = torch.nn.functional.avg_pool2d(images[:, :1], 4)
    return [FieldMaps(red.expand(-1, JOINTS + 1, -1, -1), red.expand(-1, 2 * LIMBS, -1, -1))]


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0, 1.5, 2.0)])
def test_every_scale_is_averaged_on_the_grid_of_the_image(scales):
    # A ramp stays a ramp at every scale, away from the borders and but for rounding of the filters
    # that resize it: a twentieth of a pixel.
    images = (torch.arange(64.0) / 64).expand(1, 3, 48, 64)
    maps = average_maps(colours_as_maps, images, LSP14, stride=4, scales=scales, flip=False)
    assert maps.heatmaps.shape == (1, JOINTS + 1, 12, 16)
    expected = (torch.arange(16) * 4 + 1.5) / 64
    torch.testing.assert_close(maps.heatmaps[0, 0, 6, 3:-3], expected[3:-3], atol=0.05 / 64, rtol=0)


def test_the_mirror_image_counts_as_much_as_the_image():
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 40)
    alone = average_maps(colours_as_maps, images, LSP14, stride=4, scales=(1.0,), flip=False)
    both = average_maps(colours_as_maps, images, LSP14, stride=4, scales=(1.0,), flip=True)
    # Every joint has the same map, so mirrored twice it is itself; a field's x turns and cancels
    # for the limbs that keep their direction, as all of these do but the hips.
    torch.testing.assert_close(both.heatmaps, alone.heatmaps)
    hips = LSP14.limbs.index((LSP14.joints.index("left_hip"), LSP14.joints.index("right_hip")))
    kept = [limb for limb in range(LIMBS) if limb != hips]
    fields, single = both.fields.unflatten(1, (-1, 2)), alone.fields.unflatten(1, (-1, 2))
    torch.testing.assert_close(fields[:, kept, 0], torch.zeros_like(fields[:, kept, 0]))
    torch.testing.assert_close(fields[:, kept, 1], single[:, kept, 1])
    torch.testing.assert_close(fields[:, hips, 0], single[:, hips, 0])


def test_a_neck_lies_between_the_shoulders_and_is_as_visible_as_the_worse():
    keypoints = torch.rand(3, 17, 3)
    left, right = (COCO17.joints.index(f"{side}_shoulder") for side in ("left", "right"))
    keypoints[..., 2] = 2
    keypoints[1, left, 2], keypoints[2, right, 2] = 1, 0
    with_neck = add_neck(keypoints)
    assert with_neck.shape == (3, 18, 3)
    neck = with_neck[:, OPENPOSE18.joints.index("neck")]
    torch.testing.assert_close(neck[:, :2], (keypoints[:, left] + keypoints[:, right])[:, :2] / 2)
    assert neck[:, 2].tolist() == [2, 1, 0]


def test_every_joint_keeps_its_name_with_a_neck_and_without():
    keypoints = torch.arange(17.0)[:, None].expand(17, 3)
    with_neck = add_neck(keypoints)
    for index, name in enumerate(OPENPOSE18.joints):
        if name != "neck":
            assert with_neck[index, 0] == COCO17.joints.index(name)
    assert torch.equal(drop_neck(with_neck), keypoints)


def test_people_may_be_none():
    assert add_neck(torch.zeros(0, 17, 3)).shape == (0, 18, 3)
    assert drop_neck(torch.zeros(0, 18, 3)).shape == (0, 17, 3)
