"""The command ``diff``: what is different between two graphs."""

from __future__ import annotations

__all__: list[str] = []
