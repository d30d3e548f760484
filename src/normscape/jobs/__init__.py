"""Starting scripts, and their messages: no result depends on these modules.

Code digests leave them out (``pipeline.code``), so an edit here reruns nothing.
"""
