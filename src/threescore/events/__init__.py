"""What follows from events: reading their log, webhooks and their delivery."""
