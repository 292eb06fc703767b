"""Benchmarks: measured side by side in one run, reported as ratios with their spread; never tests."""
