#!/usr/bin/env bash
# A fat tree of hosts with one core each, as SimGrid reads it: leaf switches of 16 hosts, 16 switches above them, so that
# nothing is oversubscribed. usage: platform.sh HOSTS GB/S MICROSECONDS, of a link and between hosts of one switch
set -eu
leaves=$((($1 + 15) / 16))
bandwidth=$(awk "BEGIN { printf \"%.9g\", 1e9 * $2 }")
hop=$(awk "BEGIN { print 1e-6 * $3 / 2 }")  # a message leaves one host's link and enters another's
cat << XML
<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="c" prefix="node-" suffix="" radical="0-$((leaves * 16 - 1))" speed="1Gf" core="1"
           bw="${bandwidth}Bps" lat="${hop}s" loopback_bw="${bandwidth}Bps" loopback_lat="200ns"
           topology="FAT_TREE" topo_parameters="2;16,$leaves;1,16;1,1" sharing_policy="SPLITDUPLEX"/>
</platform>
XML
