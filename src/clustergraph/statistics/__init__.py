"""Official statistics: employment by region and activity, and the clusters measured from it."""

from __future__ import annotations

__all__: list[str] = []
