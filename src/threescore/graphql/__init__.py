"""The GraphQL doors: records, and the data model with the workspace's settings."""
