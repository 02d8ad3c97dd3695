"""The data model of a workspace, as values. Nothing here does I/O."""
