"""Functions over layers as files that other programs run."""

from kcore_layers.export import ExportArchive as ExportArchive
