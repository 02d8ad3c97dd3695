"""Plans, and the SQL that they become. Nothing here does I/O."""
