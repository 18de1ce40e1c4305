"""What differs between two configurations."""

from __future__ import annotations

from svcctl.sdk.config.outline import leaves
from svcctl.spec.locate import path_text


def changed_keys(old: object, new: object) -> frozenset[str]:
    """Give the keys, such as ``smtp.host``, whose values differ, came or went."""
    before = {path_text(path): value for path, value in leaves(old)}
    after = {path_text(path): value for path, value in leaves(new)}
    return frozenset(
        key
        for key in before.keys() | after.keys()
        if (key in before) != (key in after) or before[key] != after[key]
    )
