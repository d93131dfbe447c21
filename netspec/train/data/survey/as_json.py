"""A survey as machines read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from netspec.train.data.survey.survey import Survey


def survey_json(found: Survey) -> dict[str, Any]:
    """Plain data of all that was found, files by name; sizes are [height, width, images]."""
    headers = found.headers.values()
    sizes = Counter(header.size for header in headers)
    return {
        "name": found.name,
        "classes": list(found.classes),
        "images": {part: dict(counted) for part, counted in found.counts.items()},
        "parts": list(found.split),
        "sizes": [[*size, count] for size, count in sizes.most_common()],
        "modes": dict(Counter(header.mode for header in headers)),
        "formats": dict(Counter(header.format for header in headers)),
        "transparent": sum(header.transparent for header in headers),
        "turned": sum(header.turned for header in headers),
        "duplicates": {
            "between_parts": _lists(found.between_parts),
            "between_classes": _lists(found.between_classes),
            "within": _lists(found.repeated),
        },
        "unreadable": dict(found.broken),
        "unused_files": {reason: list(paths) for reason, paths in found.unused.items()},
        "unused_folders": list(found.folders),
        "network": list(found.seen),
        "warnings": found.warnings(),
    }


def _lists(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(group) for group in groups]
