"""A served index as if it were open here: `connect`, on the standard library's http.client alone."""

from mmsearch.client.remote import RemoteLibrary, connect

__all__ = ["RemoteLibrary", "connect"]
