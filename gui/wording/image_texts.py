"""Texts about the images of a prompt."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


def remove_image() -> str:
    return translate("chat", "Remove the image")


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
