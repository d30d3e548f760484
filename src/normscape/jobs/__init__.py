"""Starting scripts, and their messages: an edit here changes no result.

Code digests leave them out (``normscape.code``), so an edit here reruns nothing.
"""
