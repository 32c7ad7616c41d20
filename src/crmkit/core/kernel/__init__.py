"""What all kinds of record share: entities, criteria, figures, flows, the journal, the port of the stores."""

from __future__ import annotations
