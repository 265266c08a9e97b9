"""The certificate: what was measured on the four files, as JSON and as one page that needs no network.

`document` makes the JSON of what an export measured; `page` makes the HTML of that JSON and of thumbnails, and
computes nothing itself.
"""
