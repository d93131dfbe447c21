"""Brightness, contrast and saturation of a whole batch, as torchvision defines them."""

from torch import Tensor


def grey(images: Tensor) -> Tensor:
    """Luma [batch, 1, height, width] of float images [batch, 3, …] (ITU-R 601-2), or themselves."""
    if images.shape[1] != 3:
        return images.mean(1, keepdim=True)
    luma: Tensor = 0.299 * images[:, :1] + 0.587 * images[:, 1:2] + 0.114 * images[:, 2:]
    return luma


def jittered(images: Tensor, factors: Tensor) -> Tensor:
    """Float images of 0 to 255 with `factors` [batch, 3]: brightness, contrast, saturation."""
    brightness, contrast, saturation = (factors[:, place, None, None, None] for place in range(3))
    images = (images * brightness).clamp_(0, 255)
    middle = grey(images).mean((2, 3), keepdim=True)
    images = (middle + (images - middle) * contrast).clamp_(0, 255)
    if images.shape[1] != 3:  # grey images have no saturation
        return images
    flat = grey(images)
    return (flat + (images - flat) * saturation).clamp_(0, 255)


def colored(images: Tensor, channels: int) -> Tensor:
    """uint8 images [count, 1 or 3, height, width] with `channels` channels, 1 or 3.

    Grey is rounded luma, in whole numbers as Pillow computes it.
    """
    if channels == images.shape[1]:
        return images
    if images.shape[1] == 1:
        return images.expand(-1, channels, -1, -1).contiguous()
    grey_images = images.new_empty((len(images), 1, *images.shape[2:]))
    weights = (19595, 38470, 7471)
    for first in range(0, len(images), 4096):  # the sums take four bytes a pixel
        chunk = images[first : first + 4096]
        sums = sum(chunk[:, place].int() * weight for place, weight in enumerate(weights))
        grey_images[first : first + 4096, 0] = (sums + 0x8000) >> 16
    return grey_images
