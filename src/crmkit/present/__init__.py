"""Figures for people: charts as SVG, tables, and a report as one HTML file. Imports the core only."""
