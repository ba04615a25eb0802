"""What runs by itself: poll the mailboxes, read what was stored, forward what has an outcome."""

from mail_ingest.loops.poll import poll
from mail_ingest.loops.read import read
from mail_ingest.loops.send import send

loops = (poll, read, send)
