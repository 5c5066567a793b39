"""Bridges to other programs and to the disk."""

from tinygrad_edu.interop.saving import load, save

__all__ = ["save", "load"]
