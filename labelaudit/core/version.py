"""The version, which every audit notes."""

__version__ = "0.1.0"
