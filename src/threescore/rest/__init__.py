"""The REST doors: records below `/rest`, the model below `/rest/metadata`."""
