"""Records over GraphQL: a document is read against the model and becomes plans; no resolver ever runs."""
