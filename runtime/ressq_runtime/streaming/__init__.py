"""Many pictures: named, streamed, coming into a folder or from a camera, into a table that can be continued."""
