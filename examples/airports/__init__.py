"""An example: all airports of the world in a workspace, loaded and questioned through REST and GraphQL."""
