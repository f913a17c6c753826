"""What several benchmarks share: data, processes, tables of figures."""
