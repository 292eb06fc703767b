"""The command line, ``tinghe``: a module a group of commands, put together in ``main``.

``run``       a batch from its source: recordings, transcripts, the demo
``batch``     a batch that is there: how far it is, going on, new rules, what is set aside, publishing
``terminal``  what all commands share: where they print, common options, errors as exit statuses

The others are called as their commands are. Commands read arguments, call a module of another package and
show what it returns; they import it when they run, so that help and completion stay quick.
"""

from flows.cli.main import app

__all__ = ["app"]
