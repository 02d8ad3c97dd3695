"""Records: what a caller sends becomes rows, plans are run, failures of the database become words."""
