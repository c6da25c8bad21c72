"""The live board of one PBX: pure. Typed AMI events go in, what has happened comes out.

model      what is known of channels and calls while they live
sets       which channels make one call: joined by linkedid, call tag, bridge, Local pair
stretches  one agent with one call: offered, answered, held, ended
figures    the call as the outside sees it, with each figure's formula
channels, dials, endings, bridging, queueing, transfers   what each event does; all in one table in `table`
lines, desks   live state of queues and agents
state      all of it together, and how a change becomes domain events
picture, memory   starting anew from what a PBX lists at a resync, and what is remembered then
"""

from cti.board.board import Board

__all__ = ["Board"]
