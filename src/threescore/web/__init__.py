"""The pages: settings, playground, documentation, data. They call the same services as the APIs, and hold no rule."""
