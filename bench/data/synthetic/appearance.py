"""What people look like: skin, hair, clothes and their patterns."""

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor

from bench.data.synthetic.exact import Draws

# Regions of a person that are coloured alike.
SKIN, FACE_SKIN, HAIR, SHIRT, SLEEVE, TROUSERS, SHOES, SKIRT, HAT, BAG, SEAT, SHADOW = range(12)
REGIONS: Final = 12

# Patterns: SHIRT_FRONTS appear on the trunk alone and tell its front from its back.
PLAIN, HOOPS, STRIPES, CHECKS, DOTS, PLACKET, OPEN_JACKET, LOGO = range(8)

# RGB of ten skin tones from light to dark, in the spirit of the Monk Skin Tone scale (2022); its
# lightest are made a little darker, for they look like plaster under a bright lamp.
_SKIN_TONES: Final = torch.tensor(
    [
        (0.94, 0.85, 0.79), (0.93, 0.82, 0.73), (0.94, 0.79, 0.67), (0.90, 0.73, 0.59),
        (0.84, 0.66, 0.50), (0.68, 0.50, 0.36), (0.55, 0.38, 0.26), (0.42, 0.28, 0.19),
        (0.30, 0.20, 0.15), (0.22, 0.15, 0.12),
    ]
)  # fmt: skip
_HAIR_TONES: Final = torch.tensor(
    [
        (0.07, 0.06, 0.06), (0.12, 0.09, 0.07), (0.22, 0.14, 0.09), (0.33, 0.21, 0.12),
        (0.52, 0.36, 0.20), (0.78, 0.62, 0.38), (0.50, 0.22, 0.11), (0.62, 0.61, 0.60),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Wardrobe:
    """The looks of N people.

    Attributes:
        colours: [N, REGIONS, 2, 3] first and second colour, linear-ish RGB in 0..1.
        pattern: [N, REGIONS] which pattern mixes the two.
        period: [N, REGIONS] metres.
        sleeve, trouser: [N] 0 none, 1 to the elbow or knee, 2 to the wrist or ankle.
        hem: [N] share of the way from the pelvis to the knees.
        skirt, bag: [N] bool.
        hat: [N] 0 none, 1 cap with a peak, 2 without.
        hair_style: [N] 0 bald, 1 short, 2 full, 3 long, 4 pony tail, 5 bun.
        ease: [N] factor by which clothes are wider than the body.
        seat: [N] 0 stool, 1 chair, 2 block.
        beard, glasses: [N] bool.
    """

    colours: Tensor
    pattern: Tensor
    period: Tensor
    sleeve: Tensor
    trouser: Tensor
    hem: Tensor
    skirt: Tensor
    bag: Tensor
    hat: Tensor
    hair_style: Tensor
    ease: Tensor
    seat: Tensor
    beard: Tensor
    glasses: Tensor

    def __getitem__(self, chosen: Tensor) -> "Wardrobe":
        return Wardrobe(*(getattr(self, field.name)[chosen] for field in fields(self)))


def cloth_colours(draws: Draws, *shape: int) -> Tensor:
    """Return [B, *shape, 3] colours of dyed things: from greys to saturated, dark to light."""
    hue = draws.uniform(*shape, 3)
    lightness = draws.uniform(*shape, 1, low=0.1, high=0.95)
    saturation = draws.uniform(*shape, 1)
    saturation = torch.where(draws.chance(0.3, *shape, 1), saturation * 0.1, saturation)
    grey = (hue[..., 0:1] + hue[..., 1:2] + hue[..., 2:3]) / 3
    return (lightness + saturation * 0.8 * (hue - grey)).clamp(0.03, 0.97)


def skin_colours(draws: Draws, *shape: int) -> Tensor:
    """Return [B, *shape, 3] skin tones, uniform along the scale."""
    tones = _SKIN_TONES.to(draws.keys.device)
    place = draws.uniform(*shape, high=len(tones) - 1.001)
    step = place.long()
    between = (place - step)[..., None]
    return tones[step] * (1 - between) + tones[step + 1] * between


def sample_wardrobe(draws: Draws, people: int) -> Wardrobe:
    """Return the looks [B, people] of everybody."""
    device = draws.keys.device
    skin = skin_colours(draws, people)
    hair = _HAIR_TONES.to(device)[draws.choice(len(_HAIR_TONES), people)]
    hair = (hair * draws.uniform(people, 1, low=0.8, high=1.25)).clamp(0, 1)

    cloth = cloth_colours(draws, people, REGIONS, 2)
    colours = cloth.clone()
    colours[:, :, SKIN, 0] = colours[:, :, FACE_SKIN, 0] = skin
    # The second colour of the face is that of lips: skin, redder and darker.
    colours[:, :, FACE_SKIN, 1] = skin * torch.tensor([0.85, 0.55, 0.55], device=device)
    colours[:, :, HAIR, 0], colours[:, :, HAIR, 1] = hair, hair * 0.6
    colours[:, :, SLEEVE] = colours[:, :, SHIRT]
    dark = draws.chance(0.6, people)[..., None, None]
    colours[:, :, TROUSERS] = torch.where(dark, cloth[:, :, TROUSERS] * 0.45, cloth[:, :, TROUSERS])
    one_piece = draws.chance(0.5, people)[..., None, None]
    colours[:, :, SKIRT] = torch.where(one_piece, cloth[:, :, SHIRT], cloth[:, :, SKIRT])

    pattern = torch.zeros(*cloth.shape[:2], REGIONS, dtype=torch.long, device=device)
    woven = draws.choice(4, people) + HOOPS
    front = draws.choice(3, people) + PLACKET
    use = draws.uniform(people)
    plain = torch.zeros_like(woven)
    pattern[:, :, SHIRT] = torch.where(use < 0.35, woven, torch.where(use < 0.8, front, plain))
    pattern[:, :, SLEEVE] = torch.where(use < 0.35, woven, plain)
    pattern[:, :, SKIRT] = torch.where(draws.chance(0.4, people), woven, plain)
    pattern[:, :, TROUSERS] = torch.where(draws.chance(0.12, people), woven, plain)
    period = draws.uniform(people, REGIONS, low=0.05, high=0.16)

    long_sleeves = draws.chance(0.5, people)
    sleeve = torch.where(
        long_sleeves,
        draws.uniform(people, low=1.6, high=2.3),
        draws.uniform(people, low=-0.1, high=1.0),
    )
    long_legs = draws.chance(0.65, people)
    trouser = torch.where(
        long_legs,
        draws.uniform(people, low=1.7, high=2.3),
        draws.uniform(people, low=0.25, high=1.3),
    )
    skirt = draws.chance(0.14, people)
    bare = draws.uniform(people, low=0.1, high=0.3)
    return Wardrobe(
        colours=colours,
        pattern=pattern,
        period=period,
        sleeve=sleeve,
        trouser=torch.where(skirt, bare, trouser),
        hem=draws.uniform(people, low=0.55, high=0.95),
        skirt=skirt,
        bag=draws.chance(0.1, people),
        hat=torch.where(draws.chance(0.18, people), draws.choice(2, people) + 1, plain),
        hair_style=torch.where(draws.chance(0.06, people), plain, draws.choice(5, people) + 1),
        ease=draws.uniform(people, low=1.02, high=1.3),
        seat=draws.choice(3, people),
        beard=draws.chance(0.2, people),
        glasses=draws.chance(0.15, people),
    )
