"""HTTP: the one place that imports httpx. No type of it leaves this folder.

Read in this order: `calls` (what goes in and comes out), `outcomes` (what became of a call), `network` and `client`
(how it is carried, under a total deadline), `attempts` (one try, or several where that is harmless), `auth` (tokens),
`session` (what a gateway holds), `transcripts` (evidence without secrets).
"""
