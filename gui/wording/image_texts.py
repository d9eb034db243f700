"""Texts about the images of a prompt."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def remove_image() -> str:
    return translate("chat", "Remove the image")


def image() -> str:
    return translate("chat", "Image")


def enlarge_image() -> str:
    return translate("chat", "Enlarge the image")


def copy_image() -> str:
    return translate("chat", "Copy image")


def save_as() -> str:
    return translate("chat", "Save as…")


def save_image_as() -> str:
    return translate("chat", "Save image as…")


def save_image() -> str:
    """The title of the dialog."""
    return translate("chat", "Save image")


def saved(path: str) -> str:
    return translate("chat", "Saved as {path}").format(path=path)


def not_saved(path: str, reason: str) -> str:
    return translate("chat", "{path} can’t be saved: {reason}").format(path=path, reason=reason)


def about(width: int, height: int, mime: str, size: int) -> str:
    """A line about an image: its size in pixels, its format, and its size in bytes."""
    form = mime.partition("/")[2].upper()
    return translate("chat", "{width} × {height} · {form}, {size} KB").format(
        width=f"{width:,}", height=f"{height:,}", form=form, size=f"{max(size // 1024, 1):,}"
    )


def image_too_large(max_mb: int) -> str:
    return translate("chat", "The image is larger than {size} MB").format(size=max_mb)


def images_too_large() -> str:
    return translate("chat", "The images are too large for one prompt. Send this one with your next prompt.")


def too_many_images(count: int) -> str:
    return translate("chat", "A prompt can have at most {count} images").format(count=count)


def attach_images() -> str:
    return translate("chat", "Attach images…")


def choose_images() -> str:
    """The title of the dialog."""
    return translate("chat", "Attach images")


def image_files(patterns: str) -> str:
    """The files that a dialog lists."""
    return translate("chat", "Images ({patterns})").format(patterns=patterns)


def no_images() -> str:
    return translate("chat", "This agent does not accept images")


def not_an_image() -> str:
    return translate("chat", "The file is not an image that can be shown")
