"""Models in an object store.

A bucket is laid out as a store is (`service.model.store`), without its locks:

    versions/<version>/   the files of a version; its manifest is written last
    history               the pushed versions, one a line; the last line is current
    hidden                items that no answer names; the bucket's list is the one that counts

`history` is written once all else is there, so a reader finds a complete version or the one before.
"""
