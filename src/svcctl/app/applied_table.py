"""What was applied of a table that is said once for all services, over restarts."""

from __future__ import annotations

from svcctl.ports import Document, Store

_KEY = "spec"


class AppliedTable:
    """The table *name* in *store*, a kind of documents of its own."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name

    def read(self) -> Document:
        """Give ``spec``, ``origins`` and ``sources``; empty where nothing was applied."""
        return next((each for key, each in self._store.items(self._name) if key == _KEY), {})

    def write(self, document: Document | None) -> None:
        """Keep *document*, in place of what was; None: nothing."""
        if document is None:
            self._store.delete(self._name, _KEY)
        else:
            self._store.put(self._name, _KEY, document)
