"""The benchmark of `make bench`: the server beside pgbench and beside an application that does nothing else."""
