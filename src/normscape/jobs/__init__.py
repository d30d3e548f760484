"""Starting scripts, and their messages: no result depends on an edit here.

Code digests leave them out (``normscape.code``), so an edit here reruns nothing.
"""
