"""How a script starts, and what it says: no result depends on these modules.

Code digests leave them out (``pipeline.code``), so an edit here runs nothing again.
"""
