"""Papers and issued letters by content hash: written once, checked on every reading."""
